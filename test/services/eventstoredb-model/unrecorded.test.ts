import { randomUUID } from 'node:crypto'
import { Client, type ServiceError, credentials } from '@grpc/grpc-js'
import { END, type EventData, EventStoreDBClient, START, jsonEvent } from '@eventstore/db-client'
import empty from 'google-protobuf/google/protobuf/empty_pb.js'
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js'
import { expect, onTestFinished, test } from 'vitest'
import { StreamsService, shared, streams } from './definitions.js'
import { startEventStoreModel } from './start.js'

// What the model decides and no recording shows: replay/unrecorded.ts says why.
async function modelAndClient(): Promise<{ client: EventStoreDBClient; raw: Client }> {
  const model = await startEventStoreModel()
  const client = EventStoreDBClient.connectionString(model.url)
  const raw = new Client(`127.0.0.1:${model.port}`, credentials.createInsecure())
  onTestFinished(async () => {
    raw.close()
    await client.dispose()
    await model.stop()
  })
  return { client, raw }
}

/** Makes 6.2.1 append in a call of its own; nothing is sent of it without TLS. */
const unary = { credentials: { username: 'nobody', password: 'nothing' } }
const event = (): EventData => jsonEvent({ id: randomUUID(), type: 'Happened', data: { n: 1 } })

test('a refused delete of a name that no trailer takes breaks off as HTTP 500', async () => {
  const { client } = await modelAndClient()
  const refused = { message: expect.stringContaining('HTTP status code 500') as string }
  await expect(client.deleteStream('nämé', { expectedRevision: 5n })).rejects.toMatchObject(refused)
  await expect(client.deleteStream('name', { expectedRevision: 5n })).rejects.toMatchObject({ type: 'wrong-expected-version' })
})

test('known ids with streamExists on a deleted stream are refused', async () => {
  const { client } = await modelAndClient()
  const events = [event()]
  await client.appendToStream('s', events, unary)
  const exists = { expectedRevision: 'stream_exists' as const, ...unary }
  expect((await client.appendToStream('s', events, exists)).nextExpectedRevision).toBe(0n)
  await client.deleteStream('s')
  await expect(client.appendToStream('s', events, exists)).rejects.toMatchObject({ type: 'stream-deleted' })
})

test('known ids and more with no_stream on a deleted stream are refused', async () => {
  const { client } = await modelAndClient()
  const [events, none] = [[event()], { expectedRevision: 'no_stream' as const, ...unary }]
  await client.appendToStream('s', events, none)
  await client.deleteStream('s')
  await expect(client.appendToStream('s', [...events, event()], none)).rejects.toMatchObject({ type: 'wrong-expected-version' })
})

test.each([
  { from: START, sees: ['before', 'after'] },
  { from: END, sees: ['after'] },
] as const)('a subscription to the log begins at its start or at its end: $from', async ({ from, sees }) => {
  const { client } = await modelAndClient()
  await client.appendToStream('before', [event()], unary)
  const subscription = client.subscribeToAll({ fromPosition: from })
  await new Promise((resolve) => subscription.once('caughtUp', resolve))
  await client.appendToStream('after', [event()], unary)
  const seen: unknown[] = []
  for await (const { event: one } of subscription) if (seen.push(one?.streamId) === sees.length) break
  await subscription.unsubscribe()
  expect(seen).toEqual(sees)
})

test('metadata that is not JSON is passed over', async () => {
  const { client } = await modelAndClient()
  await client.appendToStream('s', [event()], unary)
  const broken = { id: randomUUID(), type: '$metadata', contentType: 'application/octet-stream', metadata: undefined } as const
  await client.appendToStream('$$s', [{ ...broken, data: Buffer.from('{"$tb":9223372036854775807') }], unary)
  expect((await client.appendToStream('s', [event()], unary)).nextExpectedRevision).toBe(1n)
})

test('an append without a message is incomplete', async () => {
  const { raw } = await modelAndClient()
  const { path, requestSerialize, responseDeserialize } = StreamsService.append
  const error = await new Promise<ServiceError | null>((resolve) =>
    raw.makeClientStreamRequest(path, requestSerialize, responseDeserialize, resolve).end(),
  )
  expect(error).toMatchObject({ code: 13, details: 'Incomplete message.' })
})

test('a batch append whose deadline is over is answered with Timeout, and one without options not at all', async () => {
  const { raw, client } = await modelAndClient()
  const { path, requestSerialize, responseDeserialize } = StreamsService.batchAppend
  const call = raw.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
  call.on('error', () => undefined)
  onTestFinished(() => call.cancel())
  const message = new streams.BatchAppendReq.ProposedMessage().setId(new shared.UUID().setString(randomUUID()))
  message.getMetadataMap().set('type', 'Happened').set('content-type', 'application/json')
  const request = new streams.BatchAppendReq()
    .setCorrelationId(new shared.UUID().setString(randomUUID()))
    .setProposedMessagesList([message])
    .setIsFinal(true)
  call.write(request)
  const options = new streams.BatchAppendReq.Options()
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from('s')))
    .setAny(new empty.Empty())
  options.setDeadline(timestamp.Timestamp.fromDate(new Date(Date.now() - 1000)))
  call.write(request.clone().setOptions(options))
  const answer = await new Promise<InstanceType<typeof streams.BatchAppendResp>>((resolve) => call.once('data', resolve))
  expect(answer.getError()?.getMessage()).toBe('Timeout')
  await expect(client.readStream('s')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ type: 'stream-not-found' })
})
