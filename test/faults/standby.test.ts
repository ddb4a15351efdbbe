import type { EventStoreAdapter } from '@millrace/core'
import { doctor, migrations } from '@millrace/postgres'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { deliveredPrograms, findPrograms } from '../services/postgres-programs.js'
import { cluster, standbyOf } from './cluster.js'
import { asPool, databaseAt, failureOf, until } from './database.js'

// Faults 15 and 16: a standby is no place for appends, and becomes one.

const event = { type: 'Happened', data: 1 }

const servers = [
  ['installed, or of npm', findPrograms],
  ['of npm', deliveredPrograms],
] as const

test.for(servers)(
  '%s: an append to a standby is not applied, may be made elsewhere; reads, plan and check work',
  async ([, find], context) => {
    const primary = await cluster(context, {}, find)
    await primary.start()
    const db = databaseAt(primary.url, context)
    const writer = db.open()
    await writer.appendToStream('s', [event])
    const standby = await standbyOf(primary, context)
    await standby.start()
    const adapter = db.open({ connection: standby.url })
    const errors = await Promise.all(
      [
        adapter.appendToStream('s', [event]),
        adapter.appendToStream('t', [event], { expectedVersion: 'noStream' }),
        adapter.deleteStream('s'),
        adapter.setStreamMetadata('s', { a: 1 }),
      ].map(failureOf),
    )
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'unavailable', outcome: 'not-applied', retryable: true })
      expect(error.message).toContain('read-only')
    }
    expect((await adapter.readStream('s').toArray()).length).toBe(1)
    // Nobody sees there which appends are still open: the log is refused rather than read with holes.
    const log = await failureOf(adapter.readAll().toArray())
    expect(log).toMatchObject({ code: 'unavailable', outcome: 'not-applied' })
    expect(log.hint).toContain('primary')
    const [fact] = await doctor({ connection: standby.url, schema: db.schema })
    expect(fact).toMatchObject({ name: 'server', status: 'warning' })
    const { plan, check } = migrations({ connection: standby.url, schema: db.schema })
    expect([(await plan()).pending, await check()]).toEqual([[], []])
    expect((await writer.appendToStream('s', [event])).version).toBe(2)
    await until(async () => (await adapter.getStreamState('s')).status === 'live' && (await adapter.readStream('s').toArray()).length === 2)
  },
)

/** A pool whose connections lead to one server and, from a moment on, to another: an address that moves. */
function movingPool(from: { readonly host: string; readonly port: number }) {
  const pool = new pg.Pool({ host: from.host, port: from.port, user: 'postgres', database: 'postgres', max: 8 })
  return {
    pool,
    moveTo({ host, port }: { readonly host: string; readonly port: number }): void {
      Object.assign((pool as unknown as { options: object }).options, { host, port })
    },
  }
}

/** Appends to a stream, each expecting the one before, until it is stopped. */
function writing(adapter: EventStoreAdapter, streamId: string) {
  const acknowledged: string[] = []
  let going = true
  const work = (async () => {
    while (going) {
      const id = crypto.randomUUID()
      await adapter.appendToStream(streamId, [{ id, ...event }], { expectedVersion: acknowledged.length, timeoutMs: 30_000 })
      acknowledged.push(id)
    }
  })()
  return {
    acknowledged,
    async stop() {
      going = false
      await work
    },
  }
}

describe.for(servers)('%s: the primary dies, and its standby is promoted', ([, find]) => {
  test('replicated synchronously: appends in flight are settled there, nothing acknowledged is lost', async (context) => {
    const primary = await cluster(context, {}, find)
    await primary.start()
    const db = databaseAt(primary.url, context)
    const { pool, moveTo } = movingPool(primary)
    context.onTestFinished(() => pool.end())
    const adapter = db.open({ pool: asPool(pool) })
    await adapter.open()
    const standby = await standbyOf(primary, context)
    await standby.start()
    await db.rows("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await db.rows('SELECT pg_reload_conf()')
    await until(async () => (await db.rows("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'")).length === 1)
    const writers = Array.from({ length: 8 }, (_, n) => writing(adapter, `s-${n}`))
    const followed: string[] = []
    const subscription = adapter.subscribeToAll()
    const following = (async () => {
      for await (const { id } of subscription) followed.push(id)
    })()
    const reached = (least: number) => until(() => writers.every(({ acknowledged }) => acknowledged.length >= least))
    await reached(20)
    await primary.kill()
    const before = writers.map(({ acknowledged }) => acknowledged.length)
    moveTo(standby)
    await standby.promote()
    await reached(Math.max(...before) + 20)
    for (const writer of writers) await writer.stop()
    for (const [n, { acknowledged }] of writers.entries())
      expect((await adapter.readStream(`s-${n}`).toArray()).map(({ id }) => id)).toEqual(acknowledged)
    const log = (await adapter.readAll().toArray()).map(({ id }) => id)
    expect(log.length).toBe(writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0))
    await until(() => followed.length === log.length)
    expect(followed).toEqual(log)
    await subscription[Symbol.asyncDispose]()
    await following
  })
  test('replicated asynchronously: what is lost shows as a conflict with the actual version, never as a hole', async (context) => {
    const primary = await cluster(context, {}, find)
    await primary.start()
    const db = databaseAt(primary.url, context)
    const { pool, moveTo } = movingPool(primary)
    context.onTestFinished(() => pool.end())
    const adapter = db.open({ pool: asPool(pool) })
    const append = (expectedVersion: number) => adapter.appendToStream('s', [event], { expectedVersion })
    for (let n = 0; n < 5; n += 1) await append(n)
    const standby = await standbyOf(primary, context)
    await standby.start()
    await standby.stop()
    // Acknowledged, and on one disk only.
    for (let n = 5; n < 10; n += 1) await append(n)
    await primary.kill()
    await standby.start()
    moveTo(standby)
    await standby.promote()
    expect(await failureOf(append(10))).toMatchObject({ code: 'concurrency', expectedVersion: 10, actualVersion: 5 })
    expect((await adapter.readStream('s').toArray()).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5])
    expect((await append(5)).version).toBe(6)
  })
})
