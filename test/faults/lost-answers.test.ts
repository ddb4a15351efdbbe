import { type FaultRule, createFaultProxy } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { type Database, database, failureOf } from './database.js'

type Fate = 'lost after' | 'lost before'

/** The text of an append, and not that of the set-up, in the bytes of a connection without prepared statements. */
const isAppend = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes('append_') && !Buffer.from(bytes).includes('CREATE ')
/** The message that ends every answer: ReadyForQuery, five bytes of length and state. */
const isAnswered = (bytes: Uint8Array): boolean => bytes.at(-6) === 'Z'.charCodeAt(0)

/** An adapter whose connections break at its appends: after they were done, or before they were sent. */
async function breaking(db: Database, fates: readonly Fate[], rule: Partial<FaultRule> = {}) {
  const { hostname, port } = new URL(db.url)
  const proxy = await createFaultProxy({ host: hostname, port: Number(port) })
  const faults = fates.map((fate) =>
    proxy.inject({ fault: fate === 'lost after' ? 'cut-after' : 'cut-before', when: isAppend, answered: isAnswered, ...rule }),
  )
  const url = Object.assign(new URL(db.url), { hostname: proxy.host, port: String(proxy.port) })
  const adapter = db.open({ connection: url.href, preparedStatements: false })
  return {
    adapter,
    proxy,
    strikes: () => faults.map(({ strikes }) => strikes),
    async end() {
      await adapter.close()
      await proxy.close()
    },
  }
}

const events = () => [
  { id: crypto.randomUUID(), type: 'A', data: 1 },
  { id: crypto.randomUUID(), type: 'B', data: 2 },
]

describe('a connection that breaks at an append', () => {
  for (const expectedVersion of ['any', 'noStream', 'streamExists', 1] as const)
    for (const fates of [
      ['lost after'],
      ['lost before'],
      ['lost after', 'lost before', 'lost after'],
      ['lost before', 'lost before'],
    ] as const)
      test(`expected ${expectedVersion}, ${fates.join(', ')}: the original result, one copy`, async (context) => {
        const db = database(context)
        const first = expectedVersion === 'noStream' ? 1 : 2
        if (first === 2) await db.open().appendToStream('s', [{ type: 'First', data: 0 }])
        const { adapter, strikes, end } = await breaking(db, fates)
        const sent = events()
        expect(await adapter.appendToStream('s', sent, { expectedVersion })).toMatchObject({ firstVersion: first, version: first + 1 })
        expect((await adapter.readStream('s', { from: first }).toArray()).map(({ id }) => id)).toEqual(sent.map(({ id }) => id))
        expect(strikes()).toEqual(fates.map(() => 1))
        await end()
      })

  test('an append to several streams: all parts, once', async (context) => {
    const db = database(context)
    const { adapter, strikes, end } = await breaking(db, ['lost after', 'lost before'])
    const parts = [
      { streamId: 'b', events: events() },
      { streamId: 'a', events: events(), expectedVersion: 'noStream' as const },
    ]
    expect((await adapter.appendToStreams(parts)).map(({ streamId, version }) => [streamId, version])).toEqual([
      ['b', 2],
      ['a', 2],
    ])
    expect((await adapter.readAll().toArray()).length).toBe(4)
    expect(strikes()).toEqual([1, 1])
    await end()
  })
  test('a rival that was there first: a conflict, not a success', async (context) => {
    const db = database(context)
    const { adapter, strikes, end } = await breaking(db, ['lost before'])
    await db.open().appendToStream('s', events())
    const error = await failureOf(adapter.appendToStream('s', events(), { expectedVersion: 'noStream' }))
    expect([error.code, error.actualVersion]).toEqual(['concurrency', 2])
    expect(strikes()).toEqual([1])
    await end()
  })
  test('every time until the deadline: unknown, with the ids; again with the same ids: one copy', async (context) => {
    const db = database(context)
    const { adapter, proxy, strikes, end } = await breaking(db, ['lost after'])
    proxy.inject({ fault: 'cut-before', when: isAppend, times: Infinity })
    await adapter.open()
    const sent = events()
    const error = await failureOf(adapter.appendToStream('s', sent, { expectedVersion: 'noStream', timeoutMs: 400 }))
    expect([error.code, error.outcome, error.retryable, error.eventIds]).toEqual([
      'outcome-unknown',
      'unknown',
      true,
      sent.map(({ id }) => id),
    ])
    expect(strikes()).toEqual([1])
    expect(proxy.faults.length).toBeGreaterThan(1)
    expect(await db.open().appendToStream('s', sent, { expectedVersion: 'noStream' })).toMatchObject({ firstVersion: 1, version: 2 })
    expect((await db.open().readStream('s').toArray()).length).toBe(2)
    await end()
  })
})

test('a connection that breaks during the set-up: it is done again', async (context) => {
  const db = database(context)
  const { adapter, strikes, end } = await breaking(db, ['lost before', 'lost after'], {
    when: (bytes) => Buffer.from(bytes).includes('CREATE TABLE'),
  })
  expect((await adapter.appendToStream('s', events())).version).toBe(2)
  expect(strikes()).toEqual([1, 1])
  await end()
})

test('a late twin: an append that waits in the server for the stream, given up and sent again, is stored once', async (context) => {
  const db = database(context)
  const adapter = db.open({ timeouts: { lockMs: 5000 } })
  await adapter.appendToStream('s', [{ type: 'First', data: 0 }])
  // Somebody holds the stream.
  const holder = await db.admin.connect()
  await holder.query('BEGIN')
  await holder.query(`SELECT 1 FROM ${db.table('streams')} WHERE stream_id = 's' FOR UPDATE`)
  const sent = events()
  const append = adapter.appendToStream('s', sent)
  const waiting = async () =>
    db.rows("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%append_v2%' AND query LIKE $1", [
      `%${db.schema}%`,
    ])
  while ((await waiting()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  // The client's socket breaks; the server does not notice while it waits for the lock. The adapter sends again, to settle.
  const [twin] = await waiting()
  await db.rows('SELECT pg_terminate_backend($1)', [twin?.pid])
  while ((await waiting()).every(({ pid }) => pid === twin?.pid)) await new Promise((resolve) => setTimeout(resolve, 5))
  await holder.query('COMMIT')
  holder.release()
  expect(await append).toMatchObject({ firstVersion: 2, version: 3 })
  expect((await adapter.readStream('s', { from: 2 }).toArray()).map(({ id }) => id)).toEqual(sent.map(({ id }) => id))
})
