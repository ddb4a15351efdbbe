import type { Backend, StoredEvent, StreamHead } from '@millrace/core'
import type { Engine, Row, Store } from './store.js'

const asTheyAre: NonNullable<Engine['texts']> = { select: (column) => column, read: (text) => text }

/** Columns of an event, in the order that {@link eventReader} takes them. Bytes as hex and times as epoch ms: no session setting matters. */
export function eventColumns({ engine: { texts = asTheyAre } }: Store): string {
  const names = ['e.stream_id', 'e.stream_type', 'e.event_type'].map(texts.select).join(', ')
  return `e.position, e.version, e.id, ${names}, e.event_data, encode(e.event_bytes, 'hex'), e.metadata, ${epochMs}`
}

/** Epoch ms, rounded down. `extract` counts in numeric, which costs half of a whole page; half a microsecond makes up for the double. */
const epochMs = "floor(date_part('epoch', e.created_at) * 1000 + 0.0005)::bigint"

const headColumns = 's.status, s.version, s.first_version, s.base_version'
/** Above every version: `bigint` is wider than a safe integer. */
const noBound = Number.MAX_SAFE_INTEGER

export type StreamReads = Required<Pick<Backend, 'readHead' | 'readStreamPage' | 'readMetadata' | 'listStreamsPage'>>

/** Head, events and metadata of one stream, and which streams there are. */
export function streamReads(store: Store): StreamReads {
  const { engine, names } = store
  const { streams, events } = names
  const { texts = asTheyAre } = engine
  const readEvent = eventReader(store)
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
  const list = `SELECT ${texts.select('s.stream_id')}, s.status FROM ${streams} AS s WHERE s.stream_id > $1 AND starts_with(s.stream_id, $2)
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
      const found = rows.map(([id, status]) => ({ streamId: texts.read(id ?? ''), status: listed[Number(status)] ?? 'live' }))
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
export function eventReader({ engine, positions }: Store): (row: Row) => StoredEvent {
  const { of: toPosition } = positions
  const { read: readText } = engine.texts ?? asTheyAre
  return (row) => {
    const bytes = row[7]
    return {
      position: toPosition(row[0] ?? ''),
      version: Number(row[1]),
      id: row[2] ?? '',
      streamId: readText(row[3] ?? ''),
      streamType: row[4] == null ? undefined : readText(row[4]),
      type: readText(row[5] ?? ''),
      // Plain bytes, not a view of Node's pool: what a reader keeps must not hold others' payloads.
      data: bytes == null ? { text: row[6] ?? '' } : { bytes: Uint8Array.from(Buffer.from(bytes, 'hex')) },
      metadata: row[8] == null ? undefined : { text: row[8] },
      createdAt: new Date(Number(row[9])),
    }
  }
}
