import { describe, expect, test } from 'vitest'
import {
  type ProxyRequest,
  changed,
  emptyPage,
  hideNewest,
  leaveUnprocessed,
  loseRequest,
  resumeEmptyPages,
} from '../services/dynamodb-proxy.js'
import { failureOf } from './database.js'
import { events, idsIn, idsOf, table } from './dynamodb-table.js'

const queries = ({ operation }: ProxyRequest): boolean => operation === 'Query'
const reads = ({ operation }: ProxyRequest): boolean => operation === 'Query' || operation === 'Scan'

/** A stream whose second commit is a transaction of four items, with or without something after it. */
const shapes = { 'at the tail': [2, 4], 'in the middle': [2, 4, 3], 'at the edge of a page': [1, 4, 1] } as const

describe.each([
  ['forwards', 1000],
  ['backwards', 1000],
  ['forwards', 2],
  ['backwards', 3],
] as const)('read %s, pages of %d', (direction, pageSize) => {
  for (const [where, commits] of Object.entries(shapes))
    test(`part of a transaction is not visible yet, ${where}: the reader waits for the whole`, async (context) => {
      const own = await table(context)
      const writer = own.open()
      const sent: { readonly id: string }[] = []
      for (const count of commits) {
        const batch = events(count)
        sent.push(...batch)
        await writer.appendToStream('s', batch)
      }
      const reader = own.open({ pageSize })
      await reader.open()
      const torn = own.proxy.inject({ when: queries, times: 4, fault: hideNewest })
      const wanted = direction === 'forwards' ? idsOf(sent) : idsOf(sent).reverse()
      expect((await reader.readStream('s', { direction }).toArray()).map(({ id }) => id)).toEqual(wanted)
      expect(torn.struck).toBe(4)
    })
})

test('a commit of which a part stays away for ever is damage, said within 2 s and a little', async (context) => {
  const own = await table(context)
  const store = own.open()
  await store.appendToStream('s', events(1))
  await store.appendToStream('s', events(4))
  own.proxy.inject({ when: queries, fault: hideNewest })
  for (const direction of ['forwards', 'backwards'] as const) {
    const startedAt = performance.now()
    expect((await failureOf(store.readStream('s', { direction }).toArray())).code).toBe('corrupt-stream')
    expect(performance.now() - startedAt).toBeGreaterThan(1900)
  }
})

test('a follower that meets half of a transaction delivers it whole, once', async (context) => {
  const own = await table(context)
  const store = own.open()
  await store.appendToStream('s', events(1))
  own.proxy.inject({ when: queries, chance: 0.5, times: 40, fault: hideNewest })
  const got: string[] = []
  const control = new AbortController()
  const following = (async () => {
    for await (const { id } of store.subscribeToStream('s', { after: 1, signal: control.signal })) got.push(id)
  })().catch((error: unknown) => {
    if (error !== control.signal.reason) throw error
  })
  const writer = own.open()
  const sent: { readonly id: string }[] = []
  for (let n = 0; n < 10; n += 1) {
    const batch = events(3)
    sent.push(...batch)
    await writer.appendToStream('s', batch, { timeoutMs: 30_000 })
  }
  while (got.length < sent.length) await new Promise((resolve) => setTimeout(resolve, 5))
  control.abort(new Error('the test is over'))
  await following
  expect(got).toEqual(idsOf(sent))
})

test('a retry by a fresh process, of ids that are only partly visible: recognised', async (context) => {
  const own = await table(context)
  const sent = events(4)
  await own.open().appendToStream('s', sent, { expectedVersion: 'noStream' })
  const fresh = own.open()
  await fresh.open()
  own.proxy.inject({ when: queries, times: 3, fault: hideNewest })
  expect(await fresh.appendToStream('s', sent, { expectedVersion: 'noStream' })).toMatchObject({ firstVersion: 1, version: 4 })
  expect(await idsIn(fresh, 's')).toEqual(idsOf(sent))
})

describe.each(['none', 'claimed'] as const)('log: %s', (log) => {
  test('pages without items and with a next key end nothing: streams, log, list', async (context) => {
    const own = await table(context, { log })
    const store = own.open({ pageSize: 4 })
    const sent = events(20)
    for (let at = 0; at < 20; at += 2) await store.appendToStream('s', sent.slice(at, at + 2))
    own.proxy.inject(resumeEmptyPages)
    const empty = own.proxy.inject({ when: reads, chance: 0.4, fault: emptyPage })
    expect(await idsIn(store, 's')).toEqual(idsOf(sent))
    expect((await store.readStream('s', { direction: 'backwards' }).toArray()).map(({ id }) => id)).toEqual(idsOf(sent).reverse())
    expect(await store.getStreamState('s')).toEqual({ status: 'live', version: 20, firstVersion: 1 })
    const listed: string[] = []
    for await (const { streamId } of store.listStreams()) listed.push(streamId)
    expect(listed).toEqual(['s'])
    expect((await failureOf(own.open().appendToStream('s', events(1), { expectedVersion: 21 }))).actualVersion).toBe(20)
    if (log === 'claimed') {
      expect((await store.readAll().toArray()).map(({ id }) => id)).toEqual(idsOf(sent))
      expect((await store.readAll({ direction: 'backwards' }).toArray()).map(({ id }) => id)).toEqual(idsOf(sent).reverse())
    }
    expect(empty.struck).toBeGreaterThan(5)
  })
})

test('an end that cannot be seen, of a stream that exists: never taken for the start of a new one', async (context) => {
  const own = await table(context)
  await own.open().appendToStream('s', events(3))
  const store = own.open()
  await store.open()
  own.proxy.inject({ when: queries, times: 2, fault: changed((answer) => ({ ...answer, Items: [], Count: 0 }) as never) })
  await store.appendToStream('s', events(1))
  expect((await store.readStream('s').toArray()).map(({ version }) => version)).toEqual([1, 2, 3, 4])
})

test('keys that the service left out of a batch are asked for again; a body that is older than its commit too', async (context) => {
  const own = await table(context, { log: 'claimed' })
  const store = own.open()
  const sent = events(30)
  for (let at = 0; at < 30; at += 3) await store.appendToStream(`s-${at % 4}`, sent.slice(at, at + 3))
  await store.deleteStream('s-0')
  const again = events(1)
  await store.appendToStream('s-0', again)
  const batches = ({ operation }: ProxyRequest): boolean => operation === 'BatchGetItem'
  const left = own.proxy.inject({ when: batches, times: 3, fault: leaveUnprocessed })
  const stale = own.proxy.inject({
    when: (request) => batches(request) && !JSON.stringify(request.body).includes('"ConsistentRead":true'),
    times: 1,
    // The replica still shows the seal of the delete where the stream was re-created since.
    fault: changed((answer) => {
      const text = JSON.stringify(answer).replace(/"commit_id":\{"S":"[0-9a-f]{32}"\}/u, '"seal":{"S":"deleted"},"commit_id":{"S":"0"}')
      return JSON.parse(text) as never
    }),
  })
  expect((await store.readAll().toArray()).map(({ id }) => id)).toEqual(idsOf([...sent, ...again]))
  expect([left.struck, stale.struck]).toEqual([3, 1])
})

test('reads go on over lost requests', async (context) => {
  const own = await table(context)
  const store = own.open({ pageSize: 3 })
  const sent = events(20)
  await store.appendToStream('s', sent)
  own.proxy.inject({ chance: 0.3, fault: loseRequest })
  for (let n = 0; n < 5; n += 1) expect(await idsIn(store, 's')).toEqual(idsOf(sent))
})
