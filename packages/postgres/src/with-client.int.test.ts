import { isConcurrencyError, isInvalidArgumentError } from '@millrace/core'
import pg from 'pg'
import { type TestContext, describe, expect, it } from 'vitest'
import { type Database, database, failureOf } from '../../../test/faults/database.js'
import type { PostgresAdapter } from './postgres.js'
import type { PostgresTransaction } from './with-client.js'

const event = { type: 'Happened', data: 1 }

interface Scene {
  readonly db: Database
  readonly adapter: PostgresAdapter
  readonly client: pg.Client
  readonly inside: PostgresTransaction
  readonly statements: string[]
}

/** An open adapter, a client of the caller's within BEGIN, and every statement that client is given from then on. */
async function scene(context: TestContext): Promise<Scene> {
  const db = database(context)
  const adapter = db.open()
  await adapter.open()
  const client = new pg.Client({ connectionString: db.url })
  await client.connect()
  context.onTestFinished(() => client.end())
  await client.query('BEGIN')
  const statements: string[] = []
  const query = client.query.bind(client) as (config: { text: string }) => unknown
  Object.assign(client, {
    query: (config: { text: string }) => {
      statements.push(config.text)
      return query(config)
    },
  })
  return { db, adapter, client, inside: adapter.withClient(client as never), statements }
}

const versionOf = async (adapter: PostgresAdapter, stream = 's'): Promise<number> => {
  const state = await adapter.getStreamState(stream)
  return state.status === 'tombstoned' ? -1 : state.version
}

describe('within the caller’s transaction', () => {
  it('COMMIT stores: nobody else sees it before, everybody after', async (context) => {
    const { adapter, client, inside } = await scene(context)
    expect(await inside.appendToStream('s', [event, event], { expectedVersion: 'noStream' })).toMatchObject({ version: 2 })
    expect(await inside.readStream('s').toArray()).toHaveLength(2)
    expect(await versionOf(adapter)).toBe(0)
    await client.query('COMMIT')
    expect(await versionOf(adapter)).toBe(2)
    expect(await adapter.readAll().toArray()).toHaveLength(2)
  })

  it('works before the adapter is open, whose own opening still looks at everything', async (context) => {
    const { db, client } = await scene(context)
    await client.query('ROLLBACK')
    const adapter = db.open()
    expect(await adapter.withClient(client as never).appendToStream('s', [event])).toMatchObject({ version: 1 })
    await db.admin.query(`ALTER TABLE ${db.schema}.events ALTER COLUMN position SET CACHE 20`)
    expect(await failureOf(adapter.open())).toMatchObject({
      code: 'configuration',
      adapter: 'postgres',
      hint: expect.stringContaining('CACHE 1') as string,
    })
  })

  it('ROLLBACK leaves nothing of any method', async (context) => {
    const { db, adapter, client, inside } = await scene(context)
    await adapter.appendToStream('old', [event, event])
    await inside.appendToStream('s', [event])
    await inside.appendToStreams([
      { streamId: 't', events: [event] },
      { streamId: 'u', events: [event] },
    ])
    await inside.setStreamMetadata('s', { a: 1 })
    await inside.truncateStream('old', { before: 2 })
    await inside.deleteStream('t')
    await inside.tombstoneStream('u')
    await client.query('ROLLBACK')
    expect(await adapter.readAll().toArray()).toHaveLength(2)
    expect(await adapter.getStreamState('old')).toEqual({ status: 'live', version: 2, firstVersion: 1 })
    expect(await db.rows(`SELECT stream_id FROM ${db.table('streams')}`)).toEqual([{ stream_id: 'old' }])
  })

  it('a savepoint of the caller’s takes back what came after it', async (context) => {
    const { adapter, client, inside } = await scene(context)
    await inside.appendToStream('s', [event])
    await client.query('SAVEPOINT here')
    await inside.appendToStream('s', [event], { expectedVersion: 1 })
    await client.query('ROLLBACK TO SAVEPOINT here')
    await inside.appendToStream('s', [event], { expectedVersion: 1 })
    await client.query('COMMIT')
    expect((await adapter.readStream('s').toArray()).map(({ version }) => version)).toEqual([1, 2])
  })

  it('sends no statement that begins, ends or configures anything', async (context) => {
    const { client, inside, statements } = await scene(context)
    await inside.appendToStream('s', [event])
    await failureOf(inside.appendToStream('s', [event], { expectedVersion: 7 }))
    await inside.readStream('s').toArray()
    const before = await client.query<{ lock_timeout: string }>('SHOW lock_timeout')
    expect(before.rows[0]?.lock_timeout).toBe('0')
    expect(statements.filter((text) => /^\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|SAVEPOINT|SET|RESET|DISCARD)\b/iu.test(text))).toEqual([])
  })

  it('a conflict stores nothing and leaves the transaction usable', async (context) => {
    const { adapter, client, inside } = await scene(context)
    await adapter.appendToStream('s', [event, event])
    const error = await failureOf(inside.appendToStream('s', [event], { expectedVersion: 1 }))
    expect(isConcurrencyError(error)).toBe(true)
    expect(error).toMatchObject({ actualVersion: 2, expectedVersion: 1, outcome: 'not-applied' })
    await inside.appendToStream('s', [event], { expectedVersion: 2 })
    await client.query('COMMIT')
    expect(await versionOf(adapter)).toBe(3)
  })

  it('a conflict of one of several streams stores nothing of the others, and leaves the transaction usable', async (context) => {
    const { adapter, client, inside } = await scene(context)
    await adapter.appendToStream('s', [event])
    const parts = [
      { streamId: 'r', events: [event] },
      { streamId: 's', events: [event], expectedVersion: 'noStream' as const },
    ]
    expect(await failureOf(inside.appendToStreams(parts))).toMatchObject({ code: 'concurrency', streamId: 's', actualVersion: 1 })
    await client.query('COMMIT')
    expect(await versionOf(adapter, 'r')).toBe(0)
  })

  it('bad input sends nothing and leaves the transaction usable', async (context) => {
    const { client, inside, statements } = await scene(context)
    await inside.getStreamState('s')
    statements.length = 0
    const error = await failureOf(inside.appendToStream('s', [{ type: 'T', data: { a: [Number.NaN] } }]))
    expect(isInvalidArgumentError(error) && error.path).toBe('events[0].data.a[0]')
    expect(statements).toEqual([])
    await client.query('SELECT 1')
  })

  it('a transaction that has failed already says so, and is not sent to again and again', async (context) => {
    const { client, inside, statements } = await scene(context)
    await inside.getStreamState('s')
    await client.query('SELECT 1 / 0').catch(() => undefined)
    statements.length = 0
    const error = await failureOf(inside.appendToStream('s', [event]))
    expect(error).toMatchObject({ code: 'invalid-argument', outcome: 'not-applied' })
    expect(statements).toHaveLength(1)
  })

  it('a race lost under SERIALIZABLE is a conflict whose winner’s version is not known', async (context) => {
    const { adapter, client } = await scene(context)
    await adapter.appendToStream('s', [event])
    await client.query('ROLLBACK')
    await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE')
    const inside = adapter.withClient(client as never)
    await inside.getStreamState('s')
    await adapter.appendToStream('s', [event], { expectedVersion: 1 })
    const error = await failureOf(inside.appendToStream('s', [event], { expectedVersion: 1 }))
    expect(isConcurrencyError(error)).toBe(true)
    expect(error.actualVersion).toBeUndefined()
    await client.query('ROLLBACK')
    expect(await versionOf(adapter)).toBe(2)
  })

  it('a lost connection is reported at once with an open outcome, not settled on another', async (context) => {
    const { db, adapter, inside } = await scene(context)
    const client = new pg.Client({ connectionString: db.url })
    await client.connect()
    client.on('error', () => undefined)
    await client.query('BEGIN')
    const mine = adapter.withClient(client as never)
    await mine.appendToStream('s', [event])
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await db.rows('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
    const error = await failureOf(mine.appendToStream('s', [event], { timeoutMs: 3000 }))
    expect(error.code).toBe('outcome-unknown')
    await client.end().catch(() => undefined)
    expect(await versionOf(adapter)).toBe(0)
    await inside.appendToStream('s', [event])
  })
})
