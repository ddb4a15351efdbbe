import type { EncodedEvent } from './backend.js'
import type { Capabilities } from './capabilities.js'
import { InvalidArgumentError, LimitExceededError, NotSupportedError } from './errors.js'
import { checkName, utf8Bytes } from './limits.js'
import { encodeJson, encodeJsonObject, isBytes } from './values.js'

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/iu
const nil = '00000000-0000-0000-0000-000000000000'

/**
 * Checks the events of a call and turns them into what a backend stores; nothing of the input is kept. `ids` collects those
 * that were given in the whole call, so that one given twice is found across the parts of an `appendToStreams`.
 *
 * Errors: `invalid-argument` with the path of the fault, `limit-exceeded`, `not-supported` (bytes without the capability `binary`).
 * Cases: APP-09, APP-11, APP-12, PAY, SID-06, ATM-03, MET-06.
 */
export function encodeEvents(events: unknown, path: string, capabilities: Capabilities, ids: Set<string>): EncodedEvent[] {
  if (!Array.isArray(events)) throw new InvalidArgumentError('must be an array of events.', { path })
  const encoded: EncodedEvent[] = []
  // Not `map`, which steps over holes, nor what goes by the iterator.
  for (let index = 0; index < events.length; index += 1)
    encoded.push(encodeEvent((events as unknown[])[index], `${path}[${index}]`, capabilities, ids))
  return encoded
}

const inSeveralCalls = 'Append in several calls: each is stored or not on its own.'

/** Checks the sums of a whole call. */
export function checkAppendLimits(events: readonly EncodedEvent[], { limits }: Capabilities): void {
  if (events.length > limits.appendEvents)
    throw new LimitExceededError({ limit: 'appendEvents', actual: events.length, maximum: limits.appendEvents, hint: inSeveralCalls })
  let bytes = 0
  for (const event of events) bytes += event.bytes
  if (bytes > limits.appendBytes)
    throw new LimitExceededError({ limit: 'appendBytes', actual: bytes, maximum: limits.appendBytes, hint: inSeveralCalls })
}

function encodeEvent(event: unknown, path: string, capabilities: Capabilities, ids: Set<string>): EncodedEvent {
  if (typeof event !== 'object' || event === null) throw new InvalidArgumentError('must be an event: { type, data }.', { path })
  const { id, type, data, metadata } = event as { id?: unknown; type?: unknown; data?: unknown; metadata?: unknown }
  checkName(type, `${path}.type`, 'typeBytes')
  const own = encodeId(id, `${path}.id`, ids)
  const meta = metadata === undefined ? undefined : encodeMetadata(metadata, `${path}.metadata`)
  const payload = encodeData(data, `${path}.data`, capabilities)
  const size =
    utf8Bytes(type) + ('text' in payload ? utf8Bytes(payload.text) : payload.bytes.length) + (meta === undefined ? 0 : utf8Bytes(meta))
  const maximum = capabilities.limits.eventBytes
  if (size > maximum)
    throw new LimitExceededError({
      limit: 'eventBytes',
      actual: size,
      maximum,
      path,
      hint: 'Split it into several events, or keep the large part elsewhere and store where it is.',
    })
  return { id: own, type, data: payload, metadata: meta, bytes: size }
}

const makeId = 'Leave id out, and one is made, or use crypto.randomUUID().'

function encodeId(id: unknown, path: string, ids: Set<string>): string {
  if (id === undefined) return crypto.randomUUID()
  if (typeof id !== 'string' || !uuid.test(id)) throw new InvalidArgumentError('must be a UUID.', { path, hint: makeId })
  const own = id.toLowerCase()
  if (own === nil) throw new InvalidArgumentError('must not be the nil UUID.', { path, hint: makeId })
  if (ids.has(own)) throw new InvalidArgumentError(`the id ${own} stands twice in this call.`, { path, hint: makeId })
  ids.add(own)
  return own
}

function encodeData(data: unknown, path: string, capabilities: Capabilities): EncodedEvent['data'] {
  if (!isBytes(data)) return { text: encodeJson(data, path) }
  if (!capabilities.binary)
    throw new NotSupportedError({ capability: 'binary', hint: 'Store the bytes as a string, for example in base64.' })
  return { bytes: new Uint8Array(data) }
}

/** Text of event metadata. The top-level key `$millrace` is reserved for what adapters have to keep beside an event. */
function encodeMetadata(metadata: unknown, path: string): string {
  const text = encodeJsonObject(metadata, path)
  refuseKeys(text, path, (key) => key === '$millrace')
  return text
}

/** Text of stream metadata: keys that start with `$` are reserved as well, since a server may take them as commands. */
export function encodeStreamMetadata(metadata: unknown): string {
  const text = encodeJsonObject(metadata, 'metadata')
  refuseKeys(text, 'metadata', (key) => key.startsWith('$'))
  return text
}

function refuseKeys(text: string, path: string, reserved: (key: string) => boolean): void {
  // Only texts that could hold such a key are parsed: what toJSON gave counts, not what was passed.
  if (!text.includes('"$')) return
  const key = Object.keys(JSON.parse(text) as object).find(reserved)
  if (key !== undefined) throw new InvalidArgumentError('this key is reserved.', { path: `${path}.${key}` })
}
