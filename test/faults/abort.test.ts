import { describe, expect, test } from 'vitest'
import pg from 'pg'
import { type Database, asPool, database, failureOf, until } from './database.js'

// Fault 7: abort before, in the pool's queue, mid-append, mid-read, mid-subscription. Each rejects with the caller's reason, and nothing
// leaks: the pool is as it was, and the server has no statement of ours.

const reason = new Error('changed my mind')
const event = { type: 'Happened', data: 1 }

/** An adapter on a pool of two that can be looked into. */
async function watched(db: Database, context: Parameters<typeof database>[0]) {
  const pool = new pg.Pool({ connectionString: db.url, max: 2, application_name: `abort_${db.schema}` })
  context.onTestFinished(() => pool.end())
  const adapter = db.open({ pool: asPool(pool) })
  await adapter.appendToStream('s', [event])
  const busy = () => db.rows("SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle'", [`abort_${db.schema}`])
  return {
    pool,
    adapter,
    busy,
    /** All connections idle, nobody in the queue, the server at rest, and the next calls work. */
    async atRest() {
      await until(() => pool.waitingCount === 0 && pool.idleCount === pool.totalCount)
      await until(async () => (await busy()).length === 0)
      await Promise.all([adapter.getStreamState('s'), adapter.getStreamState('s'), adapter.getStreamState('s')])
    },
  }
}

/** Somebody holds the stream until the test lets go of it. */
async function hold(db: Database) {
  const client = await db.admin.connect()
  await client.query('BEGIN')
  await client.query(`SELECT 1 FROM ${db.table('streams')} WHERE stream_id = 's' FOR UPDATE`)
  return {
    async release() {
      await client.query('ROLLBACK')
      client.release()
    },
  }
}

describe('an abort', () => {
  test('before: every method, nothing is sent', async (context) => {
    const db = database(context)
    const { adapter, pool, atRest } = await watched(db, context)
    let lent = 0
    pool.on('acquire', () => (lent += 1))
    const signal = AbortSignal.abort(reason)
    for (const work of [
      () => adapter.appendToStream('s', [event], { signal }),
      () => adapter.appendToStreams([{ streamId: 's', events: [event] }], { signal }),
      () => adapter.getStreamState('s', { signal }),
      () => adapter.deleteStream('s', { signal }),
      () => adapter.readStream('s', { signal }).toArray(),
      () => adapter.readAll({ signal }).toArray(),
      () => adapter.subscribeToAll({ signal })[Symbol.asyncIterator]().next(),
    ])
      expect(await failureOf(work())).toBe(reason)
    expect(lent).toBe(0)
    await atRest()
  })
  test('in the queue of the pool: at once, nothing stored, and the place in the queue is given up', async (context) => {
    const db = database(context)
    const { adapter, pool, atRest } = await watched(db, context)
    const held = [await pool.connect(), await pool.connect()]
    const control = new AbortController()
    const { signal } = control
    const waiting = [
      adapter.appendToStream('s', [event], { signal }),
      adapter.getStreamState('s', { signal }),
      adapter.readAll({ signal }).toArray(),
    ].map(failureOf)
    await until(() => pool.waitingCount > 0)
    control.abort(reason)
    expect(await Promise.all(waiting)).toEqual([reason, reason, reason])
    for (const client of held) client.release()
    await atRest()
    expect(await adapter.getStreamState('s')).toMatchObject({ version: 1 })
  })
  test('mid-append: it is settled first; applied is success', async (context) => {
    const db = database(context)
    const { adapter, busy, atRest } = await watched(db, context)
    const holder = await hold(db)
    const control = new AbortController()
    const append = adapter.appendToStream('s', [event], { signal: control.signal })
    await until(async () => (await busy()).length === 1)
    control.abort(reason)
    await holder.release()
    expect((await append).version).toBe(2)
    await atRest()
  })
  test('mid-append, and the stream never comes free: unknown, with the reason as its cause', async (context) => {
    const db = database(context)
    const { adapter, busy, atRest } = await watched(db, context)
    const holder = await hold(db)
    const control = new AbortController()
    const append = failureOf(adapter.appendToStream('s', [event], { signal: control.signal, timeoutMs: 500 }))
    await until(async () => (await busy()).length === 1)
    control.abort(reason)
    expect(await append).toMatchObject({ code: 'outcome-unknown', outcome: 'unknown', cause: reason })
    await holder.release()
    await atRest()
  })
  test('mid-read: the page that the server is working at is given up, and its connection freed', async (context) => {
    const db = database(context)
    const { adapter, busy, atRest } = await watched(db, context)
    // A lock that reads wait for.
    const client = await db.admin.connect()
    await client.query('BEGIN')
    await client.query(`LOCK TABLE ${db.table('events')} IN ACCESS EXCLUSIVE MODE`)
    const control = new AbortController()
    const reads = [
      adapter.readStream('s', { signal: control.signal }).toArray(),
      adapter.readAll({ signal: control.signal, direction: 'backwards' }).toArray(),
    ].map(failureOf)
    await until(async () => (await busy()).length === 2)
    control.abort(reason)
    expect(await Promise.all(reads)).toEqual([reason, reason])
    await client.query('ROLLBACK')
    client.release()
    await atRest()
  })
  test('mid-subscription, waiting for the next event or in the middle of one', async (context) => {
    const db = database(context)
    const { adapter, atRest } = await watched(db, context)
    for (const where of ['waiting', 'in an event'] as const) {
      const control = new AbortController()
      let seen = 0
      const following = failureOf(
        (async () => {
          for await (const message of adapter.subscribeToAll({ signal: control.signal }).messages()) {
            if (message.kind === 'event') seen += 1
            if (message.kind === (where === 'waiting' ? 'caughtUp' : 'event')) control.abort(reason)
          }
        })(),
      )
      expect(await following).toBe(reason)
      expect(seen).toBe(1)
      await atRest()
    }
  })
})
