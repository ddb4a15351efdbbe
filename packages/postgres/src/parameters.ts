/**
 * Arrays as binary parameters, one buffer a column: the server reads them without parsing, and nothing has to be escaped. Layout:
 * dimensions, null flag, element type, length, lower bound, then each element with its length.
 */
export function binaryArray(
  type: 'bytea' | 'int4' | 'int8' | 'json' | 'text' | 'uuid',
  values: readonly (string | Uint8Array | null)[],
): Uint8Array {
  const { oid, bytes } = oids[type]
  const elements = values.map((value) => (value === null ? null : typeof value === 'string' ? bytes(value) : value))
  const size = elements.reduce((sum, element) => sum + 4 + (element?.length ?? 0), values.length === 0 ? 12 : 20)
  const buffer = Buffer.allocUnsafe(size)
  let at = buffer.writeInt32BE(values.length === 0 ? 0 : 1, 0)
  at = buffer.writeInt32BE(elements.includes(null) ? 1 : 0, at)
  at = buffer.writeInt32BE(oid, at)
  if (values.length === 0) return buffer
  at = buffer.writeInt32BE(values.length, at)
  at = buffer.writeInt32BE(1, at)
  for (const element of elements) {
    at = buffer.writeInt32BE(element === null ? -1 : element.length, at)
    if (element !== null) buffer.set(element, at)
    at += element?.length ?? 0
  }
  return buffer
}

const utf8 = (value: string): Uint8Array => Buffer.from(value, 'utf8')

/** Element types, and how a text becomes one. */
const oids = {
  bytea: { oid: 17, bytes: utf8 },
  int8: {
    oid: 20,
    bytes: (value: string): Uint8Array => {
      const buffer = Buffer.allocUnsafe(8)
      buffer.writeBigInt64BE(BigInt(value))
      return buffer
    },
  },
  int4: {
    oid: 23,
    bytes: (value: string): Uint8Array => {
      const buffer = Buffer.allocUnsafe(4)
      buffer.writeInt32BE(Number(value))
      return buffer
    },
  },
  text: { oid: 25, bytes: utf8 },
  json: { oid: 114, bytes: utf8 },
  uuid: { oid: 2950, bytes: (value: string): Uint8Array => Buffer.from(value.replaceAll('-', ''), 'hex') },
} satisfies Record<string, { oid: number; bytes(value: string): Uint8Array }>
