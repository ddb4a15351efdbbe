import { createFaultProxy } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { type Database, database, failureOf, until } from './database.js'

// Fault 6: the server, or the way to it, is slower than the time there is.

const event = { type: 'Happened', data: 1 }

/** From now on an append to a stream that starts with "slow" takes a while on the server. */
async function slowDown(db: Database, seconds: number): Promise<void> {
  await db.rows(`CREATE FUNCTION ${db.table('slow')}() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(${seconds}); RETURN NEW; END $$`)
  await db.rows(`CREATE TRIGGER slow BEFORE INSERT ON ${db.table('events')} FOR EACH ROW WHEN (NEW.stream_id LIKE 'slow%')
    EXECUTE FUNCTION ${db.table('slow')}()`)
}

const running = (db: Database, name: string) =>
  db.rows("SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle'", [name])

describe('a statement that takes too long', () => {
  test('is ended by the server first: typed, proven not applied, and others go on', async (context) => {
    const db = database(context)
    const adapter = db.open({ timeouts: { statementMs: 300 } })
    await adapter.appendToStream('quick', [event])
    await slowDown(db, 20)
    const [slow, quick] = await Promise.all([
      failureOf(adapter.appendToStream('slow', [event], { timeoutMs: 15_000 })),
      adapter.appendToStream('quick', [event]),
    ])
    expect(slow).toMatchObject({ code: 'timeout', outcome: 'not-applied', retryable: true })
    expect(slow.message).toContain('statement_timeout')
    expect(quick.version).toBe(2)
    expect(await adapter.getStreamState('slow')).toMatchObject({ status: 'missing' })
  })
  test('and a deadline that comes before the server’s: in time, the outcome unknown, found by the same ids later', async (context) => {
    const db = database(context)
    const name = `slow_${db.schema}`
    const adapter = db.open({ connection: `${db.url}?application_name=${name}` })
    await adapter.open()
    await slowDown(db, 2)
    const sent = [{ id: crypto.randomUUID(), ...event }]
    const from = performance.now()
    const error = await failureOf(adapter.appendToStream('slow', sent, { expectedVersion: 'noStream', timeoutMs: 400 }))
    expect(performance.now() - from).toBeLessThan(10_000)
    expect(error).toMatchObject({ code: 'outcome-unknown', outcome: 'unknown', retryable: true, eventIds: [sent[0]?.id] })
    // Whatever the server makes of it, the same ids give the one result.
    expect(await adapter.appendToStream('slow', sent, { expectedVersion: 'noStream', timeoutMs: 30_000 })).toMatchObject({ version: 1 })
    expect((await adapter.readStream('slow').toArray()).map(({ id }) => id)).toEqual([sent[0]?.id])
    await until(async () => (await running(db, name)).length === 0)
  })
})

test('a way that goes silent: reads and appends end in time, each by its word, and later calls work', async (context) => {
  const db = database(context)
  const { hostname, port } = new URL(db.url)
  const proxy = await createFaultProxy({ host: hostname, port: Number(port) })
  context.onTestFinished(() => proxy.close())
  const url = Object.assign(new URL(db.url), { hostname: proxy.host, port: String(proxy.port) })
  const adapter = db.open({ connection: { connectionString: url.href, max: 2 }, timeouts: { connectMs: 300 } })
  await adapter.appendToStream('s', [event])
  const hang = proxy.inject({ fault: 'hang', times: Infinity })
  const from = performance.now()
  const [read, any, exact] = await Promise.all([
    failureOf(adapter.readStream('s', { timeoutMs: 500 }).toArray()),
    failureOf(adapter.appendToStream('s', [event], { timeoutMs: 500 })),
    failureOf(adapter.appendToStream('t', [event], { timeoutMs: 500, expectedVersion: 'noStream' })),
  ])
  expect(performance.now() - from).toBeLessThan(10_000)
  expect(['timeout', 'unavailable']).toContain(read.code)
  expect(read.outcome).toBe('not-applied')
  for (const error of [any, exact]) {
    // One of them may have waited for a connection all the time.
    expect(['outcome-unknown', 'timeout', 'unavailable']).toContain(error.code)
    expect(error.outcome).toBe(error.code === 'outcome-unknown' ? 'unknown' : 'not-applied')
  }
  hang.remove()
  await proxy.cutAll()
  // Nothing of it had arrived.
  expect((await adapter.appendToStream('s', [event])).version).toBe(2)
  expect((await adapter.appendToStream('t', [event], { expectedVersion: 'noStream' })).version).toBe(1)
})
