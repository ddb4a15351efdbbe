import { isConcurrencyError, isStreamDeletedError } from '@millrace/core'
import { expect, test } from 'vitest'
import { delay } from '../services/dynamodb-proxy.js'
import { events, idsIn, idsOf, table } from './dynamodb-table.js'

/** A slow machine must not decide a race. */
const timeoutMs = 60_000

/** Answers come in another order than requests. */
const reordering = { fault: delay(() => Math.random() * 8) }

test('32 writers of four clients, 4 rounds on one version: exactly one winner each', { timeout: 120_000 }, async (context) => {
  const own = await table(context)
  own.proxy.inject(reordering)
  const clients = Array.from({ length: 4 }, () => own.open())
  await Promise.all(clients.map((client) => client.open()))
  const winners: string[] = []
  for (let version = 0; version < 4; version += 1) {
    const sent = Array.from({ length: 32 }, () => events(1 + (version % 3)))
    const outcomes = await Promise.allSettled(
      sent.map((batch, writer) => clients[writer % 4]?.appendToStream('hot', batch, { expectedVersion: winners.length, timeoutMs })),
    )
    const won = sent.filter((_batch, writer) => outcomes[writer]?.status === 'fulfilled')
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
    expect(won.length, `winners of round ${version}`).toBe(1)
    winners.push(...idsOf(won[0] ?? []))
    expect(lost.map((error) => (isConcurrencyError(error) ? error.actualVersion : error))).toEqual(lost.map(() => winners.length))
  }
  for (const client of clients) expect(await idsIn(client, 'hot')).toEqual(winners)
})

test(
  "32 writers of four clients with 'any': all resolve, all is stored once, each writer's order kept",
  { timeout: 120_000 },
  async (context) => {
    const own = await table(context)
    own.proxy.inject(reordering)
    const clients = Array.from({ length: 4 }, () => own.open())
    await clients[0]?.open()
    const batches = await Promise.all(
      Array.from({ length: 32 }, async (_, writer) => {
        const mine = Array.from({ length: 2 }, () => events(1))
        for (const batch of mine) await clients[writer % 4]?.appendToStream('hot', batch, { timeoutMs })
        return mine.flat()
      }),
    )
    const stored = await idsIn(own.open(), 'hot')
    expect([...stored].sort()).toEqual(idsOf(batches.flat()).sort())
    for (const mine of batches) expect(stored.filter((id) => mine.some((event) => event.id === id))).toEqual(idsOf(mine))
  },
)

for (const kind of ['delete', 'tombstone'] as const)
  for (const expectation of ['streamExists', 'any', 'exact'] as const)
    test(`8 races of ${kind} against an append that expects ${expectation}: one order explains each`, async (context) => {
      const own = await table(context)
      own.proxy.inject(reordering)
      const [writer, remover] = [own.open(), own.open()]
      await Promise.all([writer.open(), remover.open()])
      const seen = new Set<string>()
      for (let round = 0; round < 8; round += 1) {
        const id = `s-${round}`
        await writer.appendToStream(id, events(1))
        const sent = events(1)
        const expectedVersion = expectation === 'exact' ? 1 : expectation
        const [append, removal] = await Promise.allSettled([
          writer.appendToStream(id, sent, { expectedVersion, timeoutMs }),
          kind === 'delete'
            ? remover.deleteStream(id, { expectedVersion: 1, timeoutMs })
            : remover.tombstoneStream(id, { expectedVersion: 1, timeoutMs }),
        ])
        const state = await own.open().getStreamState(id)
        const stored = (await own.items(`STREAM#${id}`)).some(({ event_id }) => event_id?.S === sent[0]?.id)
        expect(stored).toBe(append.status === 'fulfilled')
        if (append.status === 'rejected') expect(isStreamDeletedError(append.reason)).toBe(true)
        if (removal.status === 'rejected') expect(isConcurrencyError(removal.reason)).toBe(true)
        seen.add(`${append.status} ${removal.status} ${state.status}`)
      }
      // The append first: the removal at version 1 conflicts. The removal first: the append is refused, or re-creates what was deleted.
      const recreates = kind === 'delete' && expectation !== 'streamExists'
      const possible = [
        'fulfilled rejected live',
        recreates ? 'fulfilled fulfilled live' : `rejected fulfilled ${kind === 'delete' ? 'deleted' : 'tombstoned'}`,
      ]
      expect([...seen].filter((outcome) => !possible.includes(outcome))).toEqual([])
    })

test('a soft-deleted stream is re-created by one of 24 that race for it, whatever they expect', async (context) => {
  const own = await table(context)
  own.proxy.inject(reordering)
  const clients = Array.from({ length: 3 }, () => own.open())
  const [client] = clients
  for (let round = 0; round < 3; round += 1) {
    const id = `s-${round}`
    await client?.appendToStream(id, events(2))
    await client?.deleteStream(id)
    const sent = Array.from({ length: 24 }, () => events(1))
    const outcomes = await Promise.allSettled(
      sent.map((batch, writer) =>
        clients[writer % 3]?.appendToStream(id, batch, { expectedVersion: writer % 2 === 0 ? 'noStream' : 2, timeoutMs }),
      ),
    )
    const won = sent.filter((_batch, writer) => outcomes[writer]?.status === 'fulfilled')
    expect(won.length).toBe(1)
    expect(await idsIn(own.open(), id)).toEqual(idsOf(won.flat()))
    expect(await own.open().getStreamState(id)).toEqual({ status: 'live', version: 3, firstVersion: 3 })
  }
})
