/**
 * Arrays as binary parameters, one buffer a column: the server reads them without parsing, and nothing has to be escaped. Layout:
 * dimensions, null flag, element type, length, lower bound, then each element with its length. Each element is written where it goes.
 */
export function binaryArray(type: ElementName, values: readonly Element[]): Uint8Array {
  const { oid, size, write } = types[type]
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

/** The server's number of an element type, how many bytes a value takes, and what puts it there: it gives where the value ends. */
interface ElementType {
  readonly oid: number
  readonly size: number | ((value: Exclude<Element, null>) => number)
  write(buffer: Buffer, value: Exclude<Element, null>, at: number): number
}

/** Bytes as they are, texts as UTF-8. */
const characters: Omit<ElementType, 'oid'> = {
  size: (value) => (value instanceof Uint8Array ? value.length : Buffer.byteLength(String(value))),
  write(buffer, value, at) {
    if (!(value instanceof Uint8Array)) return at + buffer.write(String(value), at)
    buffer.set(value, at)
    return at + value.length
  },
}

const types: Readonly<Record<ElementName, ElementType>> = {
  bytea: { oid: 17, ...characters },
  int8: { oid: 20, size: 8, write: (buffer, value, at) => buffer.writeBigInt64BE(BigInt(Number(value)), at) },
  int4: { oid: 23, size: 4, write: (buffer, value, at) => buffer.writeInt32BE(Number(value), at) },
  text: { oid: 25, ...characters },
  json: { oid: 114, ...characters },
  uuid: { oid: 2950, size: 16, write: (buffer, value, at) => at + buffer.write(String(value).replaceAll('-', ''), at, 'hex') },
}
