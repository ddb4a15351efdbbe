/** What a decoded message or a recording holds. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain | undefined }

const bytesAsText = new Set(['streamName', 'data', 'customMetadata'])

/**
 * A decoded message as the recordings have it: without the values that protobuf sends by leaving them out, bytes as text where they are text.
 * What differs from run to run without a meaning (times, ids of subscriptions) is left out.
 */
export function plainOf(value: Plain, key = ''): Plain | undefined {
  if (value === '' || value === 0 || value === '0' || value === false || value === null) return undefined
  if (Array.isArray(value)) {
    const items = (value as readonly Plain[]).filter((item) => !isTime(item)).map((item) => plainOf(item, key) ?? '')
    return items.length === 0 ? undefined : items
  }
  if (typeof value === 'string') {
    if (key === 'subscriptionId') return /^[0-9a-f-]{36}$/.test(value) ? 'an id' : value
    return bytesAsText.has(key) ? textOf(value) : value
  }
  if (typeof value !== 'object') return value
  const members = Object.entries(value)
    .filter(([name]) => !name.startsWith('deadline'))
    .map(([name, member]) => [name, plainOf(member ?? null, name)] as const)
  return Object.fromEntries(members.filter(([, member]) => member !== undefined))
}

const isTime = (item: Plain): boolean => Array.isArray(item) && item[0] === 'created' && /^\d{17}$/.test(String(item[1]))

function textOf(base64: string): Plain {
  const bytes = Buffer.from(base64, 'base64')
  const text = bytes.toString('utf8')
  const isText = Buffer.from(text).equals(bytes) && !/\p{Cc}/u.test(text.replaceAll('\n', ''))
  if (bytes.length > 4000) return describe(bytes)
  return isText ? text : { base64 }
}

/** Payloads that a recording describes instead of holding them. */
function describe(bytes: Buffer): Plain {
  return bytes[0] === 0 ? { zeros: bytes.length } : { json: bytes.length }
}

/** The bytes of a recorded field. */
export function bytesOf(recorded: Plain | undefined): Buffer {
  if (recorded === undefined) return Buffer.alloc(0)
  if (typeof recorded === 'string') return Buffer.from(recorded)
  const { base64, zeros, json } = recorded as { base64?: string; zeros?: number; json?: number }
  if (zeros !== undefined) return Buffer.alloc(zeros)
  // A string of `x` in an object: {"d":"xxx"}.
  if (json !== undefined) return Buffer.from(JSON.stringify({ d: 'x'.repeat(json - 8) }))
  return Buffer.from(base64 ?? '', 'base64')
}
