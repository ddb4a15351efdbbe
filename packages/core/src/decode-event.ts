import type { Payload, StoredEvent } from './backend.js'
import { CorruptStreamError } from './errors.js'
import type { EventLike, RecordedEvent } from './event.js'
import { decodePayload } from './values.js'

/**
 * The event as the reader gets it. Data that does not parse (others may write to the same store) is given as bytes, metadata that is
 * no object as undefined. Source: contract §4.
 */
export function decodeEvent<E extends EventLike>(event: StoredEvent): RecordedEvent<E> {
  const { id, type, data, metadata, streamId, streamType, version, position, createdAt } = event
  return {
    id,
    type,
    data: decodeData(data),
    metadata: metadata === undefined ? undefined : decodeObject(metadata),
    streamId,
    streamType,
    version,
    position,
    createdAt,
  } as unknown as RecordedEvent<E>
}

function decodeData(payload: Payload): unknown {
  try {
    return decodePayload(payload)
  } catch (error) {
    if (!(error instanceof SyntaxError) || !('text' in payload)) throw new CorruptStreamError('a payload cannot be read.', { cause: error })
    return new TextEncoder().encode(payload.text)
  }
}

/** Metadata: an object, or undefined for what is none. */
export function decodeObject(payload: Payload): object | undefined {
  try {
    const value = decodePayload(payload)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Bytes of an event's payloads, roughly: what pages are sized by. For adapter authors. */
export function payloadBytes({ data, metadata }: Pick<StoredEvent, 'data' | 'metadata'>): number {
  return sizeOf(data) + (metadata === undefined ? 0 : sizeOf(metadata))
}

function sizeOf(payload: Payload): number {
  if ('text' in payload) return payload.text.length
  return 'bytes' in payload ? payload.bytes.length : (payload.size ?? 100)
}
