import { type EncodedEvent, LimitExceededError } from '@millrace/core'
import { type Item, type Value, itemBytes, itemBytesLimit, streamPartition, versionKey } from './items.js'

/** What one stream gets of a commit. */
export interface CommitPart {
  readonly streamId: string
  readonly streamType: string | undefined
  readonly events: readonly EncodedEvent[]
  readonly firstVersion: number
}

/** What a whole commit shares. */
export interface CommitShape {
  readonly commitId: string
  readonly createdAt: number
  /** Several events in an item. */
  readonly packed: boolean
  /** Cell of the log, where there is one. */
  readonly cell: number | undefined
  /** As many as one request may hold. */
  readonly mostItems: number
}

/** Room that is left for what an item of the longest names and numbers has beside its events. */
const packedEventsLimit = itemBytesLimit - 2500
/** Of all items of a transaction. */
const transactionBytesLimit: number = 4 << 20

/** Items of each part, in order. Errors: `limit-exceeded` for what does not fit although core's limits hold (escapes in names). */
export function encodeCommit(parts: readonly CommitPart[], shape: CommitShape): readonly (readonly Item[])[] {
  let [index, bytes, count] = [0, 0, 0]
  const items = parts.map((part) => {
    const groups = shape.packed ? packGroups(part.events) : part.events.map((event) => [event])
    const last = part.firstVersion + part.events.length - 1
    let version = part.firstVersion
    return groups.map((events) => {
      const item: Record<string, Value> = shape.packed ? packedEvents(events) : oneEvent(events[0])
      item.PK = { S: streamPartition(part.streamId) }
      item.SK = { S: versionKey(version) }
      item.created_at = { N: String(shape.createdAt) }
      item.commit_id = { S: shape.commitId }
      if (part.streamType !== undefined) item.stream_type = { S: part.streamType }
      if (groups.length > 1) item.commit_span = { S: `${part.firstVersion}-${last}` }
      if (shape.cell !== undefined) item.position = { S: `${shape.cell}.${index}` }
      version += events.length
      index += events.length
      const size = itemBytes(item)
      if (size > itemBytesLimit)
        throw new LimitExceededError({ limit: 'eventBytes', actual: size, maximum: itemBytesLimit, streamId: part.streamId })
      bytes += size
      count += 1
      return item
    })
  })
  if (count > shape.mostItems) throw new LimitExceededError({ limit: 'items of a transaction', actual: count, maximum: shape.mostItems })
  if (bytes > transactionBytesLimit) throw new LimitExceededError({ limit: 'appendBytes', actual: bytes, maximum: transactionBytesLimit })
  return items
}

function oneEvent(event: EncodedEvent | undefined): Record<string, Value> {
  if (event === undefined) throw new Error('an item holds at least one event')
  const item: Record<string, Value> = {
    event_id: { S: event.id },
    event_type: { S: event.type },
    event_data: 'text' in event.data ? { S: event.data.text } : { B: event.data.bytes },
  }
  if (event.metadata !== undefined) item.metadata = { S: event.metadata }
  return item
}

/** As few items as hold the events, in order. */
function packGroups(events: readonly EncodedEvent[]): readonly (readonly EncodedEvent[])[] {
  const groups: EncodedEvent[][] = []
  let room = 0
  for (const event of events) {
    // Beside its payload: the id with quotes and comma, quotes and escapes of the type, "null", commas, two sizes.
    const bytes = event.bytes + Buffer.byteLength(JSON.stringify(event.type)) - Buffer.byteLength(event.type) + 39 + 1 + 6 + 14
    if (groups.length === 0 || bytes > room) {
      groups.push([])
      room = packedEventsLimit
    }
    groups.at(-1)?.push(event)
    room -= bytes
  }
  return groups
}

/** The same names, as JSON arrays. Payloads stand in it as they are; `sizes` (data, metadata of each event) cuts them out again. */
function packedEvents(events: readonly EncodedEvent[]): Record<string, Value> {
  const metadata = events.map((event) => event.metadata ?? 'null')
  const binary = events.flatMap(({ data }, index) => ('bytes' in data ? [index] : []))
  const texts = events.map(({ data }) => ('text' in data ? data.text : ''))
  const payloads = binary.length === 0 ? [] : events.map(({ data }) => ('text' in data ? Buffer.from(data.text) : data.bytes))
  const sizes = (binary.length === 0 ? texts : payloads).flatMap(({ length }, index) => [length, metadata[index]?.length ?? 0])
  const data: Value = binary.length === 0 ? { S: `[${texts.join(',')}]` } : { B: Buffer.concat(payloads) }
  return {
    event_count: { N: String(events.length) },
    event_id: { S: JSON.stringify(events.map(({ id }) => id)) },
    event_type: { S: JSON.stringify(events.map(({ type }) => type)) },
    event_data: data,
    sizes: { S: JSON.stringify(sizes) },
    ...(binary.length === 0 ? {} : { binary: { S: JSON.stringify(binary) } }),
    ...(events.some((event) => event.metadata !== undefined) ? { metadata: { S: `[${metadata.join(',')}]` } } : {}),
  }
}
