import { randomUUID } from 'node:crypto'
import { Client, credentials } from '@grpc/grpc-js'
import { type EventData, END, EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { expect, onTestFinished, test } from 'vitest'
import { StreamsService, shared, streams } from './definitions.js'
import { createFaults } from './faults.js'
import { type EventStoreModel, type EventStoreModelOptions, startEventStoreModel } from './start.js'

/** A model and a client of it, gone when the test is over. */
async function modelAndClient(options: EventStoreModelOptions = {}): Promise<{ model: EventStoreModel; client: EventStoreDBClient }> {
  const model = await startEventStoreModel(options)
  onTestFinished(() => model.stop())
  return { model, client: connected(model.url) }
}

function connected(url: string): EventStoreDBClient {
  const client = EventStoreDBClient.connectionString(url)
  onTestFinished(() => client.dispose())
  return client
}

/** Makes 6.2.1 append in a call of its own; nothing is sent of it without TLS. */
const unary = { credentials: { username: 'nobody', password: 'nothing' } }
const event = (id: string = randomUUID()): EventData => jsonEvent({ id, type: 'Happened', data: { n: 1 } })
const append = (client: EventStoreDBClient, stream = 's', events: EventData[] = [event()], more: object = {}) =>
  client.appendToStream(stream, events, { ...unary, ...more })

async function lengthOf(client: EventStoreDBClient, stream = 's'): Promise<number> {
  let length = 0
  try {
    for await (const _event of client.readStream(stream)) length += 1
  } catch (error) {
    expect(error).toMatchObject({ type: 'stream-not-found' })
  }
  return length
}

test.each([
  { does: 'cut before', stored: 0, type: 'unavailable' },
  { does: 'cut after', stored: 1, type: 'unavailable' },
  { does: 'reset before', stored: 0, type: 'unknown' },
  { does: 'reset after', stored: 1, type: 'unknown' },
  { does: 'lose answer', stored: 1, type: 'unavailable' },
  { does: 'unavailable', stored: 0, type: 'unavailable' },
  { does: 'access denied', stored: 0, type: 'access-denied' },
  { does: 'not leader', stored: 0, type: 'not-leader' },
] as const)('$does: an append fails as $type, and $stored of it is stored', async ({ does, stored, type }) => {
  const { model, client } = await modelAndClient()
  model.faults.add({ does, calls: ['append'], times: 1 })
  await expect(append(client)).rejects.toMatchObject({ type })
  expect(model.faults.count).toBe(1)
  expect(await lengthOf(client)).toBe(stored)
  await append(client)
  expect(await lengthOf(client)).toBe(stored + 1)
})

test.each([
  { does: 'hang', stored: 0 },
  { does: 'hang after', stored: 1 },
] as const)('$does: an append is not answered, and its deadline ends it', async ({ does, stored }) => {
  const { model, client } = await modelAndClient()
  // Connected before the clock of the deadline runs.
  await append(client, 'other')
  model.faults.add({ does, calls: ['append'], times: 1 })
  await expect(append(client, 's', [event()], { deadline: 1000 })).rejects.toMatchObject({ type: 'deadline-exceeded' })
  expect(await lengthOf(client)).toBe(stored)
})

test('delay: an append lands after its caller has given up', async () => {
  const { model, client } = await modelAndClient()
  model.faults.add({ does: 'delay', calls: ['append'], times: 1, ms: 2000 })
  const subscription = client.subscribeToStream('s')
  await new Promise((resolve) => subscription.once('confirmation', resolve))
  const late = event()
  await expect(append(client, 's', [late], { deadline: 1000 })).rejects.toMatchObject({ type: 'deadline-exceeded' })
  for await (const { event: seen } of subscription) {
    expect(seen?.id).toBe(late.id)
    break
  }
  await subscription.unsubscribe()
})

test('a reset befalls one call: others of the connection go on', async () => {
  const { model, client } = await modelAndClient()
  const subscription = client.subscribeToStream('s')
  await new Promise((resolve) => subscription.once('confirmation', resolve))
  model.faults.add({ does: 'reset after', calls: ['append'], times: 1 })
  await expect(append(client)).rejects.toThrow()
  const seen: number[] = []
  for await (const { event: one } of subscription) {
    if (seen.push(Number(one?.revision)) === 1) await append(client)
    else break
  }
  await subscription.unsubscribe()
  expect(seen).toEqual([0, 1])
})

test('end: a subscription is ended with OK in the middle, and on order', async () => {
  const { model, client } = await modelAndClient()
  await append(client, 's', [event(), event(), event()])
  // Confirmation, two events.
  model.faults.add({ does: 'end', calls: ['subscribe'], afterMessages: 3, times: 1 })
  const seen: number[] = []
  for await (const { event: one } of client.subscribeToStream('s')) seen.push(Number(one?.revision))
  expect(seen).toEqual([0, 1])
  const live = client.subscribeToStream('s', { fromRevision: END })
  await new Promise((resolve) => live.once('confirmation', resolve))
  model.endSubscriptions()
  for await (const _event of live) expect.unreachable('nothing was appended')
})

test('a read breaks in the middle', async () => {
  const { model, client } = await modelAndClient()
  await append(client, 's', [event(), event(), event()])
  model.faults.add({ does: 'cut after', calls: ['read'], afterMessages: 2, times: 1 })
  const seen: unknown[] = []
  await expect(
    (async () => {
      for await (const one of client.readStream('s')) seen.push(one)
    })(),
  ).rejects.toMatchObject({ type: 'unavailable' })
  expect(seen.length).toBeLessThanOrEqual(2)
})

test('appends of a batch call meet the same faults', async () => {
  const { model, client } = await modelAndClient()
  await client.appendToStream('s', [event()])
  model.faults.add({ does: 'cut after', calls: ['append'], times: 1 })
  await expect(client.appendToStream('s', [event()])).rejects.toThrow()
  await client.appendToStream('s', [event()])
  expect(await lengthOf(client)).toBe(3)
})

test('killed connections: a live subscription gets an error, the client connects again', async () => {
  const { model, client } = await modelAndClient()
  const subscription = client.subscribeToStream('s')
  await new Promise((resolve) => subscription.once('confirmation', resolve))
  const failed = new Promise((resolve) => subscription.once('error', resolve))
  model.killConnections()
  expect(await failed).toMatchObject({ type: 'unavailable' })
  await append(client)
  expect(await lengthOf(client)).toBe(1)
})

test('an append of which a part was sent when its connection breaks stores nothing', async () => {
  const { model, client } = await modelAndClient()
  const raw = new Client(`127.0.0.1:${model.port}`, credentials.createInsecure())
  onTestFinished(() => raw.close())
  const { path, requestSerialize, responseDeserialize } = StreamsService.append
  const begin = (stream: string): { readonly end: () => void; readonly answer: Promise<unknown> } => {
    let end = (): void => undefined
    const answer = new Promise<unknown>((resolve, reject) => {
      const call = raw.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error, value) =>
        error === null ? resolve(value) : reject(error),
      )
      call.write(optionsFor(stream))
      call.write(proposed())
      end = () => call.end()
    })
    return { end, answer }
  }
  const torn = begin('torn')
  const failed = expect(torn.answer).rejects.toThrow()
  // Sent after it on the same connection, and answered: so the part is there.
  const whole = begin('whole')
  whole.end()
  await whole.answer
  model.killConnections()
  await failed
  await expect.poll(() => model.openCalls, { timeout: 20_000 }).toBe(0)
  expect([await lengthOf(client, 'torn'), await lengthOf(client, 'whole')]).toEqual([0, 1])
})

function optionsFor(stream: string): InstanceType<typeof streams.AppendReq> {
  const options = new streams.AppendReq.Options()
  options
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(stream).toString('base64')))
    .setAny(new shared.Empty())
  return new streams.AppendReq().setOptions(options)
}

function proposed(): InstanceType<typeof streams.AppendReq> {
  const message = new streams.AppendReq.ProposedMessage()
  message.setId(new shared.UUID().setString(randomUUID())).setData(Buffer.from('1').toString('base64'))
  message.getMetadataMap().set('type', 'Happened').set('content-type', 'application/json')
  return new streams.AppendReq().setProposedMessage(message)
}

test('down: nobody answers; up: the data is there, recent ids are not, explicit expectations are still recognised', async () => {
  const { model, client } = await modelAndClient()
  const [first, second] = [event(), event()]
  await append(client, 'any', [first])
  await append(client, 'any', [first])
  await append(client, 'exact', [second], { expectedRevision: 'no_stream' })
  expect(await lengthOf(client, 'any')).toBe(1)
  await model.down()
  await expect(append(client)).rejects.toMatchObject({ type: 'unavailable' })
  await model.up()
  await append(connected(model.url), 'any', [first])
  const again = await append(client, 'exact', [second], { expectedRevision: 'no_stream' })
  expect(again.nextExpectedRevision).toBe(0n)
  expect([await lengthOf(client, 'any'), await lengthOf(client, 'exact')]).toEqual([2, 1])
})

test('what was delayed when the node went down is not done by the node that comes up', async () => {
  const { model, client } = await modelAndClient()
  model.faults.add({ does: 'delay', calls: ['append'], times: 1, ms: 1000 })
  const pending = append(client)
  const failed = expect(pending).rejects.toMatchObject({ type: 'unavailable' })
  await expect.poll(() => model.faults.count, { timeout: 20_000 }).toBe(1)
  await model.restart()
  await failed
  // Answered after the delayed one was due.
  model.faults.add({ does: 'delay', calls: ['append'], times: 1, ms: 1200 })
  expect(await append(client)).toMatchObject({ nextExpectedRevision: 0n })
})

test('ids are remembered until others need the room', async () => {
  const { client } = await modelAndClient({ knownIdBytes: 100 })
  const first = event()
  await append(client, 's', [first])
  await append(client, 's', [first])
  expect(await lengthOf(client)).toBe(1)
  await append(
    client,
    's',
    Array.from({ length: 5 }, () => event()),
  )
  await append(client, 's', [first])
  expect(await lengthOf(client)).toBe(7)
})

test('frozen connections stay and pass nothing, until they are thawed', async () => {
  const { model, client } = await modelAndClient()
  await append(client)
  model.freeze()
  let settled = false
  const pending = append(client).finally(() => (settled = true))
  // The append is not even sent: a connection of its own, made now, does not reach the node either.
  await expect(append(connected(model.url), 's', [event()], { deadline: 200 })).rejects.toMatchObject({ type: 'deadline-exceeded' })
  expect(settled).toBe(false)
  model.thaw()
  await pending
  expect(await lengthOf(client)).toBeGreaterThanOrEqual(2)
})

test('open calls are counted until they are answered or left', async () => {
  const { model, client } = await modelAndClient()
  await append(client, 's', [event(), event()])
  const subscription = client.subscribeToStream('s')
  await new Promise((resolve) => subscription.once('confirmation', resolve))
  expect(model.openCalls).toBe(1)
  await subscription.unsubscribe()
  await lengthOf(client)
  await expect.poll(() => model.openCalls, { timeout: 20_000 }).toBe(0)
})

test('a reader who does not read leaves the rest in the node', async () => {
  const { model, client } = await modelAndClient()
  const large = (): EventData => jsonEvent({ type: 'Large', data: 'x'.repeat(100_000) })
  for (let batch = 0; batch < 5; batch += 1) await append(client, 's', Array.from({ length: 10 }, large))
  const read = client.readStream('s')
  const iterator = read[Symbol.asyncIterator]()
  await iterator.next()
  await lengthOf(client, 'other')
  expect(model.openCalls).toBe(1)
  await read.cancel()
  await expect.poll(() => model.openCalls, { timeout: 20_000 }).toBe(0)
})

test('a node serves a hundred calls of a connection: that many reads left open block every client of the process', async () => {
  const { model, client } = await modelAndClient()
  // More, in number and in bytes, than buffers and window of a reader hold.
  await append(
    client,
    's',
    Array.from({ length: 300 }, () => jsonEvent({ type: 'Large', data: 'x'.repeat(2_000) })),
  )
  const reads = Array.from({ length: 100 }, () => client.readStream('s'))
  await Promise.all(reads.map((read) => read[Symbol.asyncIterator]().next()))
  const second = connected(model.url)
  await expect(append(second, 's', [event()], { deadline: 300 })).rejects.toMatchObject({ type: 'deadline-exceeded' })
  await Promise.all(reads.map((read) => read.cancel()))
  await append(second)
})

test('discovery leads to the node', async () => {
  const { model } = await modelAndClient()
  const client = connected(model.url.replace('esdb:', 'esdb+discover:'))
  await append(client)
  expect(await lengthOf(client)).toBe(1)
})

test('a share of the calls is befallen: the same calls for the same seed', () => {
  const hits = (seed: number): number[] => {
    const faults = createFaults([{ does: 'hang', share: 0.05 }], seed)
    return Array.from({ length: 1000 }, (_, call) => call).filter(() => faults.take({ method: 'append', stream: 's' }) !== undefined)
  }
  expect(hits(7)).toEqual(hits(7))
  expect(hits(7)).not.toEqual(hits(8))
  expect(hits(7).length).toBeGreaterThan(20)
  expect(hits(7).length).toBeLessThan(100)
})

test('a fault spares calls, befalls some, and is taken away', () => {
  const faults = createFaults()
  const remove = faults.add({ does: 'hang', calls: ['append'], stream: 's', skip: 1, times: 2 })
  const take = (stream = 's'): boolean => faults.take({ method: 'append', stream }) !== undefined
  expect([take('other'), take(), take(), take(), take()]).toEqual([false, false, true, true, false])
  const again = faults.add({ does: 'hang' })
  expect([take(), faults.take({ method: 'gossip', stream: '' })]).toEqual([true, undefined])
  again()
  remove()
  expect(take()).toBe(false)
  faults.add({ does: 'hang' })
  faults.add({ does: 'delay' })
  faults.clear('hang')
  expect(faults.take({ method: 'append', stream: 's' })).toEqual({ does: 'delay' })
})
