import { CorruptStreamError, type Payload, type Position, type StoredEvent } from '@millrace/core'
import { type Item, bytesOf, numberInKey, numberOf, textOf } from './items.js'

/** Makes the token of a place in the log. */
export type ToPosition = (cell: number, index: number) => Position

/** The events of an item, one or many, in order. Errors: `corrupt-stream` for an item that we did not write. */
export function decodeItem(item: Item, streamId: string, toPosition: ToPosition): StoredEvent[] {
  try {
    const count = numberOf(item, 'event_count')
    const base = {
      streamId,
      streamType: textOf(item, 'stream_type'),
      createdAt: new Date(numberOf(item, 'created_at') ?? Number.NaN),
    }
    const [cell, index] = textOf(item, 'position')?.split('.').map(Number) ?? []
    const first = numberInKey(item)
    const place = (offset: number): Position | undefined =>
      cell === undefined || index === undefined ? undefined : toPosition(cell, index + offset)
    if (count === undefined) {
      const metadata = textOf(item, 'metadata')
      const [id, type, data] = [textOf(item, 'event_id'), textOf(item, 'event_type'), payloadOf(item)]
      if (id === undefined || type === undefined || data === undefined) throw new Error('an attribute is missing')
      return [
        { ...base, id, type, data, metadata: metadata === undefined ? undefined : { text: metadata }, version: first, position: place(0) },
      ]
    }
    const payloads = packedPayloads(item)
    const [ids, types] = [listOf<string>(item, 'event_id'), listOf<string>(item, 'event_type')]
    if (ids.length !== count || types.length !== count || payloads.length !== count) throw new Error('the number of events differs')
    return payloads.map(({ data, metadata }, offset) => ({
      ...base,
      id: ids[offset] ?? '',
      type: types[offset] ?? '',
      data,
      metadata,
      version: first + offset,
      position: place(offset),
    }))
  } catch (cause) {
    throw new CorruptStreamError(`version ${numberInKey(item)} of stream ${JSON.stringify(streamId)} cannot be read.`, {
      streamId,
      hint: 'Was the table written by something else? Restore it from a backup.',
      cause,
    })
  }
}

function payloadOf(item: Item): Payload | undefined {
  const text = textOf(item, 'event_data')
  if (text !== undefined) return { text }
  const bytes = bytesOf(item, 'event_data')
  return bytes === undefined ? undefined : { bytes: plain(bytes) }
}

function packedPayloads(item: Item): { readonly data: Payload; readonly metadata: Payload | undefined }[] {
  const sizes = listOf<number>(item, 'sizes')
  const binary = new Set(textOf(item, 'binary') === undefined ? [] : listOf<number>(item, 'binary'))
  const [texts, metadata] = [textOf(item, 'event_data'), textOf(item, 'metadata')]
  const bytes = Buffer.from(bytesOf(item, 'event_data') ?? [])
  const found: { data: Payload; metadata: Payload | undefined }[] = []
  // Texts stand in an array, each with a sign before it; bytes stand one after the other.
  let [at, metadataAt] = [texts === undefined ? 0 : 1, 1]
  for (let index = 0; index * 2 < sizes.length; index += 1) {
    const [size = 0, metadataSize = 0] = sizes.slice(index * 2, index * 2 + 2)
    const part = bytes.subarray(at, at + size)
    const data: Payload =
      texts !== undefined ? { text: texts.slice(at, at + size) } : binary.has(index) ? { bytes: plain(part) } : { text: part.toString() }
    const text = metadata?.slice(metadataAt, metadataAt + metadataSize)
    found.push({ data, metadata: text === undefined || text === 'null' ? undefined : { text } })
    at += texts === undefined ? size : size + 1
    metadataAt += metadataSize + 1
  }
  return found
}

function listOf<T>(item: Item, name: string): T[] {
  return JSON.parse(textOf(item, name) ?? '') as T[]
}

/** Plain bytes, not a view of a pool: what a reader keeps must not hold others' payloads. */
function plain(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes)
}
