import { type Backend, ClosedError, type Positions, allCapabilities, createCoalescer, createPositions } from '@millrace/core'
import { createAppends } from './append.js'
import { headChanges } from './head-changes.js'
import { classifyError } from './map-error.js'
import { type SchemaOptions, openSchema } from './migrate.js'
import { logReads } from './read-all.js'
import { streamReads } from './read.js'
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
  /** Where they have a log id already, the store is known to be set up, and opening looks no further. Default: without. */
  readonly positions?: Positions | undefined
}

/** The backend over any {@link Engine}: a PostgreSQL server through `pg`, or PGlite. */
export function postgresBackend(engine: Engine, options: BackendOptions): Backend {
  const { name, names, order, lockMs = 0, settleMs = 0, coalesceLockMs, positions = createPositions('p1') } = options
  const store: Store = { engine, names, order, server: { run: '', end: 0 }, positions }
  const appends = createAppends(store, lockMs, coalesceLockMs ?? lockMs)
  const closing = new AbortController()
  // Where commits come in the order of the log, or one after the other, what is visible is settled.
  const horizon = engine.single || order === 'strict' ? undefined : createHorizon(store, closing.signal, settleMs)
  const reads = streamReads(store)

  return {
    name,
    capabilities: {
      ...allCapabilities,
      readAll: { realTimeOrder: true, contiguousBatches: order === 'strict' },
      sharedAcrossProcesses: !engine.single,
      limits: { ...allCapabilities.limits, appendStreams: 1000 },
    },
    settles: true,
    filters: true,
    classifyError,

    async open(call) {
      if (positions.logId !== '') return
      await engine.open?.(call)
      const { logId } = await openSchema(engine, options, call)
      Object.assign(store.server, await lookAtServer(store, horizon !== undefined, call))
      positions.logId = logId
    },
    async close() {
      closing.abort(new ClosedError({ adapter: name }))
      await engine.close?.()
    },

    ...(coalesceLockMs === undefined ? { append: appends.one, appendMany: appends.all } : createCoalescer(appends)),
    ...reads,
    ...logReads(store, horizon),
    ...headChanges(store, reads),
    ...(options.wake === 'notify' && wakeUps(engine, () => `millrace_${positions.logId}`)),
  }
}
