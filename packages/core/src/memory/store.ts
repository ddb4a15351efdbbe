import type { EncodedEvent, StoredEvent, StreamHead } from '../backend.js'
import { type Positions, createPositions } from '../position.js'

/** One stream, as it stands. */
export interface MemoryStream {
  status: 'live' | 'deleted' | 'tombstoned'
  /** Every event ever appended; hidden ones stay, as they do in the log. */
  readonly events: StoredEvent[]
  firstVersion: number
  baseVersion: number
  metadata: string | undefined
  metadataVersion: number
  /** Version of the last event with this id. */
  readonly versions: Map<string, number>
}

/** What the adapters over one store share. Every change happens within one turn of the event loop, so it is atomic. */
export interface MemoryStore {
  readonly positions: Positions
  readonly streams: Map<string, MemoryStream>
  readonly log: StoredEvent[]
  /** Called after each change. */
  readonly listeners: Set<() => void>
}

/** An empty store. Give it to several `memory({ store })` and they work on the same data. */
export function createMemoryStore(): MemoryStore {
  return { positions: createPositions('m1', crypto.randomUUID().slice(0, 8)), streams: new Map(), log: [], listeners: new Set() }
}

export function headOf(stream: MemoryStream | undefined): StreamHead {
  if (stream === undefined) return { status: 'missing', version: 0, firstVersion: 1, baseVersion: 0 }
  const version = stream.events.length
  const { status, firstVersion, baseVersion } = stream
  // A stream that has nothing but metadata is still missing.
  return { status: version === 0 && status === 'live' ? 'missing' : status, version, firstVersion, baseVersion }
}

/** The stream, made if need be. */
export function streamOf(store: MemoryStore, streamId: string): MemoryStream {
  const known = store.streams.get(streamId)
  if (known !== undefined) return known
  const made: MemoryStream = {
    status: 'live',
    events: [],
    firstVersion: 1,
    baseVersion: 0,
    metadata: undefined,
    metadataVersion: 0,
    versions: new Map(),
  }
  store.streams.set(streamId, made)
  return made
}

/** Stores events at the end of a stream and of the log. */
export function pushEvents(
  store: MemoryStore,
  streamId: string,
  streamType: string | undefined,
  events: readonly EncodedEvent[],
): StoredEvent[] {
  const stream = streamOf(store, streamId)
  stream.status = 'live'
  const createdAt = new Date()
  const stored = events.map(({ id, type, data, metadata }, index): StoredEvent => {
    const event: StoredEvent = {
      id,
      type,
      data,
      metadata: metadata === undefined ? undefined : { text: metadata },
      streamId,
      streamType,
      version: stream.events.length + 1 + index,
      position: store.positions.of(String(store.log.length + 1 + index)),
      createdAt,
    }
    return event
  })
  for (const event of stored) stream.versions.set(event.id, event.version)
  stream.events.push(...stored)
  store.log.push(...stored)
  return stored
}

export function notify(store: MemoryStore): void {
  for (const listener of store.listeners) listener()
}
