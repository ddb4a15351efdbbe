import { isConfigurationError } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { startChild } from '../../../test/faults/child.js'
import { type Database, database, failureOf, until } from '../../../test/faults/database.js'
import { schemaVersion } from './migrate.js'
import { migrations } from './migrations.js'
import { postgres } from './postgres.js'

const event = { type: 'Happened', data: { n: 1 } }

async function tables({ rows, schema }: Database): Promise<unknown[]> {
  const found = await rows('SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1', [schema])
  return found.map(({ tablename }) => tablename)
}

describe('installing', () => {
  it('20 processes that open one empty schema at once make one history, and all of them work', async (context) => {
    const db = database(context)
    const children = Array.from({ length: 20 }, () => startChild('install.child.mjs', [db.schema], { MILLRACE_TEST_POSTGRES_URL: db.url }))
    await Promise.all(children.map(({ said }) => said('ready')))
    for (const { process } of children) process.stdin?.end('go\n')
    const codes = await Promise.all(children.map(({ ended }) => ended))
    expect(children.map(({ stderr }) => stderr()).join('')).toBe('')
    expect(codes).toEqual(codes.map(() => 0))
    const steps = await db.rows(`SELECT version, log_id FROM ${db.table('migrations')} ORDER BY version`)
    expect(steps.map(({ version }) => version)).toEqual([1, schemaVersion])
    expect(new Set(steps.map(({ log_id }) => log_id)).size).toBe(1)
    const versions = children.map(({ stdout }) => Number(/version (\d+)/u.exec(stdout())?.[1]))
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  })

  it('20 adapters of one process at once make one history, where every transaction is serializable by default too', async (context) => {
    const db = database(context)
    const connection = `${db.url}?options=${encodeURIComponent('-c default_transaction_isolation=serializable')}`
    const adapters = Array.from({ length: 20 }, () => db.open({ connection: `${connection}&max=1` }))
    await Promise.all(adapters.map((adapter) => adapter.open()))
    expect(await db.rows(`SELECT max(version) AS version, count(DISTINCT log_id)::int AS logs FROM ${db.table('migrations')}`)).toEqual([
      { version: schemaVersion, logs: 1 },
    ])
  })

  it('20 calls of migrations().apply() at once say the same', async (context) => {
    const db = database(context)
    const results = await Promise.all(Array.from({ length: 20 }, () => migrations({ connection: db.url, schema: db.schema }).apply()))
    expect(results).toEqual(results.map(() => ({ installed: schemaVersion })))
    expect(await db.rows(`SELECT count(*)::int AS n FROM ${db.table('migrations')}`)).toEqual([{ n: schemaVersion }])
  })

  it('an installation that the server ends midway leaves nothing, does not end the process, and the next one works', async (context) => {
    const db = database(context)
    await db.rows(`CREATE SCHEMA "${db.schema}"`)
    // Holding the name of a table that the migration makes keeps its transaction waiting.
    const blocker = await db.admin.connect()
    context.onTestFinished(() => blocker.release(true))
    await blocker.query(`BEGIN; CREATE TABLE ${db.table('events')} ()`)
    const adapter = db.open()
    const opening = adapter.open({ timeoutMs: 20_000 })
    opening.catch(() => undefined)
    const waiting =
      "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND starts_with(query, '-- Version 1') AND query LIKE $1"
    const pids = (): Promise<Record<string, unknown>[]> => db.rows(waiting, [`%"${db.schema}".%`])
    await until(async () => (await pids()).length > 0)
    await db.rows('SELECT pg_terminate_backend($1)', [(await pids())[0]?.pid])
    await blocker.query('ROLLBACK')
    await opening
    expect((await adapter.appendToStream('s', [event])).version).toBe(1)
  })
})

describe('setup: manual', () => {
  it('does nothing on an empty database, and says what to do', async (context) => {
    const db = database(context)
    const adapter = db.open({ setup: 'manual' })
    const error = await failureOf(adapter.appendToStream('s', [event]))
    expect(isConfigurationError(error)).toBe(true)
    expect(error.message).toContain('migrations(options).sql()')
    expect(await db.rows('SELECT 1 FROM pg_namespace WHERE nspname = $1', [db.schema])).toEqual([])
  })
  it('works as soon as somebody ran the statements, also on the same adapter', async (context) => {
    const db = database(context)
    const adapter = db.open({ setup: 'manual' })
    await failureOf(adapter.open())
    await db.rows(migrations({ schema: db.schema }).sql())
    expect((await adapter.appendToStream('s', [event])).version).toBe(1)
  })
  it('takes nothing but the rights to use what is there', async (context) => {
    const db = database(context)
    await migrations({ connection: db.url, schema: db.schema }).apply()
    const role = `r_${db.schema}`
    await db.rows(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA ${db.schema} TO ${role};
      GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ${db.schema} TO ${role}`)
    context.onTestFinished(async () => void (await db.rows(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
    const url = new URL(db.url)
    url.username = role
    const adapter = db.open({ connection: url.href, setup: 'manual' })
    expect((await adapter.appendToStream('s', [event])).version).toBe(1)
    expect(await adapter.readAll().toArray()).toHaveLength(1)
    for (const expectedVersion of [3, 'streamExists'] as const) {
      const parts = [
        { streamId: 'other', events: [event] },
        { streamId: 'not there', events: [event], expectedVersion },
      ]
      expect((await failureOf(adapter.appendToStreams(parts))).code).toBe('concurrency')
    }
  })
})

describe('a schema of another version', () => {
  it('is refused where it is newer and does not know us any more', async (context) => {
    const db = database(context)
    await db.open().open()
    await db.rows(`INSERT INTO ${db.table('migrations')} (version, min_client, store_order, log_id)
      SELECT 99, 99, store_order, log_id FROM ${db.table('migrations')} WHERE version = 1`)
    const error = await failureOf(db.open().appendToStream('s', [event]))
    expect(isConfigurationError(error)).toBe(true)
    expect(error).toMatchObject({ retryable: false, outcome: 'not-applied', hint: 'Update the adapter.' })
    expect(error.message).toContain('99')
  })
  it('is used where it is newer and still serves us', async (context) => {
    const db = database(context)
    await db.open().open()
    await db.rows(`INSERT INTO ${db.table('migrations')} (version, min_client, store_order, log_id)
      SELECT 99, 1, store_order, log_id FROM ${db.table('migrations')} WHERE version = 1`)
    expect((await db.open().appendToStream('s', [event])).version).toBe(1)
  })
  it('is told apart from one that only looks alike: check() names what is missing', async (context) => {
    const db = database(context)
    const tool = migrations({ connection: db.url, schema: db.schema })
    expect(await tool.check()).toEqual([`the schema "${db.schema}" is not set up`])
    await tool.apply()
    expect(await tool.check()).toEqual([])
    expect(await tool.plan()).toEqual({ installed: schemaVersion, target: schemaVersion, pending: [] })
    await db.rows(`ALTER TABLE ${db.table('events')} DROP COLUMN event_bytes; DROP FUNCTION ${db.table('append_many_v2')}`)
    expect(await tool.check()).toEqual(['column events.event_bytes is missing', 'function append_many_v2 is missing'])
  })
  it('whose positions come in blocks is refused before anything is read', async (context) => {
    const db = database(context)
    await db.open().open()
    await db.rows(`ALTER TABLE ${db.table('events')} ALTER COLUMN position SET CACHE 20`)
    const error = await failureOf(db.open().open())
    expect(isConfigurationError(error)).toBe(true)
    expect(error.message).toContain('CACHE')
  })
})

describe('a hostile schema name', () => {
  const names = [
    'a"b',
    'Ünï',
    'select',
    'with  spaces ',
    "quote's",
    'back\\slash',
    'x"; DROP TABLE ev; --',
    '{events}',
    '$1 $$ $append$',
    '%s %I',
    'new\nline',
    'x$append$; CREATE TABLE public.pwned (); SELECT $append$',
    '日本語',
    'x'.repeat(63),
  ]
  it.for(names)('%j works, and nothing outside it is touched', async (name, context) => {
    const db = database(context, name)
    const before = await db.rows('SELECT oid FROM pg_class WHERE relnamespace = $1::regnamespace', ['public'])
    const [adapter, peer] = [db.open(), db.open()]
    expect(await adapter.appendToStream('s', [event, event], { expectedVersion: 'noStream' })).toMatchObject({ version: 2 })
    await adapter.appendToStreams([
      { streamId: 's', events: [event] },
      { streamId: 't', events: [event] },
    ])
    await adapter.setStreamMetadata('t', { a: 1 })
    await adapter.deleteStream('t')
    expect(await peer.readStream('s').toArray()).toHaveLength(3)
    expect((await peer.readAll().toArray()).map(({ streamId }) => streamId)).toEqual(['s', 's', 's', 't'])
    const tool = migrations({ connection: db.url, schema: name })
    expect(await tool.check()).toEqual([])
    expect(await tables(db)).toEqual(['events', 'migrations', 'streams'])
    expect(await db.rows('SELECT oid FROM pg_class WHERE relnamespace = $1::regnamespace', ['public'])).toEqual(before)
  })
  it.for(['', 'x'.repeat(64), 'ü'.repeat(32), 'nul\0', '\uD800'])('%j is refused before anything is connected', (name) => {
    let error: unknown
    try {
      postgres({ connection: 'postgres://127.0.0.1:1/none', schema: name })
    } catch (caught) {
      error = caught
    }
    expect(isConfigurationError(error)).toBe(true)
  })
  it('is refused by the server where it keeps the name for itself, with an error of ours', async (context) => {
    const db = database(context, 'pg_mine')
    const error = await failureOf(db.open().open())
    expect(error).toMatchObject({ code: 'configuration', outcome: 'not-applied' })
  })
  it('a prefix is part of every name: two stores in one schema know nothing of each other', async (context) => {
    const db = database(context)
    const [one, two] = [db.open({ tablePrefix: 'a"$append$ ' }), db.open({ tablePrefix: 'B_' })]
    await one.appendToStream('s', [event])
    expect(await two.readAll().toArray()).toEqual([])
    expect((await two.appendToStream('s', [event], { expectedVersion: 'noStream' })).version).toBe(1)
    expect(await tables(db)).toHaveLength(6)
  })
})
