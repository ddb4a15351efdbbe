import { describe, expect, it } from 'vitest'
import { binaryArray } from './parameters.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
/** Written by hand from the server's array_recv: dimensions, null flag, element type, then length and lower bound of the dimension. */
const head = (oid: string, length: string, nulls = '00000000'): string => `00000001${nulls}${oid}${length}00000001`

describe('binaryArray', () => {
  it.each([
    ['int4', [1, -2], head('00000017', '00000002') + '0000000400000001' + '00000004fffffffe'],
    ['int8', [9007199254740991], head('00000014', '00000001') + '00000008001fffffffffffff'],
    [
      'int8',
      [-2, 2 ** 32, -(2 ** 53 - 1)],
      head('00000014', '00000003') + '00000008fffffffffffffffe' + '000000080000000100000000' + '00000008ffe0000000000001',
    ],
    ['int8', [-1], head('00000014', '00000001') + '00000008ffffffffffffffff'],
    ['text', ['a', 'é'], head('00000019', '00000002') + '0000000161' + '00000002c3a9'],
    ['text', [''], head('00000019', '00000001') + '00000000'],
    ['json', ['{}'], head('00000072', '00000001') + '000000027b7d'],
    ['uuid', ['00112233-4455-6677-8899-aabbccddeeff'], head('00000b86', '00000001') + '00000010' + '00112233445566778899aabbccddeeff'],
  ] as const)('lays out %s[] %j as the server reads it', (type, values, expected) => {
    expect(hex(binaryArray(type, values))).toBe(expected)
  })

  it('lays out bytes as they are', () => {
    expect(hex(binaryArray('bytea', [Uint8Array.of(0, 255, 92)]))).toBe(head('00000011', '00000001') + '0000000300ff5c')
  })
  it('says that there are nulls, and gives them the length -1 and no bytes', () => {
    expect(hex(binaryArray('text', [null, 'x', null]))).toBe(
      head('00000019', '00000003', '00000001') + 'ffffffff' + '0000000178' + 'ffffffff',
    )
  })
  it('lays out an empty array with no dimension', () => {
    expect(hex(binaryArray('uuid', []))).toBe('000000000000000000000b86')
  })
  it('counts the bytes of a text, not its characters', () => {
    expect(hex(binaryArray('text', ['🙂'])).slice(40)).toBe('00000004f09f9982')
  })
  it('takes a view of a larger buffer without what lies around it', () => {
    expect(hex(binaryArray('bytea', [Uint8Array.of(1, 2, 3, 4).subarray(1, 3)])).slice(40)).toBe('000000020203')
  })
})
