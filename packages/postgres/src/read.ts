import type { Payload, StoredEvent, StoredMetadata, StreamHead, StreamPage, StreamPageRequest } from '@millrace/core'
import type { Names } from './schema.js'
import type { Engine, Parameter, Row, Statement } from './session.js'

/** How a text column travels. */
export interface TextColumns {
  select(column: string): string
  read(text: string): string
}

/**
 * PGlite 0.5.16 takes a leading U+FEFF of a text for a byte order mark and drops it, so that two names become one: there a sign is put
 * before, and taken off again.
 */
export function textColumns({ stripsByteOrderMark }: Pick<Engine, 'stripsByteOrderMark'>): TextColumns {
  if (!stripsByteOrderMark) return { select: (column) => column, read: (text) => text }
  return { select: (column) => `'.' || ${column}`, read: (text) => text.slice(1) }
}

/** Columns of an event, in the order that {@link readEvent} takes them. Bytes as hex and times as epoch ms: no session setting matters. */
export function eventColumns({ select }: TextColumns): string {
  const names = ['stream_id', 'stream_type', 'event_type'].map((name) => select(`e.${name}`)).join(', ')
  return `e.position, e.version, e.id, ${names}, e.event_data, encode(e.event_bytes, 'hex'), e.metadata, ${epochMs('e.created_at')}`
}

/** Epoch ms, rounded down. `extract` counts in numeric, which costs half of a whole page; half a microsecond makes up for the double. */
function epochMs(time: string): string {
  return `floor(date_part('epoch', ${time}) * 1000 + 0.0005)::bigint`
}

const headColumns = 's.status, s.version, s.first_version, s.base_version'

export type ReadStatements = Readonly<Record<'head' | 'forwards' | 'backwards' | 'metadata' | 'list', Statement>>

export function readStatements({ streams, events }: Names, texts: TextColumns): ReadStatements {
  // One statement, so head and events are one consistent look.
  const page = (window: string, order: string): Statement => ({
    text: `SELECT ${headColumns}, ${eventColumns(texts)} FROM ${streams} AS s LEFT JOIN LATERAL (
      SELECT * FROM ${events} AS e WHERE e.stream_id = $1 AND s.status = 0 AND ${window} ORDER BY e.version ${order} LIMIT $4
    ) AS e ON true WHERE s.stream_id = $1 ORDER BY e.version ${order}`,
  })
  return {
    head: { text: `SELECT ${headColumns} FROM ${streams} AS s WHERE s.stream_id = $1` },
    forwards: page('e.version >= greatest($2::bigint, s.first_version) AND e.version <= $3::bigint', 'ASC'),
    backwards: page('e.version <= $2::bigint AND e.version >= greatest($3::bigint, s.first_version)', 'DESC'),
    metadata: { text: `SELECT ${headColumns}, s.metadata, s.metadata_version FROM ${streams} AS s WHERE s.stream_id = $1` },
    list: {
      text: `SELECT ${texts.select('s.stream_id')}, s.status FROM ${streams} AS s WHERE s.stream_id > $1 AND starts_with(s.stream_id, $2)
        AND (s.version > 0 OR s.status = 2) ORDER BY s.stream_id LIMIT $3`,
    },
  }
}

/** Above every version: `bigint` is wider than a safe integer. */
const noBound = Number.MAX_SAFE_INTEGER

export function pageParameters({ streamId, direction, from, to, limit }: StreamPageRequest): Parameter[] {
  return direction === 'forwards' ? [streamId, from ?? 1, to ?? noBound, limit] : [streamId, from ?? noBound, to ?? 1, limit]
}

export function readPage(rows: readonly Row[], reading: Reading): StreamPage {
  const head = readHead(rows[0])
  return { head, events: rows.filter((row) => row[4] !== null).map((row) => readEvent(row, 4, reading)) }
}

export function readHead(row: Row | undefined): StreamHead {
  if (row === undefined) return { status: 'missing', version: 0, firstVersion: 1, baseVersion: 0 }
  const [status, version, firstVersion, baseVersion] = [Number(row[0]), Number(row[1]), Number(row[2]), Number(row[3])]
  return { status: statusName(status, version), version, firstVersion, baseVersion }
}

export function statusName(status: number, version: number): StreamHead['status'] {
  if (status === 2) return 'tombstoned'
  if (status === 1) return 'deleted'
  return version === 0 ? 'missing' : 'live'
}

/** What turns a row into an event. */
export interface Reading {
  readonly texts: TextColumns
  toPosition(body: string): string
}

export function readEvent(row: Row, at: number, { texts, toPosition }: Reading): StoredEvent {
  const [streamType, bytes, metadata] = [row[at + 4] ?? null, row[at + 7] ?? null, row[at + 8] ?? null]
  return {
    position: toPosition(row[at] ?? ''),
    version: Number(row[at + 1]),
    id: row[at + 2] ?? '',
    streamId: texts.read(row[at + 3] ?? ''),
    streamType: streamType === null ? undefined : texts.read(streamType),
    type: texts.read(row[at + 5] ?? ''),
    data: bytes === null ? { text: row[at + 6] ?? '' } : { bytes: fromHex(bytes) },
    metadata: metadata === null ? undefined : { text: metadata },
    createdAt: new Date(Number(row[at + 9])),
  }
}

export function readMetadata(row: Row | undefined): StoredMetadata {
  const text = row?.[4] ?? null
  const metadata: Payload | undefined = text === null ? undefined : { text }
  return { status: readHead(row).status, metadata, version: Number(row?.[5] ?? 0) }
}

function fromHex(hex: string): Uint8Array {
  const buffer = Buffer.from(hex, 'hex')
  // Plain bytes, not a view of Node's pool: what a reader keeps must not hold others' payloads.
  return Uint8Array.from(buffer)
}
