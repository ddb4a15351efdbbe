/**
 * Arrays as binary parameters, one buffer a column: the server reads them without parsing, and nothing has to be escaped. Layout:
 * dimensions, null flag, element type, length, lower bound, then each element with its length. Each element is written where it goes.
 */
export function binaryArray(type: ElementName, values: readonly Element[]): Uint8Array {
  const [oid, size, write] = types[type]
  let [length, nulls] = [values.length === 0 ? 12 : 20, 0]
  for (const value of values) {
    length += 4
    if (value === null) nulls = 1
    else length += typeof size === 'number' ? size : size(value)
  }
  const buffer = Buffer.allocUnsafe(length)
  buffer.writeInt32BE(Math.min(values.length, 1), 0)
  buffer.writeInt32BE(nulls, 4)
  let at = buffer.writeInt32BE(oid, 8)
  if (values.length > 0) at = buffer.writeInt32BE(1, buffer.writeInt32BE(values.length, at))
  for (const value of values) {
    const end = value === null ? at + 4 : write(buffer, value, at + 4)
    buffer.writeInt32BE(value === null ? -1 : end - at - 4, at)
    at = end
  }
  return buffer
}

export type ElementName = 'bytea' | 'int4' | 'int8' | 'json' | 'text' | 'uuid'
export type Element = string | number | Uint8Array | null

type Value = Exclude<Element, null>
/** How many bytes a value takes, and what puts it there: it gives where the value ends. */
type Form = readonly [size: number | ((value: Value) => number), write: (buffer: Buffer, value: Value, at: number) => number]

/** Bytes as they are, texts as UTF-8. */
const characters: Form = [
  (value) => (value instanceof Uint8Array ? value.length : Buffer.byteLength(String(value))),
  (buffer, value, at) => {
    if (!(value instanceof Uint8Array)) return at + buffer.write(String(value), at)
    buffer.set(value, at)
    return at + value.length
  },
]

/** The server's number of each type. */
const types: Readonly<Record<ElementName, readonly [oid: number, ...Form]>> = {
  bytea: [17, ...characters],
  int8: [20, 8, (buffer, value, at) => buffer.writeBigInt64BE(BigInt(Number(value)), at)],
  int4: [23, 4, (buffer, value, at) => buffer.writeInt32BE(Number(value), at)],
  text: [25, ...characters],
  json: [114, ...characters],
  uuid: [2950, 16, (buffer, value, at) => at + buffer.write(String(value).replaceAll('-', ''), at, 'hex')],
}
