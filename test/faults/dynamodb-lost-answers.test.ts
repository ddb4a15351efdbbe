import { describe, expect, test } from 'vitest'
import { failureOf } from './database.js'
import {
  type Fault,
  conflict,
  hangAfter,
  isChange,
  listOf,
  loseAnswer,
  loseRequest,
  refuse,
  refuseAfter,
  twice,
} from '../services/dynamodb-proxy.js'
import { events, idsIn, idsOf, table } from './dynamodb-table.js'

const puts = ({ operation }: { operation: string }): boolean => operation === 'PutItem' || operation === 'TransactWriteItems'
const fates: Readonly<Record<string, readonly Fault[]>> = {
  'answer lost': [loseAnswer],
  'request lost': [loseRequest],
  'two requests and an answer lost': [loseRequest, loseRequest, loseAnswer],
  'answered with 500 after it was done': [refuseAfter('InternalServerError', { status: 500 })],
  'answered with 503 before': [refuse('ServiceUnavailable', { status: 503 })],
  'a copy of it comes later': [twice(20)],
  'throttled, then answer lost': [refuse('ThrottlingException'), loseAnswer],
  'transaction still under way': [refuseAfter('TransactionInProgressException')],
}

describe.each([
  ['one put', 1, {}],
  ['a transaction', 3, {}],
  ['packed', 150, {}],
  ['with the log', 1, { log: 'claimed' }],
] as const)('%s', (_name, count, options) => {
  for (const expectedVersion of ['any', 'noStream', 'streamExists', 2] as const)
    for (const [fate, faults] of Object.entries(fates))
      test(`expected ${expectedVersion}, ${fate}: the original result, one copy`, async (context) => {
        const own = await table(context, options)
        const first = expectedVersion === 'noStream' ? 1 : 3
        const before = events(first - 1)
        const store = own.open()
        await store.open()
        if (before.length > 0) await store.appendToStream('s', before)
        const struck = faults.map((fault) => own.proxy.inject({ when: (one) => puts(one) && isChange(one), times: 1, fault }))
        const sent = events(count)
        expect(await store.appendToStream('s', sent, { expectedVersion })).toMatchObject({
          firstVersion: first,
          version: first + count - 1,
        })
        expect(struck.map((one) => one.struck)).toEqual(faults.map(() => 1))
        const after = events(1)
        await store.appendToStream('s', after)
        expect(await idsIn(store, 's')).toEqual(idsOf([...before, ...sent, ...after]))
        if (options !== undefined && 'log' in options)
          expect((await store.readAll().toArray()).map(({ id }) => id)).toEqual(idsOf([...before, ...sent, ...after]))
      })
})

describe("a client of the caller's that retries by itself", () => {
  for (const count of [1, 3, 150])
    test(`${count} events, the answer lost twice: its second request meets the first, and that is success`, async (context) => {
      const own = await table(context)
      await own.open().open()
      const store = own.open({ client: own.client({ maxAttempts: 4 }) })
      await store.open()
      own.proxy.inject({ when: puts, times: 2, fault: loseAnswer })
      const sent = events(count)
      const before = own.proxy.counts.get('GetItem') ?? 0
      expect(await store.appendToStream('s', sent, { expectedVersion: 'noStream' })).toMatchObject({ firstVersion: 1, version: count })
      // Nothing had to be asked: the item in the way says whose it is.
      expect(own.proxy.counts.get('GetItem') ?? 0).toBe(before)
      expect(await idsIn(store, 's')).toEqual(idsOf(sent))
    })
  test('throttled at its second request, after the first was done: success', async (context) => {
    const own = await table(context)
    const store = own.open({ client: own.client({ maxAttempts: 2 }) })
    await store.open()
    own.proxy.inject({ when: puts, times: 1, fault: loseAnswer })
    own.proxy.inject({ when: puts, times: 1, fault: refuse('ProvisionedThroughputExceededException') })
    const sent = events(1)
    expect(await store.appendToStream('s', sent, { expectedVersion: 'any' })).toMatchObject({ version: 1 })
    expect(await idsIn(store, 's')).toEqual(idsOf(sent))
  })
  test('metadata, the answer lost: success at the next version, although it expects one', async (context) => {
    const own = await table(context)
    const store = own.open({ client: own.client({ maxAttempts: 4 }) })
    await store.open()
    own.proxy.inject({ when: isChange, times: 1, fault: loseAnswer })
    expect(await store.setStreamMetadata('s', { owner: 'ada' }, { expectedMetadataVersion: 0 })).toEqual({ version: 1 })
    expect(await store.getStreamMetadata('s')).toEqual({ metadata: { owner: 'ada' }, version: 1 })
  })
})

describe('changes of the head, the answer lost', () => {
  test('delete, tombstone, truncate and metadata are done once', async (context) => {
    const own = await table(context)
    const store = own.open()
    await store.appendToStream('s', events(5))
    for (const [name, run] of [
      ['truncate', () => store.truncateStream('s', { before: 3 })],
      ['metadata', () => store.setStreamMetadata('s', { a: 1 })],
      ['delete', () => store.deleteStream('s')],
      ['tombstone', () => store.tombstoneStream('s')],
    ] as const) {
      const fault = own.proxy.inject({ when: isChange, times: 1, fault: loseAnswer })
      await run()
      expect(fault.struck, name).toBe(1)
    }
    expect(await store.getStreamState('s')).toEqual({ status: 'tombstoned' })
    // Each raised the metadata version once.
    expect((await own.items('STREAM#s')).find(({ SK }) => SK?.S === 'META')?.metadata_version).toEqual({ N: '4' })
  })
  test('a delete whose answer was lost hides nothing that was appended after it', async (context) => {
    const own = await table(context)
    const store = own.open()
    await store.appendToStream('s', events(2))
    const rival = own.open()
    const sent = events(1)
    own.proxy.inject({
      when: isChange,
      times: 1,
      fault: async (_request, forward) => {
        await forward()
        own.proxy.inject({ when: isChange, times: 0, fault: loseAnswer })
        await rival.appendToStream('s', sent, { expectedVersion: 'noStream' })
        return 'reset'
      },
    })
    await store.deleteStream('s')
    expect(await idsIn(store, 's')).toEqual(idsOf(sent))
    expect(await store.getStreamState('s')).toEqual({ status: 'live', version: 3, firstVersion: 3 })
  })
})

describe('what stays unknown or is refused', () => {
  test('a fresh process with the same ids: success, one copy', async (context) => {
    const own = await table(context)
    await own.open().open()
    for (const count of [1, 3, 150]) {
      const [sent, streamId] = [events(count), `s-${count}`]
      const store = own.open()
      await store.open()
      let sentOnce = false
      const fault = own.proxy.inject({ when: (one) => (sentOnce ||= puts(one)), fault: hangAfter })
      const error = await failureOf(store.appendToStream(streamId, sent, { expectedVersion: 'noStream', timeoutMs: 300 }))
      expect([error.code, error.outcome, error.retryable, error.eventIds]).toEqual(['outcome-unknown', 'unknown', true, idsOf(sent)])
      fault.end()
      expect(await own.open().appendToStream(streamId, sent, { expectedVersion: 'noStream' })).toMatchObject({
        firstVersion: 1,
        version: count,
      })
      expect(await idsIn(own.open(), streamId)).toEqual(idsOf(sent))
    }
  })
  test("'any', unknown: not retryable, since it cannot be recognised", async (context) => {
    const own = await table(context)
    const store = own.open()
    await store.open()
    let sentOnce = false
    own.proxy.inject({ when: (one) => (sentOnce ||= puts(one)), fault: hangAfter })
    const error = await failureOf(store.appendToStream('s', events(1), { timeoutMs: 300 }))
    expect([error.code, error.retryable]).toEqual(['outcome-unknown', false])
  })
  test('a rival that was there first: a conflict, not a success', async (context) => {
    const own = await table(context)
    const store = own.open()
    await store.open()
    await own.open().appendToStream('s', events(2))
    own.proxy.inject({ when: puts, times: 1, fault: loseAnswer })
    const error = await failureOf(store.appendToStream('s', events(1), { expectedVersion: 'noStream' }))
    expect([error.code, error.actualVersion]).toEqual(['concurrency', 2])
  })
  test('a conflict of transactions and a failed condition at once: a conflict of versions', async (context) => {
    const own = await table(context)
    const store = own.open()
    await own.open().appendToStream('s', events(2))
    own.proxy.inject({
      when: ({ operation }) => operation === 'TransactWriteItems',
      times: 1,
      fault: async (request, forward) => {
        const { status, body } = await forward()
        const [first, ...more] = listOf(body.CancellationReasons)
        if (status !== 400 || first === undefined) throw new Error('nothing was cancelled')
        const reasons = [first, { Code: 'TransactionConflict' }, ...more.slice(1)]
        return refuse('TransactionCanceledException', { CancellationReasons: reasons })(request, forward)
      },
    })
    const error = await failureOf(store.appendToStream('s', events(2), { expectedVersion: 'noStream' }))
    expect([error.code, error.actualVersion]).toEqual(['concurrency', 2])
  })
  test('conflicts of transactions pass; for ever, they end typed and not applied', async (context) => {
    const own = await table(context)
    const store = own.open()
    await store.open()
    const some = own.proxy.inject({ when: isChange, times: 3, fault: conflict })
    await store.appendToStream('s', events(2))
    expect(some.struck).toBe(3)
    own.proxy.inject({ when: isChange, fault: conflict })
    const error = await failureOf(store.appendToStream('t', events(2)))
    expect([error.code, error.outcome, error.retryable]).toEqual(['unavailable', 'not-applied', true])
    expect(await own.items('STREAM#t')).toEqual([])
  })
  test('throttled twice: success; for ever: typed in time, not applied', async (context) => {
    const own = await table(context)
    const store = own.open()
    await store.open()
    await own.proxy.throttle(2)
    await store.appendToStream('s', events(1))
    own.proxy.inject({ fault: refuse('ProvisionedThroughputExceededException') })
    const startedAt = performance.now()
    const error = await failureOf(store.appendToStream('t', events(1)))
    expect([error.code, error.outcome, error.retryable]).toEqual(['unavailable', 'not-applied', true])
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect((await failureOf(store.getStreamState('s', { timeoutMs: 1000 }))).code).toBe('unavailable')
    expect(await own.items('STREAM#t')).toEqual([])
  })
})

test('a token is never used for two transactions, also where looking for another slot fails on the way', async (context) => {
  const own = await table(context)
  const [store, rival] = [own.open(), own.open()]
  await store.appendToStream('s', events(1))
  await rival.appendToStream('s', events(1))
  const sent = new Map<string, Set<string>>()
  own.proxy.inject({
    when: ({ operation }) => operation === 'TransactWriteItems',
    fault: async ({ body }, forward) => {
      const token = body.ClientRequestToken as unknown as string
      sent.set(token, (sent.get(token) ?? new Set()).add(JSON.stringify(body.TransactItems)))
      return forward()
    },
  })
  own.proxy.inject({
    when: ({ operation, body }) => operation === 'Query' && (body.ConsistentRead as unknown) === true,
    times: 1,
    fault: refuse('ThrottlingException'),
  })
  // Its slot is the rival's; then the strong look for the end fails once.
  const batch = events(2)
  expect(await store.appendToStream('s', batch)).toMatchObject({ firstVersion: 3, version: 4 })
  expect((await idsIn(store, 's')).slice(2)).toEqual(idsOf(batch))
  expect([...sent.values()].map((requests) => requests.size)).toEqual([1, 1])
})
