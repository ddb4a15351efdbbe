import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { cluster } from './cluster.js'
import { asPool, database, databaseAt, failureOf, until } from './database.js'

// Faults 18 and 22: no connection is to be had, of the pool or of the server. Fault 19, idle connections that the server ends, is in
// packages/postgres/src/connections.int.test.ts.

const event = { type: 'Happened', data: 1 }

describe('a pool of one, held', () => {
  test('by others: typed within the time set, nothing sent; free again, it works', async (context) => {
    const db = database(context)
    const pool = new pg.Pool({ connectionString: db.url, max: 1, connectionTimeoutMillis: 150 })
    context.onTestFinished(() => pool.end())
    const adapter = db.open({ pool: asPool(pool) })
    await adapter.appendToStream('s', [event])
    const held = await pool.connect()
    const from = performance.now()
    const errors = await Promise.all(
      [
        adapter.appendToStream('s', [event], { timeoutMs: 3000 }),
        adapter.appendToStream('s', [event], { timeoutMs: 3000, expectedVersion: 1 }),
        adapter.readStream('s', { timeoutMs: 3000 }).toArray(),
      ].map(failureOf),
    )
    const ms = performance.now() - from
    held.release()
    expect(ms).toBeLessThan(10_000)
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'unavailable', outcome: 'not-applied', retryable: true })
      expect(error.message).toContain('no connection was free in time')
    }
    expect((await adapter.appendToStream('s', [event])).version).toBe(2)
    await until(() => pool.idleCount === 1 && pool.waitingCount === 0)
  })
  test('by a call of our own: the queue is left in time, and the call that was sent is settled', async (context) => {
    const db = database(context)
    const adapter = db.open({ connection: { connectionString: db.url, max: 1 }, timeouts: { connectMs: 150 } })
    await adapter.appendToStream('s', [event])
    const client = await db.admin.connect()
    await client.query('BEGIN')
    await client.query(`SELECT 1 FROM ${db.table('streams')} WHERE stream_id = 's' FOR UPDATE`)
    const sent = adapter.appendToStream('s', [event])
    await until(async () => (await db.rows("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")).length > 0)
    expect(await failureOf(adapter.getStreamState('s'))).toMatchObject({ code: 'unavailable', outcome: 'not-applied' })
    await client.query('COMMIT')
    client.release()
    expect((await sent).version).toBe(2)
    expect(await adapter.getStreamState('s')).toMatchObject({ version: 2 })
  })
})

test('a server with four connections, all taken: typed, nothing applied; as soon as one is free a waiting call gets it', async (context) => {
  const server = await cluster(context, {
    config: { max_connections: '4', superuser_reserved_connections: '0', max_wal_senders: '0', autovacuum_max_workers: '1' },
  })
  await server.start()
  const setUp = new pg.Client({ connectionString: server.url })
  await setUp.connect()
  await setUp.query("SET application_name = 'first'")
  const adapter = databaseAt(server.url, context).open({ connection: { connectionString: server.url, max: 2 } })
  await adapter.appendToStream('s', [event])
  // Its connections end, and others take their places.
  await setUp.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace'")
  const taken = [setUp]
  for (let places = 3; places > 0;) {
    const client = new pg.Client({ connectionString: server.url })
    try {
      await client.connect()
      taken.push(client)
      places -= 1
    } catch {
      // The place of a session that is still ending.
    }
  }
  const error = await failureOf(adapter.appendToStream('s', [event]))
  expect(error).toMatchObject({ code: 'unavailable', outcome: 'not-applied', retryable: true })
  expect(error.message).toContain('run out of a resource')
  const waiting = adapter.appendToStream('s', [event], { expectedVersion: 1 })
  await taken.pop()?.end()
  expect((await waiting).version).toBe(2)
  for (const client of taken) await client.end()
})

test('a server that is starting: not applied, tried again, and served as soon as it is up', async (context) => {
  const server = await cluster(context)
  await server.start()
  const db = databaseAt(server.url, context)
  const adapter = db.open()
  await adapter.appendToStream('s', [event])
  // Without the standby's leave to answer reads, a server in recovery says 57P03 for as long as it recovers.
  await server.stop()
  await server.write('standby.signal', '')
  server.launch({ hot_standby: 'off' })
  await until(async () => (await failureOf(connectOnce(server.url))).code === '57P03')
  const error = await failureOf(adapter.appendToStream('s', [event]))
  expect(error).toMatchObject({ code: 'unavailable', outcome: 'not-applied', retryable: true })
  expect(error.message).toContain('starting up')
  const waiting = [
    adapter.appendToStream('s', [event], { expectedVersion: 1, timeoutMs: 20_000 }),
    adapter.readStream('s', { timeoutMs: 20_000 }).toArray(),
  ] as const
  await server.promote()
  // Nine tries take about two seconds; a server that takes longer is called again by whoever called.
  const [append, read] = await Promise.allSettled(waiting)
  for (const one of [append, read]) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'unavailable' })
  await server.ready()
  if (append.status === 'rejected') await adapter.appendToStream('s', [event], { expectedVersion: 1 })
  expect((await adapter.readStream('s').toArray()).map(({ version }) => version)).toEqual([1, 2])
})

async function connectOnce(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => undefined)
  await client.connect()
  await client.end()
}
