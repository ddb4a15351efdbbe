import { isConfigurationError } from '@millrace/core'
import pg from 'pg'
import { type TestContext, describe, expect, it } from 'vitest'
import { database, databaseAt, failureOf } from '../../../test/faults/database.js'

const event = { type: 'A', data: 1 }

/** A database of its own, since `pg_locks` belongs to all of one. */
async function separateDatabase(context: TestContext): Promise<ReturnType<typeof database>> {
  const { admin, schema, url } = database(context)
  const name = `d_${schema}`
  await admin.query(`CREATE DATABASE ${name}`)
  context.onTestFinished(async () => void (await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)))
  return databaseAt(Object.assign(new URL(url), { pathname: `/${name}` }).href, context)
}

/** What engines without the server's own lock manager show. */
async function hideLocks(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('SET allow_system_table_mods = on')
  await client.query('CREATE OR REPLACE VIEW pg_catalog.pg_locks AS SELECT * FROM pg_lock_status() WHERE false')
  await client.end()
}

describe('a server whose pg_locks shows nothing', () => {
  it('is refused with a hint, before anything is stored or read', async (context) => {
    const db = await separateDatabase(context)
    await db.open().appendToStream('s', [event])
    await hideLocks(db.url)
    const adapter = db.open()
    for (const error of [await failureOf(adapter.appendToStream('s', [event])), await failureOf(adapter.readAll().toArray())]) {
      expect(isConfigurationError(error) && [error.outcome, error.hint]).toEqual([
        'not-applied',
        expect.stringContaining("order: 'strict'"),
      ])
      expect(error.message).toContain('pg_locks')
    }
    expect(await db.rows(`SELECT 1 FROM ${db.table('events')}`)).toHaveLength(1)
  })
  it("is taken with order: 'strict', which asks for no locks", async (context) => {
    const db = await separateDatabase(context)
    await hideLocks(db.url)
    const adapter = db.open({ order: 'strict' })
    await adapter.appendToStream('s', [event])
    expect(await adapter.readAll().toArray()).toHaveLength(1)
  })
})

it("a table of that name on the session's search_path is not asked", async (context) => {
  const db = database(context)
  await db.open().open()
  await db.rows(`CREATE VIEW ${db.table('pg_locks')} AS SELECT * FROM pg_catalog.pg_locks WHERE false`)
  const adapter = db.open({ connection: { connectionString: db.url, options: `-c search_path=${db.schema},pg_catalog` } })
  await adapter.appendToStream('s', [event])
  expect(await adapter.readAll().toArray()).toHaveLength(1)
})
