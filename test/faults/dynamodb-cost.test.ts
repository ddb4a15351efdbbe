import type { EventStoreAdapter } from '@millrace/core'
import { expect, test } from 'vitest'
import { type TestTable, events, table } from './dynamodb-table.js'

/** What a call costs, as the server counts it: capacity units and requests. */
interface Cost {
  readonly units: number
  readonly requests: readonly string[]
}

/** A client that asks the server for the capacity of each request. */
function counting(own: TestTable): { open(options?: object): EventStoreAdapter; cost(run: () => Promise<unknown>): Promise<Cost> } {
  const client = own.client()
  let [units, requests] = [0, [] as string[]]
  const counted = {
    async send(command: { readonly input: object }, options?: object): Promise<unknown> {
      Object.assign(command.input, { ReturnConsumedCapacity: 'TOTAL' })
      const { ConsistentRead } = command.input as { ConsistentRead?: boolean }
      requests.push(`${command.constructor.name.replace('Command', '')}${ConsistentRead === false ? ', eventual' : ''}`)
      const answer = (await client.send(command as never, options)) as unknown as { ConsumedCapacity?: unknown }
      for (const one of [answer.ConsumedCapacity ?? []].flat()) units += (one as { CapacityUnits?: number }).CapacityUnits ?? 0
      return answer
    },
  }
  return {
    open: (options = {}) => own.open({ client: counted as never, ...options }),
    async cost(run) {
      ;[units, requests] = [0, []]
      await run()
      return { units, requests }
    },
  }
}

/** An event of so many bytes of payload, its type counted. */
const sized = (bytes: number) => [{ type: 'ItemAdded', data: 'x'.repeat(bytes - 11) }]

test('an append at a known end: one request and one write unit for an item of up to 1 KB', async (context) => {
  const own = await table(context)
  const { open, cost } = counting(own)
  const store = open()
  await store.open()
  expect(await cost(() => store.appendToStream('s', sized(500), { expectedVersion: 'noStream' }))).toEqual({
    units: 1,
    requests: ['PutItem'],
  })
  for (const expectedVersion of [1, 'any', 'streamExists'] as const)
    expect(await cost(() => store.appendToStream('s', sized(800), { expectedVersion }))).toEqual({ units: 1, requests: ['PutItem'] })
  // The item, not the payload, is what counts.
  expect((await cost(() => store.appendToStream('s', sized(1000)))).units).toBe(2)
})

test('an append at an end that is not known: half a read unit and a request more', async (context) => {
  const own = await table(context)
  const { open, cost } = counting(own)
  await open().appendToStream('s', sized(500))
  for (const expectedVersion of [1, 'any', 'streamExists'] as const) {
    const store = open()
    await store.open()
    const { version } = await store.getStreamState('other')
    expect(version).toBe(0)
    const known = await open().getStreamState('s')
    const exact = typeof expectedVersion === 'number' ? known.version : expectedVersion
    expect(await cost(() => store.appendToStream('s', sized(500), { expectedVersion: exact }))).toEqual({
      units: 1.5,
      requests: ['Query, eventual', 'PutItem'],
    })
  }
})

test('100 events packed: one request, a write unit for each KB; several by default: one transaction', async (context) => {
  const own = await table(context)
  const { open, cost } = counting(own)
  const packed = open({ packing: 'commit' })
  await packed.open()
  const hundred = Array.from({ length: 100 }, () => sized(500)[0] ?? { type: '', data: '' })
  const spent = await cost(() => packed.appendToStream('s', hundred, { expectedVersion: 'noStream' }))
  expect(spent.requests).toEqual(['PutItem'])
  // 50 KB of payload, and some 6 KB of ids, types and sizes.
  expect(spent.units).toBeGreaterThanOrEqual(50)
  expect(spent.units).toBeLessThanOrEqual(57)
  const plain = open()
  await plain.open()
  expect((await cost(() => plain.appendToStream('t', hundred, { expectedVersion: 'noStream' }))).requests).toEqual(['TransactWriteItems'])
})

test('reads: 100 events of 500 bytes in two requests and 19 read units; a state in two; a follower that waits, half a unit a look', async (context) => {
  const own = await table(context)
  const { open, cost } = counting(own)
  const store = open()
  await store.appendToStream(
    's',
    Array.from({ length: 100 }, () => sized(500)[0] ?? { type: '', data: '' }),
  )
  const read = await cost(() => store.readStream('s', { limit: 101 }).toArray())
  expect(read.requests).toEqual(['Query', 'GetItem'])
  expect(read.units).toBeLessThanOrEqual(19)
  expect(await cost(() => store.getStreamState('s'))).toEqual({ units: 2, requests: ['Query', 'GetItem'] })

  const control = new AbortController()
  const messages = store.subscribeToStream('s', { after: 'end', signal: control.signal }).messages()[Symbol.asyncIterator]()
  await messages.next()
  const waiting = await cost(async () => {
    const next = messages.next().catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 300))
    control.abort(new Error('the test is over'))
    await next
  })
  // Half a unit each on the service, which counts at least that; DynamoDB Local counts nothing where nothing is found.
  expect(new Set(waiting.requests)).toEqual(new Set(['Query, eventual']))
  expect(waiting.units).toBeLessThanOrEqual(waiting.requests.length * 0.5)
})

test('with the log: two requests an append at a known end', async (context) => {
  const own = await table(context, { log: 'claimed' })
  const { open, cost } = counting(own)
  const store = open()
  await store.appendToStream('s', events(1))
  expect((await cost(() => store.appendToStream('s', events(1), { expectedVersion: 1 }))).requests).toEqual([
    'UpdateItem',
    'TransactWriteItems',
  ])
})
