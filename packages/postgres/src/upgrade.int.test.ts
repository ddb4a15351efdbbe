import { readFileSync } from 'node:fs'
import { type TestContext, describe, expect, it } from 'vitest'
import { type Database, database, failureOf } from '../../../test/faults/database.js'
import { schemaVersion } from './migrate.js'
import { migrations } from './migrations.js'

const fixture = readFileSync(new URL('../../../test/fixtures/postgres-first-release.sql', import.meta.url), 'utf8')
const logId = '338535bb'

/** A store as the first release left it, with data. */
async function firstRelease(context: TestContext): Promise<Database> {
  const db = database(context)
  await db.rows(fixture.replaceAll('first_release', db.schema))
  return db
}

const tool = ({ url, schema }: Database) => migrations({ connection: url, schema })
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** Everything that is stored, as the database has it. */
const contents = (db: Database) =>
  Promise.all(['events', 'streams'].map((table) => db.rows(`SELECT t::text AS row FROM ${db.table(table)} AS t ORDER BY 1`)))

describe('a store of the first release', () => {
  it('is not touched by opening it: the error names the command', async (context) => {
    const db = await firstRelease(context)
    const error = await failureOf(db.open().open())
    expect(error).toMatchObject({ code: 'configuration', outcome: 'not-applied', hint: 'Run migrations(options).apply().' })
    expect(await db.rows(`SELECT version FROM ${db.table('migrations')}`)).toEqual([{ version: 1 }])
    expect(await tool(db).plan()).toEqual({ installed: 1, target: schemaVersion, pending: ['002-coalesced-appends'] })
    expect((await tool(db).check())[0]).toBe(`version 1 is installed, ${schemaVersion} is needed`)
  })

  it('is upgraded with its data, and reads back as it was written', async (context) => {
    const db = await firstRelease(context)
    const before = await contents(db)
    expect(await tool(db).apply()).toEqual({ installed: schemaVersion })
    expect(await tool(db).check()).toEqual([])
    expect(await contents(db)).toEqual(before)
    const store = db.open()
    expect((await store.readStream('order-1').toArray()).map(({ id: _id, position: _position, createdAt: _at, ...rest }) => rest)).toEqual([
      {
        type: 'OrderPlaced',
        data: { total: 12, z: 1, a: [0.1, null, 'ü'] },
        metadata: { by: 'ann' },
        streamId: 'order-1',
        streamType: 'order',
        version: 1,
      },
      { type: 'OrderPaid', data: { at: '2024-01-01' }, metadata: undefined, streamId: 'order-1', streamType: 'order', version: 2 },
      {
        type: 'OrderShipped',
        data: { zero: 'a\0b', lone: '\ud800' },
        metadata: undefined,
        streamId: 'order-1',
        streamType: 'order',
        version: 3,
      },
    ])
    expect((await store.readStream('bytes').toArray())[0]?.data).toEqual(Uint8Array.from([0, 1, 254, 255]))
    const log = await store.readAll().toArray()
    expect(log.map(({ position }) => position)).toEqual(log.map((_, index) => `p1-${logId}-${index + 1}`))
    expect(log).toHaveLength(16)
    const states = await Promise.all(
      ['re-created', 'deleted', 'tombstoned', 'truncated', 'only metadata', 'nowhere'].map((stream) => store.getStreamState(stream)),
    )
    expect(states).toEqual([
      { status: 'live', version: 3, firstVersion: 3 },
      { status: 'deleted', version: 1, firstVersion: 2 },
      { status: 'tombstoned' },
      { status: 'live', version: 3, firstVersion: 3 },
      { status: 'missing', version: 0, firstVersion: 1 },
      { status: 'missing', version: 0, firstVersion: 1 },
    ])
    expect(await store.getStreamMetadata('order-1')).toEqual({ metadata: { owner: 'bob' }, version: 2 })
  })

  it('goes on where it was: retries are recognised, versions and positions continue, checkpoints hold', async (context) => {
    const db = await firstRelease(context)
    const checkpoint = `p1-${logId}-15`
    await tool(db).apply()
    const store = db.open()
    const again = [
      { id: id(1), type: 'OrderPlaced', data: {} },
      { id: id(2), type: 'OrderPaid', data: {} },
    ]
    expect(await store.appendToStream('order-1', again, { expectedVersion: 'noStream' })).toMatchObject({
      firstVersion: 1,
      version: 2,
      position: `p1-${logId}-2`,
    })
    const added = await store.appendToStream('order-1', [{ type: 'More', data: 1 }], { expectedVersion: 3 })
    expect(added).toMatchObject({ version: 4, position: `p1-${logId}-17` })
    expect(await store.appendToStream('deleted', [{ type: 'More', data: 1 }], { expectedVersion: 'noStream' })).toMatchObject({
      version: 2,
    })
    expect(await failureOf(store.appendToStream('tombstoned', [{ type: 'More', data: 1 }]))).toMatchObject({ code: 'stream-deleted' })
    expect((await store.readAll({ after: checkpoint }).toArray()).map(({ streamId }) => streamId)).toEqual([
      'settled',
      'order-1',
      'deleted',
    ])
  })

  it('is upgraded once by 20 that try at the same time, and by hand with the statements that sql(1) prints', async (context) => {
    const db = await firstRelease(context)
    await Promise.all(Array.from({ length: 20 }, () => tool(db).apply()))
    expect(await db.rows(`SELECT version, log_id FROM ${db.table('migrations')} ORDER BY version`)).toEqual([
      { version: 1, log_id: logId },
      { version: 2, log_id: logId },
    ])
    const other = await firstRelease(context)
    await other.rows(tool(other).sql(1))
    expect(await tool(other).check()).toEqual([])
    expect((await other.open().readAll().toArray()).length).toBe(16)
  })

  it('serves clients of both versions side by side: nothing lost, doubled or reordered', async (context) => {
    const db = await firstRelease(context)
    // What the first release sends.
    const old = (stream: string, ids: readonly string[], expected: number) =>
      db.rows(
        `SELECT ${db.table('append_v1')}($1, NULL, $2, $3::uuid[], array_fill('Old'::text, ARRAY[$4::int]), array_fill('1'::json, ARRAY[$4::int]), NULL, NULL, false, 0)`,
        [stream, expected, ids, ids.length],
      )
    await old('shared', [crypto.randomUUID()], -1)
    await tool(db).apply()
    const store = db.open()
    const seen: string[] = []
    const control = new AbortController()
    const following = (async () => {
      for await (const event of store.subscribeToAll({ signal: control.signal })) seen.push(event.id)
    })().catch((error: unknown) => error)
    const written: string[] = []
    const fresh = (count: number): string[] => {
      const ids = Array.from({ length: count }, () => crypto.randomUUID())
      written.push(...ids)
      return ids
    }
    await Promise.all([
      ...[0, 1, 2].map(async (writer) => {
        for (let turn = 0; turn < 40; turn += 1) await old(turn % 2 === 0 ? 'shared' : `old-${writer}`, fresh(1 + (turn % 3)), -1)
      }),
      ...Array.from({ length: 12 }, async (_, writer) => {
        for (let turn = 0; turn < 20; turn += 1)
          await store.appendToStream(
            turn % 2 === 0 ? 'shared' : `new-${writer}`,
            fresh(1 + (turn % 3)).map((one) => ({ id: one, type: 'New', data: 1 })),
          )
      }),
    ])
    const stored = (await db.rows(`SELECT id FROM ${db.table('events')} WHERE position > 17 ORDER BY position`)).map(
      ({ id: one }) => one as string,
    )
    expect([...stored].sort()).toEqual([...written].sort())
    const log = (await store.readAll({ after: `p1-${logId}-17` }).toArray()).map(({ id: one }) => one)
    expect(log).toEqual(stored)
    while (seen.length < stored.length + 17) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(seen.slice(17)).toEqual(stored)
    control.abort()
    await following
    for (const stream of ['shared', 'old-1', 'new-7']) {
      const versions = (await store.readStream(stream).toArray()).map(({ version }) => version)
      expect(versions).toEqual(versions.map((_version, index) => index + 1))
    }
  })

  it('that is strict is refused to clients of the first release', async (context) => {
    const db = await firstRelease(context)
    await migrations({ connection: db.url, schema: db.schema, order: 'strict' }).apply()
    expect(await db.rows(`SELECT max(min_client) AS least FROM ${db.table('migrations')}`)).toEqual([{ least: 2 }])
  })
})
