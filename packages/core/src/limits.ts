import { InvalidArgumentError, LimitExceededError } from './errors.js'

/** Limits that are the same for every adapter. Bytes are UTF-8 bytes. Source: contract §7. */
export const fixedLimits: {
  readonly streamIdBytes: 512
  readonly typeBytes: 255
  /** Nesting of JSON; the outermost object or array is 1. */
  readonly depth: 500
} = { streamIdBytes: 512, typeBytes: 255, depth: 500 }

const native = (globalThis as { Buffer?: { byteLength(text: string): number } }).Buffer?.byteLength

/** UTF-8 bytes of a well-formed text. */
export const utf8Bytes: (text: string) => number = native ?? ((text) => new TextEncoder().encode(text).length)

/**
 * A name: of a stream, an event type or a stream type. Not empty, well-formed Unicode without U+0000, not starting with `$`; never
 * normalised or split. Errors: `invalid-argument`, `limit-exceeded`. Cases: SID-01…06.
 */
export function checkName(value: unknown, path: string, limit: 'streamIdBytes' | 'typeBytes'): asserts value is string {
  const maximum = fixedLimits[limit]
  const hint = `Give a name of 1 to ${maximum} bytes.`
  if (typeof value !== 'string') throw new InvalidArgumentError('must be a string.', { path, hint })
  if (value === '') throw new InvalidArgumentError('must not be empty.', { path, hint })
  if (value.startsWith('$')) throw new InvalidArgumentError('must not start with "$": such names are reserved.', { path })
  // With the flag u a surrogate in the class matches only when it stands alone.
  if (/[\uD800-\uDFFF\0]/u.test(value)) throw new InvalidArgumentError('must be well-formed Unicode without U+0000.', { path })
  if (value.length * 3 > maximum) {
    const actual = utf8Bytes(value)
    if (actual > maximum) throw new LimitExceededError({ limit, actual, maximum, path, hint })
  }
}
