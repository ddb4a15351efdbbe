import { type EventData, KurrentDBClient, jsonEvent } from '@kurrent/kurrentdb-client'
import { expect, onTestFinished, test } from 'vitest'
import { startEventStoreModelProcess } from './start-process.js'

const event = (): EventData => jsonEvent({ type: 'Happened', data: { n: 1 } })

test('the other client speaks to a model in a process of its own, which takes orders', async () => {
  const model = await startEventStoreModelProcess({ knownIdBytes: 1000 })
  const client = KurrentDBClient.connectionString(model.url.replace('esdb:', 'kurrentdb:'))
  onTestFinished(async () => {
    await client.dispose()
    await model.stop()
  })
  // Credentials make the client append in a call of its own.
  const append = (events: EventData[]) =>
    client.appendToStream('s', events, { streamState: 'any', credentials: { username: 'nobody', password: 'nothing' } })
  const typesRead = async (): Promise<(string | undefined)[]> => {
    const types: (string | undefined)[] = []
    for await (const resolved of client.readStream('s')) types.push(resolved.event?.type)
    return types
  }

  expect(await append([event()])).toMatchObject({ success: true, nextExpectedRevision: 0n })
  await model.addFault({ does: 'lose answer', calls: ['append'] })
  await expect(append([event()])).rejects.toMatchObject({ type: 'unavailable' })
  expect(await model.faultCount()).toBe(1)
  await model.clearFaults()

  const subscription = client.subscribeToStream('s')
  const seen: (bigint | undefined)[] = []
  for await (const resolved of subscription) {
    if (seen.push(resolved.event?.revision) === 2) await append([event()])
    if (seen.length === 3) break
  }
  await subscription.unsubscribe()
  expect(seen).toEqual([0n, 1n, 2n])

  const before = await typesRead()
  await model.restart()
  // A client may notice by a call only that its connection is gone.
  const typesAgain = (): Promise<unknown> => typesRead().catch((error: unknown) => error)
  await expect.poll(typesAgain, { timeout: 20_000 }).toEqual(before)
  await model.down()
  await expect(append([event()])).rejects.toMatchObject({ type: 'unavailable' })
  await model.up()
  await expect.poll(typesAgain, { timeout: 20_000 }).toEqual(before)
  await expect.poll(() => model.openCalls(), { timeout: 20_000 }).toBe(0)
})
