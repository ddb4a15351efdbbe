import { runConformance } from '@millrace/core/conformance'
import { postgres } from '@millrace/postgres'
import { describe, expect, inject, test } from 'vitest'
import { postgresHarness } from '../../packages/postgres/src/conformance-harness.js'
import { type PgBouncer, startPgBouncer } from '../services/pgbouncer.js'
import { cluster } from './cluster.js'
import { database, databaseAt, failureOf, until } from './database.js'
import { endSessions } from './chaos.js'
import { expectToHold } from './expect-ledger.js'
import { startLedger } from './ledger.js'

// Fault 28: PgBouncer in transaction mode, a real one.

const event = { type: 'Happened', data: 1 }

/** A PgBouncer before the server of this run. Ends the test as not proven where the program is missing. */
async function bouncer(
  context: Parameters<typeof database>[0],
  settings: Readonly<Record<string, string>> = {},
  server = inject('postgres').url,
): Promise<PgBouncer> {
  if (server === undefined) return context.skip(`not proven: ${inject('postgres').reason}`)
  const started = await startPgBouncer(new URL(server), settings)
  if (started === undefined) return context.skip('not proven: PgBouncer is not installed (Debian: apt-get install pgbouncer)')
  context.onTestFinished(() => started.stop())
  return started
}

const smoke = { profile: 'smoke', seed: 28 } as const

describe('PgBouncer in transaction mode', () => {
  test('the suite passes through it', { timeout: 120_000 }, async (context) => {
    const { url } = await bouncer(context, { default_pool_size: '20', max_client_conn: '1000' })
    const { cases, totals } = await runConformance(postgresHarness({ url, options: { pooler: 'transaction' } }), smoke)
    const failed = cases.flatMap(({ id, status, failure }) => (status === 'failed' ? [`${id}: ${failure?.message ?? ''}`] : []))
    expect(failed).toEqual([])
    expect(totals.passed).toBeGreaterThan(80)
  })
  test('more callers than it has connections, and the server killed behind it: everything is settled, nothing lost or doubled', async (context) => {
    const server = await cluster(context)
    await server.start()
    const { url } = await bouncer(context, { default_pool_size: '3', server_login_retry: '1' }, server.url)
    const db = databaseAt(url, context)
    const clients = [db.open({ pooler: 'transaction' }), db.open({ pooler: 'transaction', coalesce: false })]
    await clients[0]?.open()
    const ledger = startLedger({ clients, seed: 28 })
    const further = async (): Promise<void> => {
      const before = ledger.acknowledged
      await until(() => ledger.acknowledged >= before + 60)
    }
    await further()
    await endSessions(server.url)
    await further()
    await server.kill()
    await server.start()
    await further()
    await expectToHold(await ledger.judge(), 28)
  })
  test('a call leaves nothing in the session that the next caller gets', async (context) => {
    const db = database(context)
    const { url } = await bouncer(context, { default_pool_size: '1' })
    const adapter = db.open({ connection: url, pooler: 'transaction', timeouts: { lockMs: 1234 } })
    await adapter.appendToStream('s', [event])
    await adapter.readAll().toArray()
    const [left] = await rowsThrough(url, [
      "SELECT current_setting('lock_timeout') AS lock_timeout, current_setting('statement_timeout') AS statement_timeout",
    ])
    expect(left).toEqual({ lock_timeout: '0', statement_timeout: '0' })
    expect((await rowsThrough(url, ['SELECT 1 FROM pg_prepared_statements'])).length).toBe(0)
    expect((await rowsThrough(url, ["SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"])).length).toBe(0)
  })
  test('told that there is none, it is refused with a hint that names the option', async (context) => {
    const db = database(context)
    const { url } = await bouncer(context)
    const adapter = postgres({ connection: url, schema: db.schema })
    context.onTestFinished(() => adapter.close())
    const error = await failureOf(adapter.appendToStream('s', [event]))
    expect(error).toMatchObject({ code: 'configuration', outcome: 'not-applied', retryable: false })
    expect(error.hint).toContain("pooler: 'transaction'")
  })
})

test('what the pooler refuses has its own word: the password, and one connection too many', async (context) => {
  const db = database(context)
  const { url } = await bouncer(context, { max_client_conn: '2' })
  const open = (connection: string, max: number) => db.open({ connection: { connectionString: connection, max }, pooler: 'transaction' })
  const wrong = Object.assign(new URL(url), { password: 'another-horse' }).href
  expect(await failureOf(open(wrong, 1).open())).toMatchObject({ code: 'access-denied', outcome: 'not-applied', retryable: false })
  const [first, second] = [open(url, 2), open(url, 2)]
  await first.open()
  await Promise.all([first.getStreamState('s'), first.getStreamState('s')])
  expect(await failureOf(second.appendToStream('s', [event]))).toMatchObject({
    code: 'unavailable',
    outcome: 'not-applied',
    retryable: true,
  })
  await first.close()
  expect((await second.appendToStream('s', [event])).version).toBe(1)
})

async function rowsThrough(connectionString: string, statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString })
  await client.connect()
  const results: Record<string, unknown>[] = []
  for (const statement of statements) results.push(...(await client.query<Record<string, unknown>>(statement)).rows)
  await client.end()
  return results
}
