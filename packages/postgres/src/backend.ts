import { type Backend, type Capabilities, ClosedError, createCoalescer, formatPosition, parsePosition } from '@millrace/core'
import { createAppends } from './append.js'
import { headChanges } from './head-changes.js'
import { classifyError } from './map-error.js'
import { type SchemaOptions, openSchema } from './migrate.js'
import { logReads } from './read-all.js'
import { streamReads } from './read.js'
import type { Order } from './schema.js'
import type { Engine, Store } from './store.js'
import { lookAtServer } from './server.js'
import { createHorizon } from './settled.js'
import { wakeUps } from './subscribe.js'

export interface BackendOptions extends SchemaOptions {
  /** Time that an append may wait for its stream. Default 0: what the session has. */
  readonly lockMs?: number | undefined
  /** Time that appends sent together may wait for their streams; undefined: each append is sent by itself. */
  readonly coalesceLockMs?: number | undefined
  readonly wake?: 'none' | 'notify' | undefined
  /** Time that a log read may wait for an append that is still open; only where appends can be open. */
  readonly settleMs?: number | undefined
  /** Log id of a store that is known to be set up: opening looks no further. */
  readonly knownLogId?: (() => string | undefined) | undefined
}

/** The backend, and what its transactions have to know. */
export interface PostgresBackend extends Backend {
  logId(): string | undefined
}

const [letter, format] = ['p', 1] as const
const mebibyte = 1 << 20

/** The backend over any {@link Engine}: a PostgreSQL server through `pg`, or PGlite. */
export function postgresBackend(engine: Engine, options: BackendOptions): PostgresBackend {
  const { name, names, order, lockMs = 0, settleMs = 0, coalesceLockMs } = options
  let logId = ''
  let prefix = ''
  const store: Store = {
    engine,
    names,
    order,
    server: { run: '', end: 0 },
    toPosition: (body) => prefix + body,
    fromPosition: (position) => parsePosition(position, { letter, format, logId }),
  }
  function setLogId(id: string): void {
    logId = id
    prefix = formatPosition({ letter, format, logId, body: '' })
  }
  const appends = createAppends(store, lockMs, coalesceLockMs ?? lockMs)
  const closing = new AbortController()
  // Where commits come in the order of the log, or one after the other, what is visible is settled.
  const horizon = engine.single || order === 'strict' ? undefined : createHorizon(store, closing.signal, settleMs)
  const reads = streamReads(store)

  return {
    name,
    logId: () => (logId === '' ? undefined : logId),
    capabilities: capabilities(order, !engine.single),
    settles: true,
    filters: true,
    classifyError,

    async open(call) {
      const known = options.knownLogId?.()
      if (known !== undefined) {
        setLogId(known)
        return
      }
      await engine.open(call)
      setLogId((await openSchema(engine, options, call)).logId)
      Object.assign(store.server, await lookAtServer(store, name, horizon !== undefined, call))
    },
    close() {
      closing.abort(new ClosedError({ adapter: name }))
      return engine.close()
    },

    ...(coalesceLockMs === undefined ? { append: appends.one, appendMany: appends.all } : createCoalescer(appends)),
    ...reads,
    ...logReads(store, horizon),
    ...headChanges(store, reads),
    ...(options.wake === 'notify' && wakeUps(engine, () => `millrace_${logId}`)),
  }
}

function capabilities(order: Order, sharedAcrossProcesses: boolean): Capabilities {
  return Object.freeze({
    contract: 1,
    readAll: Object.freeze({ realTimeOrder: true, contiguousBatches: order === 'strict' }),
    subscribe: 'poll',
    idempotency: Object.freeze({ exact: true, any: 'none' }),
    strongReads: true,
    deleteStream: true,
    tombstoneStream: true,
    truncateStream: true,
    streamMetadata: true,
    listStreams: true,
    multiStreamAppend: true,
    binary: true,
    sharedAcrossProcesses,
    limits: Object.freeze({ eventBytes: 8 * mebibyte, appendBytes: 32 * mebibyte, appendEvents: 10_000, appendStreams: 1000 }),
  })
}
