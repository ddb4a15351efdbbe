import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { asPool, database, failureOf } from '../../../test/faults/database.js'
import { seenAppends } from '../../../test/faults/seen-appends.js'
import { migrations } from './migrations.js'

const event = { type: 'Happened', data: 1 }
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe("order: 'strict'", () => {
  it('keeps each append together in the log, and declares it', async (context) => {
    const db = database(context)
    const stores = [db.open({ order: 'strict' }), db.open({ order: 'strict', coalesce: false })]
    expect(stores[0]?.capabilities.readAll).toEqual({ realTimeOrder: true, contiguousBatches: true })
    await Promise.all(
      Array.from({ length: 120 }, (_, n) =>
        stores[n % 2]?.appendToStream(
          `s-${n % 40}`,
          Array.from({ length: 1 + (n % 5) }, () => ({ type: 'T', data: n })),
        ),
      ),
    )
    const log = (await stores[0]?.readAll<{ type: string; data: number }>().toArray()) ?? []
    const runs = log.filter(({ data }, index) => log[index - 1]?.data !== data)
    expect(runs).toHaveLength(120)
  })

  it('reads without a probe, and misses nothing of transactions that commit late or never', async (context) => {
    const { db, adapter, statements } = await seenAppends(context, 6, undefined, { order: 'strict' })
    const reader = adapter
    const seen: string[] = []
    const control = new AbortController()
    const following = (async () => {
      for await (const { id } of reader.subscribeToAll({ signal: control.signal })) seen.push(id)
    })().catch((error: unknown) => error)
    let writing = true
    const tailed: string[] = []
    const tailing = (async () => {
      let after: string | undefined
      for (let last = false; !last;) {
        last = !writing
        for await (const { id, position } of reader.readAll({ after })) {
          tailed.push(id)
          after = position
        }
      }
    })()
    const pool = new pg.Pool({ connectionString: db.url, max: 4 })
    context.onTestFinished(() => pool.end())
    const inside = db.open({ pool: asPool(pool), order: 'strict' })
    await inside.open()
    await Promise.all(
      [0, 1, 2].map(async (writer) => {
        for (let turn = 0; turn < 12; turn += 1) {
          const client = await pool.connect()
          await client.query('BEGIN')
          await inside.withClient(client).appendToStream(`t-${writer}`, [event])
          if (turn % 3 === 0) await inside.withClient(client).deleteStream(`t-${writer}`)
          await pause(turn % 4)
          await client.query((writer + turn) % 4 === 0 ? 'ROLLBACK' : 'COMMIT')
          client.release()
          await adapter.appendToStream(`u-${writer}`, [event, event])
        }
      }),
    )
    writing = false
    await tailing
    const stored = (await db.rows(`SELECT id FROM ${db.table('events')} ORDER BY position`)).map(({ id }) => id as string)
    expect(tailed).toEqual(stored)
    while (seen.length < stored.length) await pause(5)
    expect(seen).toEqual(stored)
    control.abort()
    await following
    expect(statements.filter((text) => text.includes('string_agg'))).toEqual([])
  })

  it('makes nobody wait for ever: appends and head changes that cross take one lock first', async (context) => {
    const db = database(context)
    const stores = [db.open({ order: 'strict' }), db.open({ order: 'strict' })]
    const store = (n: number) => stores[n % 2] ?? stores[0]
    await Promise.all(['a', 'b', 'c'].map((stream) => stores[0]?.appendToStream(stream, [event])))
    await Promise.all(
      Array.from({ length: 60 }, (_, n) => {
        const streams = n % 2 === 0 ? ['a', 'b', 'c'] : ['c', 'b', 'a']
        if (n % 3 === 0) return store(n)?.setStreamMetadata(streams[0] ?? 'a', { n })
        if (n % 3 === 1) return store(n)?.truncateStream(streams[0] ?? 'a', { before: 1 })
        return store(n)?.appendToStreams(streams.map((streamId) => ({ streamId, events: [event] })))
      }),
    )
    const [row] = await db.rows(`SELECT count(*)::int AS n FROM ${db.table('events')}`)
    expect(row).toEqual({ n: 3 + 20 * 3 })
    const [deadlocks] = await db.rows('SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()')
    expect(deadlocks).toBeDefined()
  })

  it('is kept in the schema: another order is refused with the cure, and changed by a migration that leaves no old function behind', async (context) => {
    const db = database(context)
    await db.open().appendToStream('s', [event])
    const refused = await failureOf(db.open({ order: 'strict' }).open())
    expect(refused).toMatchObject({ code: 'configuration', outcome: 'not-applied' })
    expect(refused.message).toContain("order 'settled'")
    const options = { connection: db.url, schema: db.schema, order: 'strict' } as const
    expect((await migrations(options).plan()).pending).toEqual(["order 'strict'"])
    expect(await migrations(options).check()).toEqual(["the log is in order 'settled', not 'strict'"])
    await migrations(options).apply()
    expect(await migrations(options).check()).toEqual([])
    expect((await db.open({ order: 'strict' }).appendToStream('s', [event])).version).toBe(2)
    expect((await failureOf(db.open().open())).message).toContain("order 'strict'")
    // What knows no order could append past the lock.
    expect(await db.rows("SELECT proname FROM pg_proc WHERE pronamespace = $1::regnamespace AND proname LIKE '%v1'", [db.schema])).toEqual(
      [],
    )
    await migrations({ ...options, order: 'settled' }).apply()
    expect((await db.open().appendToStream('s', [event])).version).toBe(3)
    expect(await migrations({ ...options, order: 'settled' }).check()).toEqual([])
  })
})
