import { isConcurrencyError } from '@millrace/core'
import { expect, test } from 'vitest'
import { database } from './database.js'

test('32 writers of four clients, 200 rounds on one version: exactly one winner each', { timeout: 120_000 }, async (context) => {
  const db = database(context)
  const clients = Array.from({ length: 4 }, () => db.open({ connection: { connectionString: db.url, max: 8 } }))
  await Promise.all(clients.map((client) => client.open()))
  const [client] = clients
  if (client === undefined) return
  const winners: string[] = []
  for (let version = 0; version < 200; version += 1) {
    const ids = Array.from({ length: 32 }, () => crypto.randomUUID())
    const outcomes = await Promise.allSettled(
      ids.map((id, writer) =>
        (clients[writer % 4] ?? client).appendToStream('hot', [{ id, type: 'Won', data: { version, writer } }], {
          expectedVersion: version,
        }),
      ),
    )
    const won = ids.filter((_id, writer) => outcomes[writer]?.status === 'fulfilled')
    const others = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
    expect(won.length, `winners of round ${version}`).toBe(1)
    // Who lost saw the winner, and nobody further.
    expect(others.map((error) => (isConcurrencyError(error) ? error.actualVersion : error))).toEqual(others.map(() => version + 1))
    winners.push(...won)
  }
  const stored = await client.readStream('hot').toArray()
  expect(stored.map(({ id }) => id)).toEqual(winners)
  expect(stored.map(({ version }) => version)).toEqual(winners.map((_id, index) => index + 1))
})
