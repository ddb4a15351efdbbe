/**
 * Arrays as binary parameters, one buffer a column: the server reads them without parsing, and nothing has to be escaped. Layout:
 * dimensions, null flag, element type, length, lower bound, then each element with its length. Each element is written where it goes.
 */
export function binaryArray(type: ElementName, values: readonly (string | Uint8Array | null)[]): Uint8Array {
  const { oid, size, write } = types[type]
  const sizes = values.map((value) => (value === null ? -1 : size(value)))
  const buffer = Buffer.allocUnsafe(sizes.reduce((sum, bytes) => sum + 4 + Math.max(bytes, 0), values.length === 0 ? 12 : 20))
  const header = [Math.min(values.length, 1), values.includes(null) ? 1 : 0, oid, ...(values.length === 0 ? [] : [values.length, 1])]
  let at = header.reduce((place, word) => buffer.writeInt32BE(word, place), 0)
  for (const [index, value] of values.entries()) {
    const bytes = sizes[index] ?? -1
    at = buffer.writeInt32BE(bytes, at)
    if (value === null) continue
    write(buffer, value, at)
    at += bytes
  }
  return buffer
}

export type ElementName = 'bytea' | 'int4' | 'int8' | 'json' | 'text' | 'uuid'

/** The server's number of an element type, how many bytes a value takes, and what puts it there. */
interface ElementType {
  readonly oid: number
  size(value: string | Uint8Array): number
  write(buffer: Buffer, value: string | Uint8Array, at: number): void
}

/** Bytes as they are, texts as UTF-8. */
const characters: Omit<ElementType, 'oid'> = {
  size: (value) => (typeof value === 'string' ? Buffer.byteLength(value) : value.length),
  write: (buffer, value, at) => void (typeof value === 'string' ? buffer.write(value, at) : buffer.set(value, at)),
}

const types: Readonly<Record<ElementName, ElementType>> = {
  bytea: { oid: 17, ...characters },
  int8: { oid: 20, size: () => 8, write: (buffer, value, at) => void buffer.writeBigInt64BE(BigInt(String(value)), at) },
  int4: { oid: 23, size: () => 4, write: (buffer, value, at) => void buffer.writeInt32BE(Number(value), at) },
  text: { oid: 25, ...characters },
  json: { oid: 114, ...characters },
  uuid: { oid: 2950, size: () => 16, write: (buffer, value, at) => void buffer.write(String(value).replaceAll('-', ''), at, 'hex') },
}
