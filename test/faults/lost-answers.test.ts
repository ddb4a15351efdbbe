import type { PooledClient, PostgresPool, QueryConfig } from '@millrace/postgres'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { type Database, asPool, database, failureOf } from './database.js'

type Fate = 'lost after' | 'lost before'

/** A pool whose connections break at an append: after it was done, or before it was sent. */
function breakingPool(db: Database, fates: Fate[]): { readonly pool: PostgresPool; readonly appends: () => number; end(): Promise<void> } {
  const inner = new pg.Pool({ connectionString: db.url, max: 4 })
  inner.on('error', () => undefined)
  let appends = 0
  async function query(client: pg.PoolClient, config: QueryConfig): ReturnType<PooledClient['query']> {
    const run = () => client.query(config as never) as unknown as ReturnType<PooledClient['query']>
    if (config.values === undefined || !config.text.includes('append_')) return run()
    appends += 1
    const fate = fates.shift()
    if (fate === undefined) return run()
    if (fate === 'lost after') await run()
    // The socket is gone, as `pg` says it.
    ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    throw new Error('Connection terminated unexpectedly')
  }
  const pool: PostgresPool = {
    ...asPool(inner),
    async connect() {
      const client = await inner.connect()
      return {
        query: (config) => query(client, config),
        release: (destroy) => client.release(destroy),
        on: (name, listener) => client.on(name, listener),
        removeListener: (name, listener) => client.removeListener(name, listener),
      }
    },
    on: (name, listener) => inner.on(name, listener),
    removeListener: (name, listener) => inner.removeListener(name, listener),
  }
  return { pool, appends: () => appends, end: () => inner.end() }
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
        const { pool, end } = breakingPool(db, [...fates])
        const adapter = db.open({ pool })
        const sent = events()
        expect(await adapter.appendToStream('s', sent, { expectedVersion })).toMatchObject({ firstVersion: first, version: first + 1 })
        expect((await adapter.readStream('s', { from: first }).toArray()).map(({ id }) => id)).toEqual(sent.map(({ id }) => id))
        await adapter.close()
        await end()
      })

  test('an append to several streams: all parts, once', async (context) => {
    const db = database(context)
    const { pool, end } = breakingPool(db, ['lost after', 'lost before'])
    const adapter = db.open({ pool })
    const parts = [
      { streamId: 'b', events: events() },
      { streamId: 'a', events: events(), expectedVersion: 'noStream' as const },
    ]
    expect((await adapter.appendToStreams(parts)).map(({ streamId, version }) => [streamId, version])).toEqual([
      ['b', 2],
      ['a', 2],
    ])
    expect((await adapter.readAll().toArray()).length).toBe(4)
    await adapter.close()
    await end()
  })
  test('a rival that was there first: a conflict, not a success', async (context) => {
    const db = database(context)
    const { pool, end } = breakingPool(db, ['lost before'])
    const adapter = db.open({ pool })
    await db.open().appendToStream('s', events())
    const error = await failureOf(adapter.appendToStream('s', events(), { expectedVersion: 'noStream' }))
    expect([error.code, error.actualVersion]).toEqual(['concurrency', 2])
    await adapter.close()
    await end()
  })
  test('every time until the deadline: unknown, with the ids; again with the same ids: one copy', async (context) => {
    const db = database(context)
    const { pool, appends, end } = breakingPool(db, ['lost after', ...Array.from({ length: 10_000 }, () => 'lost before' as const)])
    const adapter = db.open({ pool })
    await adapter.open()
    const sent = events()
    const error = await failureOf(adapter.appendToStream('s', sent, { expectedVersion: 'noStream', timeoutMs: 400 }))
    expect([error.code, error.outcome, error.retryable, error.eventIds]).toEqual([
      'outcome-unknown',
      'unknown',
      true,
      sent.map(({ id }) => id),
    ])
    expect(appends()).toBeGreaterThan(1)
    expect(await db.open().appendToStream('s', sent, { expectedVersion: 'noStream' })).toMatchObject({ firstVersion: 1, version: 2 })
    expect((await db.open().readStream('s').toArray()).length).toBe(2)
    await adapter.close()
    await end()
  })
})

test('a connection that breaks during the set-up: it is done again', async (context) => {
  const db = database(context)
  const inner = new pg.Pool({ connectionString: db.url, max: 2 })
  inner.on('error', () => undefined)
  let breaks = 2
  const pool: PostgresPool = {
    ...asPool(inner),
    async connect() {
      const client = await inner.connect()
      return {
        query(config) {
          if (config.text.includes('CREATE TABLE') && breaks > 0) {
            breaks -= 1
            return Promise.reject(new Error('Connection terminated unexpectedly'))
          }
          return client.query(config as never) as unknown as ReturnType<PooledClient['query']>
        },
        release: (destroy) => client.release(destroy),
        on: (name, listener) => client.on(name, listener),
        removeListener: (name, listener) => client.removeListener(name, listener),
      }
    },
    on: (name, listener) => inner.on(name, listener),
    removeListener: (name, listener) => inner.removeListener(name, listener),
  }
  const adapter = db.open({ pool })
  expect((await adapter.appendToStream('s', events())).version).toBe(2)
  expect(breaks).toBe(0)
  await adapter.close()
  await inner.end()
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
