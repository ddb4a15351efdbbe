import { EventStoreDBClient } from '@eventstore/db-client'
import { KurrentDBClient } from '@kurrent/kurrentdb-client'
import { type EventStoreError, isEventStoreError } from '@millrace/core'
import { expect, test } from 'vitest'
import { eventStoreDB } from './eventstoredb.js'

const nowhere = '127.0.0.1:1?tls=false'

async function errorOf(store: Parameters<typeof eventStoreDB>[0]): Promise<EventStoreError> {
  const adapter = eventStoreDB(store)
  const error: unknown = await adapter.open({ timeoutMs: 3000 }).catch((caught: unknown) => caught)
  await adapter.close()
  if (isEventStoreError(error)) return error
  throw error
}

// No server: which package a client is of is known before it connects.
test('clients of both packages in one process: the second is refused, handed in or made by a function', async () => {
  const [first, second] = [
    EventStoreDBClient.connectionString(`esdb://${nowhere}`),
    KurrentDBClient.connectionString(`kurrentdb://${nowhere}`),
  ]
  expect(await errorOf(first)).toMatchObject({ code: 'unavailable' })
  for (const given of [second, () => second, { client: second }])
    expect(await errorOf(given)).toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/"@kurrent\/kurrentdb-client".*"@eventstore\/db-client" is in use/u) as string,
      hint: expect.stringContaining('one of the two') as string,
    })
  // What a URL names is spoken by the client in use.
  expect(await errorOf(`kurrentdb://${nowhere}`)).toMatchObject({ code: 'unavailable' })
  expect(await errorOf(() => first)).toMatchObject({ code: 'unavailable' })
  await Promise.all([first.dispose(), second.dispose()])
})
