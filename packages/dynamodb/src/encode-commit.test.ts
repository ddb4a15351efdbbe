import { type EncodedEvent, isLimitExceededError } from '@millrace/core'
import { expect, test } from 'vitest'
import { decodeItem } from './decode-item.js'
import { encodeCommit } from './encode-commit.js'
import { itemBytes, itemBytesLimit, itemSpan, numberOf } from './items.js'

const shape = { commitId: 'c'.repeat(32), createdAt: 1, packed: true, cell: undefined, mostItems: 100 }
const toPosition = (cell: number, index: number): string => `${cell}.${index}`

function encoded(data: EncodedEvent['data'], metadata?: string, type = 'T'): EncodedEvent {
  const size = 'text' in data ? Buffer.byteLength(data.text) : data.bytes.length
  return { id: crypto.randomUUID(), type, data, metadata, bytes: size + Buffer.byteLength(type) + Buffer.byteLength(metadata ?? '') }
}
const part = (events: readonly EncodedEvent[], firstVersion = 1) => ({ streamId: 's', streamType: 'Order', events, firstVersion })

test.each([false, true])('what is encoded is decoded as it was, texts to the letter, packed: %s', (packed) => {
  const texts = ['"a"', '"],[null,"', 'null', '""', '[]', '"\\u0000ä😀"', '{"a":"b"}']
  const events = texts.map((text, n) => encoded({ text }, n % 3 === 0 ? '{"n":"],[null"}' : undefined, `T"${n},é`))
  for (const list of [
    events,
    [...events, encoded({ bytes: new Uint8Array([0, 255, 34]) }), encoded({ bytes: new Uint8Array() }), encoded({ text: '"ä"' })],
  ]) {
    const items = encodeCommit([part(list, 5)], { ...shape, packed, cell: 7 }).flat()
    expect(items.length).toBe(packed ? 1 : list.length)
    const decoded = items.flatMap((item) => decodeItem(item, 's', toPosition))
    expect(decoded).toEqual(
      list.map(({ id, type, data, metadata }, index) => ({
        id,
        type,
        data,
        metadata: metadata === undefined ? undefined : { text: metadata },
        streamId: 's',
        streamType: 'Order',
        version: 5 + index,
        position: `7.${index}`,
        createdAt: new Date(1),
      })),
    )
  }
})

test('as few items as hold the events, each within the limit, versions without a gap', () => {
  const events = Array.from({ length: 200 }, (_, n) => encoded({ text: JSON.stringify('x'.repeat(n % 7 === 0 ? 30_000 : 3000)) }))
  const [items = []] = encodeCommit([part(events)], shape)
  for (const item of items) expect(itemBytes(item)).toBeLessThanOrEqual(itemBytesLimit)
  const bytes = events.reduce((sum, event) => sum + event.bytes, 0)
  expect(items.length).toBeLessThanOrEqual(Math.ceil(bytes / (itemBytesLimit - 40_000)))
  let next = 1
  for (const item of items) {
    expect(itemSpan(item).first).toBe(next)
    next += numberOf(item, 'event_count') ?? 0
  }
  expect(next).toBe(201)
})

test('what does not fit one request is refused', () => {
  const events = Array.from({ length: 20 }, () => encoded({ text: JSON.stringify('x'.repeat(250_000)) }))
  for (const limits of [{}, { mostItems: 1 }]) {
    let error: unknown
    try {
      encodeCommit([part(events)], { ...shape, ...limits })
    } catch (thrown) {
      error = thrown
    }
    expect(isLimitExceededError(error)).toBe(true)
  }
})

test('an item that something else wrote is damage that names its place', () => {
  const item = { PK: { S: 'STREAM#s' }, SK: { S: 'VERSION#00000000000000000003' }, event_count: { N: '2' }, event_id: { S: '["a"]' } }
  expect(() => decodeItem(item, 's', toPosition)).toThrow(/version 3 of stream "s"/u)
})
