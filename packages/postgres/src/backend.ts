import {
  type Backend,
  type BackendCall,
  type Capabilities,
  ClosedError,
  type HeadChange,
  type StreamHead,
  compareDecimals,
  createCoalescer,
  formatPosition,
  parsePosition,
} from '@millrace/core'
import { createAppends } from './append.js'
import { headStatements } from './head-statements.js'
import { classifyError } from './map-error.js'
import { type SchemaOptions, openSchema } from './migrate.js'
import { logReader, logStatements } from './read-all.js'
import { type Reading, pageParameters, readHead, readMetadata, readPage, readStatements, statusName, textColumns } from './read.js'
import type { Order } from './schema.js'
import type { Engine, Parameter, Statement } from './session.js'
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

const letter = 'p'
const format = 1
const mebibyte = 1 << 20

/** The backend over any {@link Engine}: a PostgreSQL server through `pg`, or PGlite. */
export function postgresBackend(engine: Engine, options: BackendOptions): PostgresBackend {
  const { name, names, order, lockMs = 0, settleMs = 0, coalesceLockMs } = options
  const texts = textColumns(engine)
  const [reads, heads] = [readStatements(names, texts), headStatements(names, order)]
  let logId = ''
  const token = {
    format: (body: string): string => formatPosition({ letter, format, logId, body }),
    parse: (position: string): string => parsePosition(position, { letter, format, logId }),
  }
  const reading: Reading = { texts, toPosition: token.format }
  const appends = createAppends(engine, names, token.format, { lockMs, flushLockMs: coalesceLockMs ?? lockMs })
  const writes = coalesceLockMs === undefined ? { append: appends.one, appendMany: appends.all } : createCoalescer(appends)
  const closing = new AbortController()
  // Where commits come in the order of the log, or one after the other, what is visible is settled.
  const horizon = engine.single || order === 'strict' ? undefined : createHorizon(engine, names, closing.signal, settleMs)
  const log = logReader(engine, logStatements(names, texts), horizon, reading, token)

  /** An UPDATE of the head that may hit no row: then the head says why. */
  async function changeHead(
    statement: Statement,
    parameters: readonly Parameter[],
    streamId: string,
    call: BackendCall,
  ): Promise<HeadChange> {
    const rows = await engine.change(statement, parameters, call)
    return rows.length > 0 ? { status: 'changed' } : { status: 'refused', head: await head(streamId, call) }
  }
  async function head(streamId: string, call: BackendCall): Promise<StreamHead> {
    const [row] = await engine.read(reads.head, [streamId], call)
    return readHead(row)
  }

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
        logId = known
        return
      }
      await engine.open(call)
      ;({ logId } = await openSchema(engine, options, call))
      const { run, end } = await lookAtServer(engine, names, name, horizon !== undefined, call)
      appends.onServer(run, end)
    },
    close() {
      closing.abort(new ClosedError({ adapter: name }))
      return engine.close()
    },

    ...writes,
    lookForChange: log.look,
    ...(options.wake === 'notify' && wakeUps(engine, () => `millrace_${logId}`)),

    readHead: head,
    async readStreamPage(request, call) {
      return readPage(await engine.read(reads[request.direction], pageParameters(request), call), reading)
    },
    readLogEnd: ({ settled }, call) => log.end(settled, call),
    readLogPage: (request, call) => log.page(request, call),
    comparePositions: (a, b) => compareDecimals(token.parse(a), token.parse(b)),

    deleteStream: ({ streamId, version }, call) => changeHead(heads.delete, [streamId, version], streamId, call),
    tombstoneStream: ({ streamId, version }, call) =>
      version === undefined
        ? changeHead(heads.tombstone, [streamId], streamId, call)
        : changeHead(heads.tombstoneAt, [streamId, version], streamId, call),
    async truncateStream({ streamId, before }, call) {
      const change = await changeHead(heads.truncate, [streamId, before], streamId, call)
      // A missing stream may be "truncated" before its first event, which changes nothing.
      return change.status === 'refused' && change.head.status === 'missing' && before === 1 ? { status: 'changed' } : change
    },

    async readMetadata(streamId, call) {
      const [row] = await engine.read(reads.metadata, [streamId], call)
      return readMetadata(row)
    },
    async writeMetadata({ streamId, text, expectedMetadataVersion: expected = 0 }, call) {
      const rows = await (expected === 0
        ? engine.change(heads.setMetadataFirst, [streamId, text], call)
        : engine.change(heads.setMetadata, [streamId, text, expected], call))
      if (rows[0] !== undefined) return { status: 'changed', version: Number(rows[0][0]) }
      const [row] = await engine.read(reads.metadata, [streamId], call)
      const stored = readMetadata(row)
      return { status: 'refused', streamStatus: stored.status, version: stored.version }
    },

    async listStreamsPage({ prefix, after, limit }, call) {
      const rows = await engine.read(reads.list, [after ?? '', prefix, limit], call)
      const streams = rows.map(([id, status]) => ({
        streamId: texts.read(id ?? ''),
        status: statusName(Number(status), 1) as 'live' | 'deleted' | 'tombstoned',
      }))
      return { streams, next: rows.length < limit ? undefined : streams.at(-1)?.streamId }
    },
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
