import { isConcurrencyError } from '@millrace/core'
import type { PostgresClient } from '@millrace/postgres'
import pg from 'pg'
import { expect, test } from 'vitest'
import { type Database, asPool, database, failureOf, until } from './database.js'

// Fault 23: the server ends a transaction because it crosses another one.

const event = { type: 'Happened', data: 1 }
const batch = (...streamIds: string[]) => streamIds.map((streamId) => ({ streamId, events: [event] }))

const waiting = (db: Database, name: string) =>
  db.rows("SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'", [name])

test('a deadlock with the caller’s own transaction: ours is rolled back, tried again, and stored once', async (context) => {
  const db = database(context)
  const name = `cross_${db.schema}`
  // The server looks for deadlocks in the session that has waited so long: ours, not theirs.
  const options = '-c deadlock_timeout=50ms'
  const adapter = db.open({ connection: { connectionString: db.url, application_name: name, options } })
  await adapter.appendToStreams(batch('a', 'b'))
  const theirs = new pg.Client({ connectionString: db.url, options: '-c deadlock_timeout=60s' })
  await theirs.connect()
  context.onTestFinished(() => theirs.end())
  for (let round = 1; round <= 5; round += 1) {
    await theirs.query('BEGIN')
    await adapter.withClient(theirs as unknown as PostgresClient).appendToStream('b', [event])
    // Ours holds a, and waits for b.
    const ours = adapter.appendToStreams(batch('a', 'b'))
    await until(async () => (await waiting(db, name)).length === 1)
    // Theirs waits for a: a circle, which the server ends.
    await adapter.withClient(theirs as unknown as PostgresClient).appendToStream('a', [event])
    await theirs.query('COMMIT')
    expect((await ours).map(({ streamId, version }) => [streamId, version])).toEqual([
      ['a', 1 + 2 * round],
      ['b', 1 + 2 * round],
    ])
  }
  expect((await adapter.readAll().toArray()).length).toBe(2 + 5 * 4)
})

test('appends to the same streams in opposite orders never meet in a circle', async (context) => {
  const db = database(context)
  const clients = [db.open(), db.open()]
  await Promise.all(clients.map((client) => client.open()))
  const ids = ['a', 'b', 'c', 'd']
  await Promise.all(
    clients.flatMap((client, which) =>
      Array.from({ length: 40 }, () => client.appendToStreams(batch(...(which === 0 ? ids : [...ids].reverse())))),
    ),
  )
  for (const id of ids) expect(await clients[0]?.getStreamState(id)).toMatchObject({ version: 80 })
})

test('a database whose default is SERIALIZABLE: one winner a round, and who loses sees a conflict, not 40001', async (context) => {
  const db = database(context)
  const pools = [1, 2].map(
    () => new pg.Pool({ connectionString: db.url, max: 8, options: '-c default_transaction_isolation=serializable' }),
  )
  context.onTestFinished(async () => void (await Promise.all(pools.map((pool) => pool.end()))))
  const clients = pools.map((pool) => db.open({ pool: asPool(pool) }))
  await Promise.all(clients.map((client) => client.open()))
  for (let version = 0; version < 25; version += 1) {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => clients[n % 2]?.appendToStream('hot', [event], { expectedVersion: version })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length, `winners of round ${version}`).toBe(1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(isConcurrencyError(outcome.reason), String(outcome.reason)).toBe(true)
  }
})

test('a conflict that never ends: tried for a while, then typed, nothing stored', async (context) => {
  const db = database(context)
  const adapter = db.open()
  await adapter.open()
  for (const code of ['40001', '40P01']) {
    await db.rows(`CREATE OR REPLACE FUNCTION ${db.table('refuse')}() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM nextval('${db.schema}.tries'); RAISE EXCEPTION 'refused' USING ERRCODE = '${code}'; END $$`)
    await db.rows(`DROP SEQUENCE IF EXISTS ${db.table('tries')}`)
    await db.rows(`CREATE SEQUENCE ${db.table('tries')}`)
    await db.rows(`CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON ${db.table('events')} FOR EACH ROW
      EXECUTE FUNCTION ${db.table('refuse')}()`)
    const error = await failureOf(adapter.appendToStream('s', [event]))
    expect(error).toMatchObject({ code: 'unavailable', outcome: 'not-applied', retryable: true })
    const [row] = await db.rows(`SELECT last_value::int AS tries FROM ${db.table('tries')}`)
    expect(row?.tries).toBeGreaterThan(3)
  }
  expect(await adapter.getStreamState('s')).toMatchObject({ status: 'missing', version: 0 })
})
