import { describe, expect, test } from 'vitest'
import { conflict, isChange, loseAnswer, loseRequest } from '../services/dynamodb-proxy.js'
import { failureOf } from './database.js'
import { events, idsIn, idsOf, table } from './dynamodb-table.js'

// Appends to several streams in one call, with and without the log, an item an event and packed.

describe.each([
  ['items', 2, {}],
  ['packed', 80, {}],
  ['with the log', 2, { log: 'claimed' }],
  ['packed, with the log', 80, { log: 'claimed' }],
] as const)('%s', (_name, count, options) => {
  for (const [fate, faults] of Object.entries({
    'answer lost': [loseAnswer],
    'request lost, then a conflict of transactions, then the answer lost': [loseRequest, conflict, loseAnswer],
  }))
    test(`${fate}: the original results, one copy in each stream`, async (context) => {
      const own = await table(context, options)
      const store = own.open()
      const before = events(1)
      await store.appendToStream('b', before)
      const struck = faults.map((fault) => own.proxy.inject({ when: isChange, times: 1, fault }))
      const parts = [
        { streamId: 'a', events: events(count), expectedVersion: 'noStream' as const },
        { streamId: 'b', events: events(count), expectedVersion: 1 },
      ]
      const results = await store.appendToStreams(parts)
      expect(struck.map((one) => one.struck)).toEqual(faults.map(() => 1))
      expect(results.map(({ streamId, firstVersion, version }) => [streamId, firstVersion, version])).toEqual([
        ['a', 1, count],
        ['b', 2, count + 1],
      ])
      const sent = parts.map((part) => idsOf(part.events))
      expect([await idsIn(store, 'a'), await idsIn(store, 'b')]).toEqual([sent[0], [...idsOf(before), ...(sent[1] ?? [])]])
      // A fresh process with the same ids is told the same.
      const again = await own.open().appendToStreams(parts)
      expect(again.map(({ streamId, version }) => [streamId, version])).toEqual(results.map(({ streamId, version }) => [streamId, version]))
      if ('log' in options) expect((await store.readAll().toArray()).map(({ id }) => id)).toEqual([...idsOf(before), ...sent.flat()])
    })

  test('one part that does not fit, a tombstone, a deleted stream: nothing is stored, and the error names the stream', async (context) => {
    const own = await table(context, options)
    const store = own.open()
    await store.appendToStream('b', events(3))
    await store.appendToStream('gone', events(1))
    await store.deleteStream('gone')
    await store.tombstoneStream('never')
    for (const [streamId, expectedVersion, code] of [
      ['b', 2, 'concurrency'],
      ['b', 9, 'concurrency'],
      ['b', 'noStream', 'concurrency'],
      ['gone', 'streamExists', 'stream-deleted'],
      ['never', 'any', 'stream-deleted'],
    ] as const) {
      const parts = [
        { streamId: 'a', events: events(count) },
        { streamId, events: events(count), expectedVersion },
      ]
      for (const one of [store, own.open()]) {
        const error = await failureOf(one.appendToStreams(parts))
        expect([error.code, error.streamId, error.outcome]).toEqual([code, streamId, 'not-applied'])
      }
    }
    expect(await own.items('STREAM#a')).toEqual([])
    expect((await store.getStreamState('b')) as unknown).toMatchObject({ version: 3 })
  })

  test('8 writers over the same two streams in opposite order: each call whole, each stream without a hole', async (context) => {
    const own = await table(context, options)
    const stores = Array.from({ length: 4 }, () => own.open())
    await Promise.all(stores.map((store) => store.open()))
    const batches = await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        const [left, right] = [events(count), events(1)]
        const parts = [
          { streamId: 'left', events: left },
          { streamId: 'right', events: right },
        ]
        await stores[writer % 4]?.appendToStreams(writer % 2 === 0 ? parts : parts.reverse(), { timeoutMs: 60_000 })
        return { left: idsOf(left), right: idsOf(right) }
      }),
    )
    const [left, right] = [await idsIn(own.open(), 'left'), await idsIn(own.open(), 'right')]
    // Both streams hold the calls in one order, each of them whole.
    const order = right.map((id) => batches.find((batch) => batch.right[0] === id))
    expect(order.length).toBe(8)
    expect(left).toEqual(order.flatMap((batch) => batch?.left ?? []))
  })
})
