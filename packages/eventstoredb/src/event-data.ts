import { type EncodedEvent, type StoredEvent, InvalidArgumentError, compareDecimals, createPositions } from '@millrace/core'
import type { NewDriverEvent } from './client.js'
import type { DriverPosition, DriverRecordedEvent } from './driver.js'

/**
 * What of ours travels in the metadata of an event, under the one key that core refuses from users. `none`: the user gave no metadata,
 * which is not the same as an empty object.
 */
interface Own {
  readonly streamType: string
  readonly none?: true
}

/**
 * An event as the clients take it. They print JSON themselves, so they are handed what core's text parses to: what they print equals it, since
 * it was printed by `JSON.stringify` before. Bytes go as `application/octet-stream`.
 */
export function toDriverEvent({ id, type, data, metadata }: EncodedEvent, streamType: string | undefined): NewDriverEvent {
  const own: Own | undefined = streamType === undefined ? undefined : metadata === undefined ? { streamType, none: true } : { streamType }
  const given = metadata === undefined ? undefined : (JSON.parse(metadata) as object)
  const sent = own === undefined ? given : { ...given, $millrace: own }
  const payload =
    'text' in data
      ? { contentType: 'application/json' as const, data: JSON.parse(data.text) as unknown }
      : { contentType: 'application/octet-stream' as const, data: data.bytes }
  return { id, type, ...payload, ...(sent === undefined ? {} : { metadata: sent }) }
}

/**
 * An event as core takes it. The clients parse JSON, and give what does not parse as its text: so of an event that others wrote with a
 * content type of JSON and no JSON in it the data is a string, not bytes as the contract has it.
 *
 * @param wholeSeconds cuts the time, so that every view of an event shows the same: see `Session`.
 */
export function fromDriverEvent(event: DriverRecordedEvent, wholeSeconds: boolean): StoredEvent {
  const { streamId, id, type, revision, isJson, data, metadata, created, position } = event
  const own = isObject(metadata) && '$millrace' in metadata ? metadata : undefined
  const { $millrace, ...rest } = own ?? {}
  const { streamType, none } = isObject($millrace) ? ($millrace as Partial<Own>) : {}
  const shown = own === undefined ? metadata : none === true ? undefined : rest
  return {
    id,
    type,
    data: isJson || !(data instanceof Uint8Array) ? { value: data, size: roughSize(data) } : { bytes: Uint8Array.from(data) },
    metadata: isObject(shown) ? { value: shown, size: roughSize(shown) } : undefined,
    streamId,
    streamType: typeof streamType === 'string' ? streamType : undefined,
    version: Number(revision) + 1,
    position: position === undefined ? undefined : toToken(position),
    createdAt: wholeSeconds ? new Date(Math.floor(created.getTime() / 1000) * 1000) : created,
  }
}

/** Bytes of a parsed payload, roughly: to bound pages without printing it again. */
function roughSize(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  if (value instanceof Uint8Array) return value.length
  let size = 8
  if (Array.isArray(value)) for (const item of value as unknown[]) size += roughSize(item)
  else for (const key in value) size += key.length + roughSize((value as Record<string, unknown>)[key])
  return size
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

/** A server has one log and no id for it. */
const positions = createPositions('e1')

export function toToken({ commit, prepare }: DriverPosition): string {
  const first = String(commit)
  return positions.of(`${first}/${prepare === commit ? first : String(prepare)}`)
}

/** Errors: `invalid-argument`. */
export function fromToken(position: string): DriverPosition {
  const [commit, prepare] = parts(position)
  return { commit: BigInt(commit), prepare: BigInt(prepare) }
}

/** Errors: `invalid-argument`. */
export function compareTokens(a: string, b: string): number {
  const [one, two] = [parts(a), parts(b)]
  const order = compareDecimals(one[0], two[0])
  return order === 0 ? compareDecimals(one[1], two[1]) : order
}

/** Remembers a position if it is higher than what was seen before. */
export function saw(session: { seen: DriverPosition | undefined }, position: DriverPosition | undefined): void {
  if (position !== undefined && (session.seen === undefined || position.commit > session.seen.commit)) session.seen = position
}

function parts(position: string): [commit: string, prepare: string] {
  const [, commit, prepare] = /^(0|[1-9]\d{0,18})\/(0|[1-9]\d{0,18})$/u.exec(positions.bodyOf(position)) ?? []
  if (commit === undefined || prepare === undefined) throw new InvalidArgumentError('The position is malformed.', { path: 'position' })
  return [commit, prepare]
}
