import { InvalidArgumentError, LimitExceededError, isEventStoreError } from './errors.js'
import type { Payload } from './backend.js'
import { fixedLimits } from './limits.js'

/**
 * JSON values: turned into text once and parsed once; a backend never looks inside. Source: contract §7.
 *
 * Nearly every value is plain JSON already, which {@link isPlain} finds in one cheap walk; only what is not is walked again by
 * {@link normalise}, which names the place of what cannot be stored or makes the copy that `toJSON` asks for.
 */
export function encodeJson(value: unknown, path: string): string {
  try {
    return JSON.stringify(isPlain(value, 0) ? value : normalise(value, '', path, []))
  } catch (cause) {
    if (isEventStoreError(cause)) throw cause
    throw new InvalidArgumentError('reading it throws: a getter, or a proxy.', { path, cause })
  }
}

/** As {@link encodeJson}, of a value that has to be an object: metadata. */
export function encodeJsonObject(value: unknown, path: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidArgumentError('must be a JSON object.', { path })
  const text = encodeJson(value, path)
  if (!text.startsWith('{')) throw new InvalidArgumentError('must be a JSON object.', { path })
  return text
}

/** The value of a stored payload: bytes as a copy of its own. Throws `SyntaxError` where text does not parse. */
export function decodePayload(payload: Payload): unknown {
  if ('text' in payload) return JSON.parse(payload.text)
  return 'bytes' in payload ? payload.bytes : payload.value
}

/** Whether bytes were given, from whatever realm; a Node.js `Buffer` is one. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]')
}

/** Whether `JSON.stringify` stores exactly this value. Anything unusual, also what could be stored in the end, is not plain. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object':
      break
    default:
      return false
  }
  if (value === null) return true
  if (depth >= fixedLimits.depth) return false
  if (Array.isArray(value)) {
    // Not `every`: it steps over holes.
    for (let index = 0; index < value.length; index += 1) if (!isPlain(value[index], depth + 1)) return false
    return (value as { toJSON?: unknown }).toJSON === undefined
  }
  if (!hasPlainPrototype(value)) return false
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined && !isPlain(member, depth + 1)) return false
  }
  return typeof (value as { toJSON?: unknown }).toJSON !== 'function'
}

/** An object literal or a null-prototype object, also of another realm. */
function hasPlainPrototype(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

function normalise(given: unknown, key: string, path: string, ancestors: readonly object[]): unknown {
  const value = applyToJson(given, key, path)
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (Number.isFinite(value)) return value
      throw new InvalidArgumentError(`${value} is not a JSON number.`, { path, hint: 'Store null or a string.' })
    case 'object':
      return value === null ? null : normaliseObject(value, path, ancestors)
    default:
      throw new InvalidArgumentError(`a value of type ${typeof value} is not JSON.`, { path })
  }
}

function normaliseObject(value: object, path: string, above: readonly object[]): unknown {
  if (above.includes(value)) throw new InvalidArgumentError('the value contains itself.', { path })
  if (isBytes(value)) throw new InvalidArgumentError('bytes can only be the whole data of an event.', { path })
  if (above.length >= fixedLimits.depth)
    throw new LimitExceededError({
      limit: 'depth',
      actual: above.length + 1,
      maximum: fixedLimits.depth,
      path: shorten(path),
      hint: 'Store it flatter, or the inner part as a string.',
    })
  const ancestors = [...above, value]
  if (Array.isArray(value))
    return Array.from(value, (item: unknown, index) => normalise(item, String(index), `${path}[${index}]`, ancestors))
  if (!hasPlainPrototype(value)) {
    const name = (value as { constructor?: { name?: unknown } }).constructor?.name
    throw new InvalidArgumentError(
      `an instance of ${typeof name === 'string' && name !== '' ? name : 'a class'} without toJSON is not JSON.`,
      {
        path,
        hint: 'Store a plain object.',
      },
    )
  }
  const copy: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    if (member === undefined) continue
    const place = /^[A-Za-z_$][\w$]*$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`
    const item = applyToJson(member, key, place)
    // As with JSON.stringify, a member whose toJSON gives undefined is left out.
    if (item === undefined) continue
    Object.defineProperty(copy, key, {
      value: normalise(item, key, place, ancestors),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return copy
}

/** What the value's own `toJSON` gives, once, as `JSON.stringify` does. */
function applyToJson(value: unknown, key: string, path: string): unknown {
  if (typeof value !== 'object' || value === null || isBytes(value)) return value
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON !== 'function') return value
  try {
    return Reflect.apply(toJSON, value, [key]) as unknown
  } catch (cause) {
    throw new InvalidArgumentError('its toJSON throws.', { path, cause })
  }
}

/** A path 500 levels deep helps nobody. */
function shorten(path: string): string {
  return path.length > 120 ? `${path.slice(0, 117)}...` : path
}
