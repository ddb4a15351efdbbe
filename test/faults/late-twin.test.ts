import { createFaultProxy } from '@millrace/core/testing'
import type { PostgresClient } from '@millrace/postgres'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { type Database, database, failureOf, until } from './database.js'

// A first attempt outlives its connection: it waits in the server for the stream while its client, cut off, has to decide what to do. Part
// of faults 3 and 4, and the reason why a lost append is settled under the stream's lock.

const sent = () => [
  { id: crypto.randomUUID(), type: 'A', data: 1 },
  { id: crypto.randomUUID(), type: 'B', data: 2 },
]

/** A stream that somebody holds, and a way to the server that can be cut. */
async function held(context: Parameters<typeof database>[0]) {
  const db = database(context)
  const adapter = db.open()
  await adapter.appendToStream('s', [{ type: 'First', data: 0 }])
  const { hostname, port } = new URL(db.url)
  const proxy = await createFaultProxy({ host: hostname, port: Number(port) })
  context.onTestFinished(() => proxy.close())
  const url = Object.assign(new URL(db.url), { hostname: proxy.host, port: String(proxy.port) }).href
  const holder = await db.admin.connect()
  await holder.query('BEGIN')
  await holder.query(`SELECT 1 FROM ${db.table('streams')} WHERE stream_id = 's' FOR UPDATE`)
  return {
    db,
    adapter,
    proxy,
    url,
    async release() {
      await holder.query('COMMIT')
      holder.release()
    },
  }
}

/** Sessions of this test that wait for a lock in the server. */
async function waiting(db: Database): Promise<number> {
  const rows = await db.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, $1) > 0", [db.schema])
  return rows.length
}

describe('an append whose client is cut off while it waits in the server', () => {
  for (const coalesce of [true, false])
    test(`sent again under the stream's lock, coalesced or not (${coalesce}): one copy, whoever comes first`, async (context) => {
      const { db, adapter, proxy, url, release } = await held(context)
      const cut = db.open({ connection: url, coalesce, timeouts: { lockMs: 60_000 } })
      const events = sent()
      const append = cut.appendToStream('s', events, { timeoutMs: 60_000 })
      await until(async () => (await waiting(db)) === 1)
      await proxy.cutAll()
      // The twin waits on; the second attempt waits behind it.
      await until(async () => (await waiting(db)) === 2)
      await release()
      expect(await append).toMatchObject({ firstVersion: 2, version: 3 })
      await until(async () => (await waiting(db)) === 0)
      expect((await adapter.readStream('s', { from: 2 }).toArray()).map(({ id }) => id)).toEqual(events.map(({ id }) => id))
    })
  test('the control, looked for and then sent again without the lock: two copies', async (context) => {
    const { db, adapter, proxy, url, release } = await held(context)
    const events = sent()
    const clients = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: db.url })] as const
    for (const client of clients) {
      client.on('error', () => undefined)
      await client.connect()
    }
    const append = (client: pg.Client) => adapter.withClient(client as unknown as PostgresClient).appendToStream('s', events)
    const first = failureOf(append(clients[0]))
    await until(async () => (await waiting(db)) === 1)
    await proxy.cutAll()
    await first
    expect((await adapter.readStream('s', { from: 2 }).toArray()).length).toBe(0)
    const second = append(clients[1])
    await until(async () => (await waiting(db)) === 2)
    await release()
    await second
    await until(async () => (await waiting(db)) === 0)
    expect((await adapter.readStream('s', { from: 2 }).toArray()).length).toBe(4)
    await clients[1].end()
  })
})
