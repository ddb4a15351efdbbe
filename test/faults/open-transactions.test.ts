import { type PostgresClient, doctor } from '@millrace/postgres'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { cluster } from './cluster.js'
import { type Database, database, databaseAt, failureOf, until } from './database.js'

// Faults 11 to 13: what other transactions do to readers of the log. Tailing readers under slow and rolled-back transactions, with the
// control of a naive reader, are in tailing-reader.test.ts.

const event = { type: 'Happened', data: 1 }

/** A client of its own in an open transaction. */
async function transaction(db: Database, context: Parameters<typeof database>[0]) {
  const client = new pg.Client({ connectionString: db.url })
  client.on('error', () => undefined)
  await client.connect()
  context.onTestFinished(() => client.end())
  await client.query('BEGIN')
  return { query: (sql: string) => client.query(sql), client: client as unknown as PostgresClient }
}

/** Follows the log until the test is over. */
function follow(adapter: ReturnType<Database['open']>, context: Parameters<typeof database>[0]) {
  const seen: string[] = []
  const subscription = adapter.subscribeToAll()
  const following = (async () => {
    for await (const { streamId } of subscription) seen.push(streamId)
  })()
  context.onTestFinished(async () => {
    await subscription[Symbol.asyncDispose]()
    await following
  })
  return seen
}

describe('a slow transaction that holds a lower position', () => {
  test('no reader passes it; committed, it comes in its place', async (context) => {
    const db = database(context)
    const adapter = db.open()
    await adapter.open()
    const seen = follow(adapter, context)
    const { query, client } = await transaction(db, context)
    await adapter.withClient(client).appendToStream('slow', [event])
    await adapter.appendToStream('quick', [event])
    const error = await failureOf(adapter.readAll({ timeoutMs: 300 }).toArray())
    expect(error).toMatchObject({ code: 'timeout', outcome: 'not-applied' })
    expect(seen).toEqual([])
    await query('COMMIT')
    await until(() => seen.length === 2)
    expect(seen).toEqual(['slow', 'quick'])
    expect((await adapter.readAll().toArray()).map(({ streamId }) => streamId)).toEqual(['slow', 'quick'])
  })
  test('a read that waits in vain says who is in its way', async (context) => {
    const db = database(context)
    const adapter = db.open({ timeouts: { settleMs: 300 } })
    await adapter.open()
    const { query, client } = await transaction(db, context)
    await adapter.withClient(client).appendToStream('slow', [event])
    const [{ pid }] = (await query('SELECT pg_backend_pid() AS pid')).rows as [{ pid: number }]
    await adapter.appendToStream('quick', [event])
    const error = await failureOf(adapter.readAll().toArray())
    expect(error).toMatchObject({ code: 'timeout', retryable: true })
    expect(error.hint).toContain(`pid ${pid}`)
    expect(error.hint).toContain('idle in transaction')
    const facts = await doctor({ connection: db.url, schema: db.schema })
    const [holder] = facts.filter(({ name }) => name === 'holder')
    expect(holder).toMatchObject({ status: 'warning' })
    expect(holder?.value).toMatch(new RegExp(`pid ${pid} .*idle in transaction`, 'u'))
    await query('ROLLBACK')
    expect((await doctor({ connection: db.url, schema: db.schema })).filter(({ name }) => name === 'holder')).toEqual([])
    expect((await adapter.readAll().toArray()).map(({ streamId }) => streamId)).toEqual(['quick'])
  })
})

describe('appends that come to nothing', () => {
  test('100 conflicts burn no position', async (context) => {
    const db = database(context)
    const adapter = db.open()
    const { position: before } = await adapter.appendToStream('s', [event])
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => adapter.appendToStream('s', [event], { expectedVersion: n % 2 === 0 ? 'noStream' : 7 })),
    )
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    const { position: after } = await adapter.appendToStream('s', [event])
    const number = (position: string | undefined): number => Number(position?.split('-').at(-1))
    expect(number(after) - number(before)).toBe(1)
  })
  test('40 appends rolled back leave holes that stall no reader', async (context) => {
    const db = database(context)
    const adapter = db.open()
    await adapter.open()
    const seen = follow(adapter, context)
    const { query, client } = await transaction(db, context)
    for (let n = 0; n < 40; n += 1) {
      await adapter.withClient(client).appendToStream('never', [event])
      await query('ROLLBACK')
      await adapter.appendToStream(`s-${n}`, [event])
      await query('BEGIN')
      // Behind a hole, and at once: it is here before the next append is made.
      await until(() => seen.length === n + 1)
    }
    expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => `s-${n}`))
  })
})

describe('a transaction that has nothing to do with the log, open for as long as it likes', () => {
  for (const [what, statements] of [
    ['wrote to another table', ['CREATE TABLE %s.others (n int)', 'INSERT INTO %s.others VALUES (1)']],
    ['read the log', ['SELECT count(*) FROM %s.events']],
    ['holds a snapshot', ['SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', 'SELECT 1', 'SELECT txid_current()']],
  ] as const)
    test(`${what}: readers do not wait`, async (context) => {
      const db = database(context)
      const adapter = db.open({ timeouts: { settleMs: 2000 } })
      await adapter.open()
      const { query } = await transaction(db, context)
      for (const statement of statements) await query(statement.replace('%s', pg.escapeIdentifier(db.schema)))
      const seen = follow(adapter, context)
      for (let n = 0; n < 3; n += 1) {
        await adapter.appendToStream(`s-${n}`, [event])
        expect((await adapter.readAll().toArray()).length).toBe(n + 1)
        await until(() => seen.length === n + 1)
      }
      await query('ROLLBACK')
    })
})

test('an append that is prepared, a restart, a crash, and COMMIT PREPARED: no reader has passed it', async (context) => {
  const server = await cluster(context)
  await server.start()
  const db = databaseAt(server.url, context)
  const adapter = db.open()
  await adapter.open()
  const seen = follow(adapter, context)
  const { query, client } = await transaction(db, context)
  await adapter.withClient(client).appendToStream('prepared', [event])
  await query("PREPARE TRANSACTION 'late'")
  await adapter.appendToStream('first', [event])
  await server.stop()
  await server.start()
  await adapter.appendToStream('second', [event])
  // A backend killed -9 makes the server start all others anew, without a new time of its start.
  const [victim] = await db.rows('SELECT pg_backend_pid() AS pid')
  process.kill(Number(victim?.pid), 'SIGKILL')
  await server.ready()
  await adapter.appendToStream('third', [event])
  expect(await failureOf(adapter.readAll({ timeoutMs: 500 }).toArray())).toMatchObject({ code: 'timeout' })
  expect(seen).toEqual([])
  expect((await doctor({ connection: db.url, schema: db.schema })).map(({ value }) => value)).toContain('prepared transaction late')
  await until(async () => {
    try {
      await db.rows("COMMIT PREPARED 'late'")
      return true
    } catch {
      // Connections that the crash took with it.
      return (await db.rows('SELECT 1 FROM pg_prepared_xacts')).length === 0
    }
  })
  await until(() => seen.length === 4)
  expect(seen).toEqual(['prepared', 'first', 'second', 'third'])
})
