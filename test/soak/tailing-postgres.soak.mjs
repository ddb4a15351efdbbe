import { register } from 'node:module'
import pg from 'pg'

// 135,000 appends, many of them in transactions that linger or roll back, under readers that tail the log: nothing may be skipped, doubled
// or reordered. The control, a reader that goes on after the last position it saw, does lose events.
register('../conformance/ts-hooks.mjs', import.meta.url)
const { findPostgres } = await import('../services/postgres.ts')
const { postgres } = await import('../../packages/postgres/src/postgres.ts')

const seed = Number(process.env.SOAK_SEED ?? 1)
const appends = Number(process.env.SOAK_APPENDS ?? 135_000)
const [plainWriters, transactions] = [16, 8]
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const number = (value) => value.toLocaleString('en')

const server = await findPostgres()
if (server.status === 'running') {
  try {
    await soak(server.url)
  } finally {
    await server.stop()
  }
} else {
  console.log(server.reason)
  process.exitCode = 77
}

/** Small and seeded: the same run again. */
function random(from) {
  let state = from
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

async function soak(url) {
  const schema = `soak_${seed}`
  const pool = new pg.Pool({ connectionString: url, max: transactions + 2 })
  // Its last clients may still hear that the server stops.
  pool.on('error', () => undefined)
  const writer = postgres({ connection: url, schema })
  const reader = postgres({ connection: url, schema })
  const inside = postgres({ pool, schema })
  await Promise.all([writer.open(), reader.open(), inside.open()])
  const counts = { acknowledged: 0, rolledBack: 0, inTransactions: 0 }
  let left = appends
  const startedAt = performance.now()
  let writing = true

  const events = (chance) =>
    Array.from({ length: 1 + Math.floor(chance() * 3) }, () => ({ id: crypto.randomUUID(), type: 'Written', data: 1 }))
  const committed = []
  async function writePlainly(number) {
    const chance = random(seed * 1000 + number)
    while (left > 0) {
      left -= 1
      const batch = events(chance)
      await writer.appendToStream(`plain-${number}-${Math.floor(chance() * 20)}`, batch)
      committed.push(...batch.map(({ id }) => id))
      counts.acknowledged += 1
    }
  }
  async function writeInTransactions(number) {
    const chance = random(seed * 2000 + number)
    while (left > 0) {
      left -= 1
      const client = await pool.connect()
      const batch = events(chance)
      const kept = chance() > 0.25
      await client.query('BEGIN')
      await inside.withClient(client).appendToStream(`slow-${number}`, batch)
      // One in ten holds its positions for long.
      await pause(chance() < 0.1 ? chance() * 40 : chance() * 2)
      await client.query(kept ? 'COMMIT' : 'ROLLBACK')
      client.release()
      if (kept) committed.push(...batch.map(({ id }) => id))
      if (kept) counts.inTransactions += 1
      else counts.rolledBack += 1
    }
  }

  const control = new AbortController()
  const subscribed = []
  const subscribing = (async () => {
    for await (const { id } of reader.subscribeToAll({ signal: control.signal })) subscribed.push(id)
  })().catch((error) => {
    if (error !== control.signal.reason) throw error
  })
  const tailed = []
  let position
  const tail = async () => {
    for await (const event of reader.readAll({ after: position })) {
      tailed.push(event.id)
      position = event.position
    }
  }
  const tailing = (async () => {
    while (writing) await tail()
  })()
  const naive = new Set()
  const naively = (async () => {
    let last = '0'
    do {
      const { rows } = await pool.query(`SELECT position, id FROM ${schema}.events WHERE position > $1 ORDER BY position LIMIT 1000`, [
        last,
      ])
      for (const row of rows) {
        naive.add(row.id)
        last = row.position
      }
      await pause(1)
    } while (writing)
  })()

  await Promise.all([
    ...Array.from({ length: plainWriters }, (_, writer) => writePlainly(writer)),
    ...Array.from({ length: transactions }, (_, writer) => writeInTransactions(writer)),
  ])
  const seconds = (performance.now() - startedAt) / 1000
  writing = false
  await Promise.all([tailing, naively])
  await tail()
  const { rows } = await pool.query(`SELECT id FROM ${schema}.events ORDER BY position`)
  const stored = rows.map(({ id }) => id)
  for (let turn = 0; turn < 2000 && subscribed.length < stored.length; turn += 1) await pause(5)
  control.abort(new Error('the soak is over'))
  await subscribing

  const same = (a, b) => a.length === b.length && a.every((one, index) => one === b[index])
  const known = new Set(stored)
  const lost = committed.filter((id) => !known.has(id)).length
  const skipped = (seen) => stored.length - new Set(seen).size
  console.log(
    `seed ${seed}, PostgreSQL from ${server.from}: ${number(appends)} appends by ${plainWriters} writers and ${transactions} transactions in ${seconds.toFixed(0)} s`,
  )
  console.log(
    `${number(counts.acknowledged)} acknowledged, ${number(counts.inTransactions)} in slow transactions, ${number(counts.rolledBack)} rolled back; ${number(stored.length)} events`,
  )
  console.log(`acknowledged and not stored: ${lost}; stored twice or unknown: ${stored.length - committed.length + lost}`)
  console.log(
    `readAll tailing: ${number(tailed.length)} seen, ${skipped(tailed)} skipped, ${same(tailed, stored) ? 'in the order of the log' : 'ANOTHER ORDER'}`,
  )
  console.log(
    `subscription: ${number(subscribed.length)} seen, ${skipped(subscribed)} skipped, ${same(subscribed, stored) ? 'in the order of the log' : 'ANOTHER ORDER'}`,
  )
  console.log(
    `control, "position > last": ${number(stored.length - naive.size)} skipped (${((100 * (stored.length - naive.size)) / stored.length).toFixed(2)} %)`,
  )
  if (lost > 0 || stored.length !== committed.length || !same(tailed, stored) || !same(subscribed, stored)) process.exitCode = 1
  if (naive.size === stored.length) {
    console.log('the control lost nothing, so this run proves nothing')
    process.exitCode = 1
  }
  await Promise.all([writer.close(), reader.close(), inside.close()])
  await pool.end()
}
