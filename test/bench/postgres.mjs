import { createRequire, register } from 'node:module'
import { cpus, loadavg } from 'node:os'
import { embedded } from '@millrace/embedded'
import { postgres } from '@millrace/postgres'
import pg from 'pg'
import { compare, print } from './compare.mjs'
import { lag } from './postgres-lag.mjs'
import { fsyncRate, pgbenchInserts } from './postgres-yardsticks.mjs'
import { writers } from './postgres-writers.mjs'

// Appends, reads and lag of the Postgres adapter as ratios to raw `pg` and pgbench on the same server, interleaved in one run.
//   pnpm bench                     all, about five minutes
//   pnpm bench --quick             a glance
//   pnpm bench pgbench batches     only these sections
// A ratio above 1 means that the adapter is faster than the yardstick. Targets are printed beside; nothing fails by time.

register('../conformance/ts-hooks.mjs', import.meta.url)
const { findPostgres } = await import('../services/postgres.ts')

const quick = process.argv.includes('--quick')
const only = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const rounds = quick ? 3 : 5
const ms = quick ? 400 : 1500
const service = await findPostgres()
if (service.status === 'not proven') {
  console.log(`not proven: ${service.reason}`)
  process.exit(0)
}

const sections = {
  async appends() {
    console.log('Appends, one event of 200 bytes each, default options; yardstick: a prepared INSERT ... VALUES, a connection a caller')
    for (const callers of [1, 8, 32]) print(`${callers} callers`, 'appends/s', await appends(callers, {}), callers === 1 ? 0.75 : undefined)
    console.log('The same without coalescing, a connection a caller')
    print('32 callers', 'appends/s', await appends(32, { coalesce: false }))
    console.log("The same with order: 'strict'")
    print('32 callers', 'appends/s', await appends(32, { order: 'strict' }))
  },
  async pgbench() {
    console.log('The same, one process; yardstick: pgbench, the same INSERT, 32 connections')
    await againstPgbench()
  },
  async processes() {
    console.log('4 processes of 8 callers; yardstick: the same with a connection a caller')
    print('4 x 8 callers', 'appends/s', await processes(), 2)
  },
  async batches() {
    console.log('Appends of 100 events; yardstick: one INSERT with 100 rows of VALUES')
    print('1 caller', 'events/s', await batches(), 1)
  },
  async lag() {
    console.log('From acknowledgement to a subscriber of another process; polls 5 ms apart')
    await lag({ url: service.url, rounds, ms, fresh })
  },
  async reads() {
    const events = quick ? 20_000 : 100_000
    console.log(`Reads of ${events.toLocaleString('en')} events; yardstick: keyset paging by 1,000 with pg's own parsers`)
    for (const [name, result] of await reads(events)) print(name, 'events/s', result, name === 'readAll' ? 1.5 : undefined)
  },
  async embedded() {
    console.log('Embedded (PGlite in memory); yardstick: the Postgres adapter on the server')
    print('1 caller', 'appends/s', await embeddedAppends())
  },
}

try {
  await describeServer()
  for (const [name, run] of Object.entries(sections)) {
    if (only.length > 0 && !only.includes(name)) continue
    console.log('')
    await run()
  }
} finally {
  await service.stop()
}

/** What the figures depend on. */
async function describeServer() {
  const client = new pg.Client({ connectionString: service.url })
  await client.connect()
  const show = async (name) => (await client.query(`SHOW ${name}`)).rows[0][name]
  const [cpu] = cpus()
  console.log(`${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, Node ${process.version}`)
  const durability = []
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit', 'wal_sync_method']) durability.push(`${name} ${await show(name)}`)
  console.log(`PostgreSQL ${await show('server_version')} (${service.from}), pg ${version('pg')}, ${durability.join(', ')}`)
  console.log(
    `load of the last minute ${loadavg()[0]?.toFixed(1)}; ${await fsyncRate()} fsyncs/s of 8 kB in the folder for temporary files`,
  )
  await client.query('CREATE TABLE fsync_probe (n int)')
  const startedAt = performance.now()
  let commits = 0
  while (performance.now() - startedAt < 1000) {
    await client.query('INSERT INTO fsync_probe VALUES (1)')
    commits += 1
  }
  await client.query('DROP TABLE fsync_probe')
  console.log(`${commits} durable commits/s by one session`)
  await client.end()
}

function version(name) {
  return createRequire(new URL('../../packages/postgres/package.json', import.meta.url))(`${name}/package.json`).version
}

function event(n) {
  return { type: 'ItemAdded', data: { n, sku: 'book', price: 4000, note: 'x'.repeat(140) } }
}

async function createYardstick(pool) {
  await pool.query(`CREATE TABLE IF NOT EXISTS raw_events (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, version bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    id uuid NOT NULL, stream_id text COLLATE "C" NOT NULL, event_type text NOT NULL, event_data json, metadata json,
    UNIQUE (stream_id, version))`)
}

/** A fresh schema for each run of ours, so that nothing is left from the one before. */
function fresh() {
  return `bench_${crypto.randomUUID().slice(0, 8)}`
}

async function appends(callers, options) {
  const pool = new pg.Pool({ connectionString: service.url, max: callers })
  const max = options.coalesce === false ? callers : 10
  const store = postgres({ connection: { connectionString: service.url, max }, schema: fresh(), ...options })
  await Promise.all([createYardstick(pool), store.open()])
  const versions = new Map()
  const next = (stream) => {
    const version = (versions.get(stream) ?? 0) + 1
    versions.set(stream, version)
    return version
  }
  const run = crypto.randomUUID()
  const result = await compare({
    rounds,
    ms,
    callers,
    ours: (caller) => {
      const stream = `ours-${run}-${caller}`
      const version = next(stream)
      return store.appendToStream(stream, [event(version)], { expectedVersion: version - 1 })
    },
    yardstick: (caller) => {
      const stream = `raw-${run}-${caller}`
      const version = next(stream)
      const { type, data } = event(version)
      return pool.query({
        name: 'raw-insert',
        text: 'INSERT INTO raw_events (version, id, stream_id, event_type, event_data) VALUES ($1, $2, $3, $4, $5) RETURNING position',
        values: [version, crypto.randomUUID(), stream, type, JSON.stringify(data)],
      })
    },
  })
  await Promise.all([store.close(), pool.end()])
  return result
}

/** Median of both and of their ratios, turn by turn. */
async function againstPgbench() {
  const store = postgres({ connection: service.url, schema: fresh() })
  const pool = new pg.Pool({ connectionString: service.url, max: 1 })
  await Promise.all([store.open(), createYardstick(pool)])
  const pgbench = await pgbenchInserts(service.url, { ...event(1) })
  if (pgbench === undefined) return console.log('  not proven: there is no pgbench')
  for (const callers of [32, 128]) {
    const versions = Array.from({ length: callers }, () => 0)
    const pairs = []
    for (let round = 0; round <= rounds; round += 1) {
      const run = crypto.randomUUID()
      versions.fill(0)
      const ours = async () => {
        const startedAt = performance.now()
        let done = 0
        await Promise.all(
          versions.map(async (_, caller) => {
            while (performance.now() - startedAt < ms) {
              await store.appendToStream(`${run}-${caller}`, [event(1)], { expectedVersion: versions[caller] })
              versions[caller] += 1
              done += 1
            }
          }),
        )
        return (done / (performance.now() - startedAt)) * 1000
      }
      const pair =
        round % 2 === 0 ? { ours: await ours(), yardstick: await pgbench(ms) } : { yardstick: await pgbench(ms), ours: await ours() }
      if (round > 0) pairs.push(pair)
    }
    print(`${callers} callers`, 'appends/s', pairs, callers === 32 ? 1.5 : undefined)
  }
  await Promise.all([store.close(), pool.end()])
}

async function processes() {
  const run = (coalesce) => writers({ url: service.url, schema: fresh(), processes: 4, callers: 8, ms, coalesce })
  const pairs = []
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 === 0 ? [true, false] : [false, true]
    const rates = new Map()
    for (const coalesce of order) rates.set(coalesce, (await run(coalesce)).rate)
    if (round > 0) pairs.push({ ours: rates.get(true), yardstick: rates.get(false) })
  }
  return pairs
}

async function batches() {
  const pool = new pg.Pool({ connectionString: service.url, max: 1 })
  const store = postgres({ connection: { connectionString: service.url, max: 1 }, schema: fresh() })
  await Promise.all([createYardstick(pool), store.open()])
  const run = crypto.randomUUID()
  let [ours, raw] = [0, 0]
  const rows = Array.from({ length: 100 }, (_, row) => `(${[1, 2, 3, 4, 5].map((column) => `$${row * 5 + column}`).join(', ')})`)
  const text = `INSERT INTO raw_events (version, id, stream_id, event_type, event_data) VALUES ${rows.join(', ')} RETURNING position`
  const result = await compare({
    rounds,
    ms,
    callers: 1,
    unit: 100,
    ours: async () => {
      await store.appendToStream(
        `ours-${run}`,
        Array.from({ length: 100 }, (_, n) => event(n)),
        { expectedVersion: ours },
      )
      ours += 100
    },
    yardstick: async () => {
      const values = Array.from({ length: 100 }, (_, n) => [
        raw + n + 1,
        crypto.randomUUID(),
        `raw-${run}`,
        'ItemAdded',
        JSON.stringify(event(n).data),
      ])
      await pool.query({ name: 'raw-values', text, values: values.flat() })
      raw += 100
    },
  })
  await Promise.all([store.close(), pool.end()])
  return result
}

async function reads(count) {
  const schema = 'bench_reads'
  const pool = new pg.Pool({ connectionString: service.url, max: 2 })
  const store = postgres({ connection: { connectionString: service.url, max: 2 }, schema })
  for (let stored = 0; stored < count; stored += 1000)
    await store.appendToStream(
      'long',
      Array.from({ length: 1000 }, (_, n) => event(stored + n)),
    )
  await pool.query(`VACUUM ANALYZE ${schema}.events`)
  const columns = 'position, version, created_at, id, stream_id, stream_type, event_type, event_data, metadata'

  async function ours(iterable) {
    let [seen, sum] = [0, 0]
    for await (const { data } of iterable) {
      seen += 1
      sum += data.n
    }
    if (seen !== count) throw new Error(`${seen} events were read of ${count}`)
    return sum
  }
  async function paging(where, key) {
    let [after, seen, sum] = ['0', 0, 0]
    for (;;) {
      const { rows } = await pool.query({
        name: `raw-page-${key}`,
        text: `SELECT ${columns} FROM ${schema}.events WHERE ${where} ORDER BY ${key} LIMIT 1000`,
        values: [after],
      })
      for (const { event_data: data } of rows) {
        seen += 1
        sum += data.n
      }
      if (rows.length < 1000) break
      after = rows.at(-1)[key]
    }
    if (seen < count) throw new Error(`${seen} events were read of ${count}`)
    return sum
  }
  const results = []
  for (const [name, read, yardstick] of [
    ['readAll', () => ours(store.readAll()), () => paging('position > $1', 'position')],
    ['readStream', () => ours(store.readStream('long')), () => paging("stream_id = 'long' AND version > $1", 'version')],
  ])
    results.push([name, await compare({ rounds, ms, callers: 1, unit: count, ours: read, yardstick })])
  await Promise.all([store.close(), pool.end()])
  return results
}

async function embeddedAppends() {
  const [local, server] = [embedded(), postgres({ connection: service.url, schema: fresh() })]
  await Promise.all([local.open(), server.open()])
  const run = crypto.randomUUID()
  const result = await compare({
    rounds: 3,
    ms,
    callers: 1,
    ours: () => local.appendToStream(run, [event(1)]),
    yardstick: () => server.appendToStream(run, [event(1)]),
  })
  await Promise.all([local.close(), server.close()])
  return result
}
