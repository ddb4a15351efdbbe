import type { Backend, StoredEvent, StreamHead } from '@millrace/core'
import type { Row, Store } from './store.js'

/**
 * PGlite 0.5.16 takes a leading U+FEFF of a text for a byte order mark and drops it, so that two names become one: there a sign is put
 * before, and taken off again.
 */
function select({ engine }: Store, column: string): string {
  return engine.stripsByteOrderMark ? `'.' || ${column}` : column
}
function textReader({ engine }: Store): (text: string) => string {
  return engine.stripsByteOrderMark ? (text) => text.slice(1) : (text) => text
}

/** Columns of an event, in the order that {@link eventReader} takes them. Bytes as hex and times as epoch ms: no session setting matters. */
export function eventColumns(store: Store): string {
  const names = ['stream_id', 'stream_type', 'event_type'].map((name) => select(store, `e.${name}`)).join(', ')
  return `e.position, e.version, e.id, ${names}, e.event_data, encode(e.event_bytes, 'hex'), e.metadata, ${epochMs('e.created_at')}`
}

/** Epoch ms, rounded down. `extract` counts in numeric, which costs half of a whole page; half a microsecond makes up for the double. */
function epochMs(time: string): string {
  return `floor(date_part('epoch', ${time}) * 1000 + 0.0005)::bigint`
}

const headColumns = 's.status, s.version, s.first_version, s.base_version'
/** Above every version: `bigint` is wider than a safe integer. */
const noBound = Number.MAX_SAFE_INTEGER

export type StreamReads = Required<Pick<Backend, 'readHead' | 'readStreamPage' | 'readMetadata' | 'listStreamsPage'>>

/** Head, events and metadata of one stream, and which streams there are. */
export function streamReads(store: Store): StreamReads {
  const { engine, names } = store
  const { streams, events } = names
  const [readEvent, readText] = [eventReader(store), textReader(store)]
  // One statement, so head and events are one consistent look. Events come in the order of the inner query, since they are of one head:
  // to sort them again costs the server a third of a page, and none goes out before all are there. Core refuses any other order. A head
  // by itself, with UNION ALL, makes pages of 1,000 a fifth faster and those of ten events an eighth slower, which are far more.
  const page = (window: string, order: string): string =>
    `SELECT ${eventColumns(store)}, ${headColumns} FROM ${streams} AS s LEFT JOIN LATERAL (
      SELECT * FROM ${events} AS e WHERE e.stream_id = $1 AND s.status = 0 AND ${window} ORDER BY e.version ${order} LIMIT $4
    ) AS e ON true WHERE s.stream_id = $1`
  const pages = {
    forwards: page('e.version >= greatest($2::bigint, s.first_version) AND e.version <= $3::bigint', 'ASC'),
    backwards: page('e.version <= $2::bigint AND e.version >= greatest($3::bigint, s.first_version)', 'DESC'),
  }
  const head = `SELECT ${headColumns} FROM ${streams} AS s WHERE s.stream_id = $1`
  const metadata = `SELECT ${headColumns}, s.metadata, s.metadata_version FROM ${streams} AS s WHERE s.stream_id = $1`
  const list = `SELECT ${select(store, 's.stream_id')}, s.status FROM ${streams} AS s WHERE s.stream_id > $1 AND starts_with(s.stream_id, $2)
      AND (s.version > 0 OR s.status = 2) ORDER BY s.stream_id LIMIT $3`
  return {
    async readHead(streamId, call) {
      const [row] = await engine.read(head, [streamId], call)
      return readHead(row)
    },
    async readStreamPage({ streamId, direction, from, to, limit }, call) {
      const window = direction === 'forwards' ? [from ?? 1, to ?? noBound] : [from ?? noBound, to ?? 1]
      const rows = await engine.read(pages[direction], [streamId, ...window, limit], call)
      return { head: readHead(rows[0]?.slice(10)), events: rows.filter((row) => row[2] !== null).map(readEvent) }
    },
    async readMetadata(streamId, call) {
      const [row] = await engine.read(metadata, [streamId], call)
      const text = row?.[4] ?? null
      return { status: readHead(row).status, metadata: text === null ? undefined : { text }, version: Number(row?.[5] ?? 0) }
    },
    async listStreamsPage({ prefix, after, limit }, call) {
      const rows = await engine.read(list, [after ?? '', prefix, limit], call)
      const found = rows.map(([id, status]) => ({ streamId: readText(id ?? ''), status: listed[Number(status)] ?? 'live' }))
      return { streams: found, next: rows.length < limit ? undefined : found.at(-1)?.streamId }
    },
  }
}

/** By number; 0 is a missing stream too, as long as it has no version. */
const listed = ['live', 'deleted', 'tombstoned'] as const

function readHead(row: Row | undefined): StreamHead {
  const [status = 0, version = 0, firstVersion = 1, baseVersion = 0] = (row ?? []).slice(0, 4).map(Number)
  return { status: status === 0 && version === 0 ? 'missing' : (listed[status] ?? 'live'), version, firstVersion, baseVersion }
}

/** What makes an event of a row. */
export function eventReader(store: Store): (row: Row) => StoredEvent {
  const { toPosition } = store
  const readText = textReader(store)
  return (row) => {
    const streamType = row[4] ?? null
    const bytes = row[7] ?? null
    const metadata = row[8] ?? null
    return {
      position: toPosition(row[0] ?? ''),
      version: Number(row[1]),
      id: row[2] ?? '',
      streamId: readText(row[3] ?? ''),
      streamType: streamType === null ? undefined : readText(streamType),
      type: readText(row[5] ?? ''),
      data: bytes === null ? { text: row[6] ?? '' } : { bytes: fromHex(bytes) },
      metadata: metadata === null ? undefined : { text: metadata },
      createdAt: new Date(Number(row[9])),
    }
  }
}

function fromHex(hex: string): Uint8Array {
  const buffer = Buffer.from(hex, 'hex')
  // Plain bytes, not a view of Node's pool: what a reader keeps must not hold others' payloads.
  return Uint8Array.from(buffer)
}
