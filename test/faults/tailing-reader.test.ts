import type { PostgresClient } from '@millrace/postgres'
import pg from 'pg'
import { expect, test } from 'vitest'
import { type Database, database } from './database.js'

const runs = 16
const writers = 6
const turns = 12

/** Small and seeded: the same run again. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Transactions that append, linger with their positions taken, and then commit or do not. @returns ids of what was committed. */
async function write(db: Database, writer: number, seed: number): Promise<string[]> {
  const chance = random(seed * 100 + writer)
  const adapter = db.open()
  const client = new pg.Client({ connectionString: db.url })
  await client.connect()
  await adapter.open()
  const committed: string[] = []
  for (let turn = 0; turn < turns; turn += 1) {
    const events = Array.from({ length: 1 + Math.floor(chance() * 3) }, () => ({
      id: crypto.randomUUID(),
      type: 'Written',
      data: { writer, turn },
    }))
    const kept = chance() > 0.25
    await client.query('BEGIN')
    await adapter.withClient(client as unknown as PostgresClient).appendToStream(`s-${seed}-${writer}`, events)
    await pause(chance() * 8)
    await client.query(kept ? 'COMMIT' : 'ROLLBACK')
    if (kept) committed.push(...events.map(({ id }) => id))
    if (chance() < 0.5) await pause(chance() * 3)
  }
  await client.end()
  return committed
}

/** What most people write: everything above the last position seen. */
function naiveReader(db: Database): { readonly seen: string[]; stop(): Promise<void> } {
  const seen: string[] = []
  let [reading, last] = [true, '0']
  const work = (async () => {
    do {
      const rows = await db.rows(`SELECT position, id FROM ${db.table('events')} WHERE position > $1 ORDER BY position LIMIT 100`, [last])
      for (const { position, id } of rows as { position: string; id: string }[]) {
        seen.push(id)
        last = position
      }
      await pause(1)
    } while (reading)
  })()
  return {
    seen,
    async stop() {
      reading = false
      await work
    },
  }
}

test(
  '16 runs of slow and rolled-back transactions: a tailing reader and a subscription miss, double and reorder nothing',
  { timeout: 120_000 },
  async (context) => {
    let lostByNaive = 0
    for (let seed = 1; seed <= runs; seed += 1) {
      const db = database(context)
      const reader = db.open()
      await reader.open()
      const control = new AbortController()
      const subscribed: string[] = []
      const subscribing = (async () => {
        for await (const { id } of reader.subscribeToAll({ signal: control.signal })) subscribed.push(id)
      })().catch((error: unknown) => {
        if (error !== control.signal.reason) throw error
      })
      const tailed: string[] = []
      let position: string | undefined
      let writing = true
      const tail = async (): Promise<void> => {
        for await (const event of reader.readAll({ after: position })) {
          tailed.push(event.id)
          position = event.position
        }
      }
      const naive = naiveReader(db)
      const tailing = (async () => {
        while (writing) await tail()
      })()
      const committed = (await Promise.all(Array.from({ length: writers }, (_, writer) => write(db, writer, seed)))).flat()
      writing = false
      await tailing
      await tail()
      await naive.stop()
      const stored = (await db.rows(`SELECT id FROM ${db.table('events')} ORDER BY position`)).map(({ id }) => id as string)
      expect(new Set(stored), `run ${seed}: what was committed is stored`).toEqual(new Set(committed))
      expect(tailed, `run ${seed}: the tailing reader has the log, in its order`).toEqual(stored)
      while (subscribed.length < stored.length) await pause(5)
      expect(subscribed, `run ${seed}: the subscription has the log, in its order`).toEqual(stored)
      control.abort(new Error('the run is over'))
      await subscribing
      lostByNaive += stored.length - new Set(naive.seen).size
    }
    // The control: on the same writes the reader that most people write does lose events. Otherwise the above would prove nothing.
    expect(lostByNaive).toBeGreaterThan(0)
  },
)
