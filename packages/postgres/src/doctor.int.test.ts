import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { type Database, database, failureOf } from '../../../test/faults/database.js'
import { type Fact, doctor } from './doctor.js'
import type { PostgresOptions } from './options.js'

const event = { type: 'Happened', data: 1 }
const examine = ({ url, schema }: Database, options: PostgresOptions = {}) => doctor({ connection: url, schema, ...options })
const named = (facts: readonly Fact[], name: string): Fact[] => facts.filter((fact) => fact.name === name)

describe('doctor', () => {
  it('finds a fresh store well, and says what it looked at', async (context) => {
    const db = database(context)
    await db.open().appendToStream('s', [event])
    const facts = await examine(db)
    expect(facts.filter(({ status }) => status === 'error')).toEqual([])
    expect(facts.map(({ name }) => name)).toEqual([
      'server',
      'tls',
      'pooler',
      'encoding',
      'clock',
      'connections',
      'fsync',
      'full_page_writes',
      'synchronous_commit',
      'idle_in_transaction_session_timeout',
      'schema',
      'log',
    ])
    expect(named(facts, 'log')).toEqual([{ name: 'log', status: 'ok', value: 'settled up to position 1, its end' }])
    expect(named(facts, 'pooler')[0]?.status).toBe('ok')
    // What is not well has a cure, what is well needs none.
    for (const { status, cure } of facts) expect(cure === undefined).toBe(status === 'ok')
  })

  it('names who holds back readers: pid, user, state and age', async (context) => {
    const db = database(context)
    const adapter = db.open()
    await adapter.open()
    const client = new pg.Client({ connectionString: db.url })
    await client.connect()
    context.onTestFinished(() => client.end())
    await client.query('BEGIN')
    await adapter.withClient(client as never).appendToStream('s', [event])
    const { rows } = await client.query<{ pid: number; user: string }>('SELECT pg_backend_pid() AS pid, current_user AS user')
    const [holder] = named(await examine(db), 'holder')
    expect(holder).toMatchObject({ status: 'warning' })
    expect(holder?.value).toMatch(new RegExp(`^pid ${rows[0]?.pid} \\(${rows[0]?.user}, idle in transaction, for \\d+ s\\)$`, 'u'))
    await client.query('ROLLBACK')
    expect(named(await examine(db), 'holder')).toEqual([])
  })

  it('names a transaction that was prepared and then forgotten', async (context) => {
    const db = database(context)
    const adapter = db.open()
    await adapter.open()
    const [most] = await db.rows("SELECT setting::int AS n FROM pg_settings WHERE name = 'max_prepared_transactions'")
    if (most?.n === 0) return context.skip('not proven: max_prepared_transactions is 0')
    const gid = `gid-${randomBytes(4).toString('hex')}`
    const client = await db.admin.connect()
    await client.query('BEGIN')
    await adapter.withClient(client as never).appendToStream('s', [event])
    await client.query(`PREPARE TRANSACTION '${gid}'`)
    try {
      expect(named(await examine(db), 'holder')[0]?.value).toBe(`prepared transaction ${gid}`)
      await adapter.appendToStream('later', [event])
      // A reader waits for it, and is told for whom.
      const error = await failureOf(
        db
          .open({ timeouts: { settleMs: 50 } })
          .readAll()
          .toArray(),
      )
      expect(error.hint).toContain(gid)
    } finally {
      await client.query(`COMMIT PREPARED '${gid}'`)
      client.release()
    }
    expect(await adapter.readAll().toArray()).toHaveLength(2)
  })

  it('warns of settings that lose events, and finds what was changed by hand', async (context) => {
    const db = database(context)
    await db.open().open()
    await db.rows(`ALTER TABLE ${db.table('events')} ALTER COLUMN position SET CACHE 20;
      ALTER TABLE ${db.table('events')} ALTER COLUMN event_data TYPE jsonb`)
    const connection = `${db.url}?options=${encodeURIComponent('-c synchronous_commit=off')}`
    const facts = await examine(db, { connection })
    expect(named(facts, 'synchronous_commit')[0]).toMatchObject({ status: 'warning', value: 'off' })
    expect(named(facts, 'schema').map(({ status, value }) => `${status}: ${value}`)).toEqual([
      "ok: version 2, order 'settled'",
      'error: column events.event_data is jsonb?, not json?',
      'error: the sequence of events.position must have CACHE 1, or readers skip events',
    ])
  })

  it('says that a store is not set up, or in another order, and changes nothing', async (context) => {
    const db = database(context)
    expect(named(await examine(db), 'schema')[0]).toMatchObject({ status: 'error' })
    expect(await db.rows('SELECT 1 FROM pg_namespace WHERE nspname = $1', [db.schema])).toEqual([])
    await db.open({ order: 'strict' }).open()
    expect(named(await examine(db), 'order')[0]?.cure).toBe("Give order: 'strict'.")
  })

  it('cannot look at a server that is not there', async () => {
    expect(await failureOf(doctor('postgres://app@127.0.0.1:1/none'))).toMatchObject({ code: 'unavailable', outcome: 'not-applied' })
  })
})
