import { postgres } from '@millrace/postgres'
import pg from 'pg'
import { median } from './compare.mjs'
import { writers } from './postgres-writers.mjs'

/** Longest pause of a reader that was idle: until then it may not know that appends flow again. */
const idleMs = 600
const now = () => performance.timeOrigin + performance.now()
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Lag of a subscription behind two other processes of four writers each that pause 4–12 ms between their appends: from the
 * acknowledgement, as the writer's clock has it, to the event in the reader's loop. Measured turn by turn with nothing beside; with a
 * transaction of somebody else that has written to a table of its own and stays open; and with appends in slow transactions, where the
 * time counts from the end of the last transaction that held a lower position.
 *
 * The first appends come to a reader that was idle, and hear of its pause: the lag of the very first is told by itself, and what was
 * acknowledged within {@link idleMs} of it is left out.
 */
export async function lag({ url, rounds, ms, fresh }) {
  const pool = new pg.Pool({ connectionString: url, max: 6 })
  const counts = { statements: 0, probes: 0, lost: 0, events: 0 }
  pool.on('connect', (client) => {
    const query = client.query.bind(client)
    client.query = (config, ...rest) => {
      counts.statements += 1
      if (String(config.text).includes('string_agg')) counts.probes += 1
      return query(config, ...rest)
    }
  })
  const other = new pg.Client({ connectionString: url })
  await other.connect()
  await other.query('CREATE TABLE IF NOT EXISTS foreign_table (n int)')
  const beside = {
    nothing: async () => [],
    'a foreign transaction': async (_store, over) => {
      await other.query('BEGIN; INSERT INTO foreign_table VALUES (1)')
      await over
      await other.query('COMMIT')
      return []
    },
    'slow transactions': (store, over) => slowly(store, other, over),
  }
  const kinds = Object.keys(beside)
  const lags = Object.fromEntries(kinds.map((kind) => [kind, []]))
  const firsts = []
  for (let round = 0; round <= rounds; round += 1)
    for (const kind of round % 2 === 0 ? kinds : [...kinds].reverse()) {
      const { first, rest } = await turn({ pool, url, schema: fresh(), ms: ms + idleMs, beside: beside[kind], counts })
      if (round === 0) continue
      firsts.push(first)
      lags[kind].push(rest)
    }
  for (const kind of kinds) {
    const at = (part) => median(lags[kind].map((one) => one[Math.floor(one.length * part)] ?? NaN)).toFixed(1)
    console.log(`  beside ${kind.padEnd(21)} p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; target: p99 < 20 ms; medians of ${rounds}`)
  }
  console.log(`  first append to an idle reader: median ${median(firsts).toFixed(0)} ms, at most ${Math.max(...firsts).toFixed(0)} ms`)
  console.log(
    `  ${counts.lost} of ${counts.events} events lost; ${counts.probes} probes of the horizon among ${counts.statements} statements`,
  )
  await Promise.all([other.end(), pool.end()])
}

async function turn({ pool, url, schema, ms, beside, counts }) {
  const store = postgres({ pool, schema })
  await store.open()
  const seen = new Map()
  const control = new AbortController()
  const following = (async () => {
    for await (const { id, position } of store.subscribeToAll({ signal: control.signal })) seen.set(id, { at: now(), position })
  })().catch((error) => {
    if (!control.signal.aborted) throw error
  })
  let end
  const holding = beside(store, new Promise((resolve) => (end = resolve)))
  const { acknowledged } = await writers({ url, schema, processes: 2, callers: 4, ms, pauseMs: 8 })
  end()
  const held = await holding
  for (let wait = 0; wait < 1000 && acknowledged.some(([id]) => !seen.has(id)); wait += 1) await pause(5)
  control.abort()
  await following
  const rest = []
  acknowledged.sort(([, a], [, b]) => a - b)
  const [firstId, firstAt] = acknowledged[0]
  for (const [id, at] of acknowledged) {
    counts.events += 1
    const found = seen.get(id)
    if (found === undefined) counts.lost += 1
    if (at < firstAt + idleMs) continue
    const ends = held.filter(({ position }) => found !== undefined && store.comparePositions(position, found.position) < 0)
    rest.push(Math.max(0, (found?.at ?? Infinity) - Math.max(at, ...ends.map((one) => one.endedAt))))
  }
  await store.close()
  return { first: (seen.get(firstId)?.at ?? Infinity) - firstAt, rest: rest.sort((a, b) => a - b) }
}

/** Appends in transactions of 50–150 ms, a third of them rolled back. */
async function slowly(store, client, over) {
  const held = []
  let going = true
  void over.then(() => (going = false))
  for (let turn = 0; going; turn += 1) {
    await client.query('BEGIN')
    const { position } = await store.withClient(client).appendToStream('slow', [{ type: 'ItemAdded', data: turn }])
    await pause(50 + Math.random() * 100)
    await client.query(turn % 3 === 2 ? 'ROLLBACK' : 'COMMIT')
    held.push({ position, endedAt: now() })
    await pause(Math.random() * 50)
  }
  return held
}
