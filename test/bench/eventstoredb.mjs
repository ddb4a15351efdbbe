import { register } from 'node:module'
import { eventStoreDB } from '@millrace/eventstoredb'
import { compare, print } from './compare.mjs'

// Appends and reads of the adapter as ratios to the bare client on the same unary path of the same node, interleaved in one run.
//   node test/bench/eventstoredb.mjs [--quick] [--kurrent]     --kurrent: with @kurrent/kurrentdb-client
//   EVENTSTOREDB_URL: a real node; else the protocol model in a process of its own

register('../conformance/ts-hooks.mjs', import.meta.url)
const { openNode } = await import('../services/eventstoredb.ts')

const quick = process.argv.includes('--quick')
// Many short rounds: the median of their ratios says more than that of few long ones.
const [rounds, ms] = quick ? [3, 400] : [21, 500]
const driver = process.argv.includes('--kurrent') ? '@kurrent/kurrentdb-client' : '@eventstore/db-client'
const node = await openNode({ url: process.env.EVENTSTOREDB_URL, reason: 'EVENTSTOREDB_URL' }, driver)
const { EventStoreDBClient, KurrentDBClient } = await import(driver)
const client = (EventStoreDBClient ?? KurrentDBClient).connectionString(node.url)
const store = eventStoreDB({ client })
// Any credentials make this client append by a call of its own; without TLS they are not sent.
const unary = { credentials: { username: 'x', password: 'x' } }
const event = (n) => ({ n, sku: 'book', price: 4000, note: 'x'.repeat(140) })
const run = crypto.randomUUID()
console.log(`Node ${process.version}, ${node.name}; yardstick: the bare ${driver}, one call an append`)

for (const callers of [1, 8]) {
  const versions = new Map()
  const next = (stream) => {
    const version = (versions.get(stream) ?? 0) + 1
    versions.set(stream, version)
    return version
  }
  const result = await compare({
    rounds,
    ms,
    callers,
    ours: (caller) => {
      const stream = `ours-${run}-${callers}-${caller}`
      const version = next(stream)
      return store.appendToStream(stream, [{ type: 'ItemAdded', data: event(version) }], { expectedVersion: version - 1 })
    },
    yardstick: (caller) => {
      const stream = `bare-${run}-${callers}-${caller}`
      const version = next(stream)
      const data = { id: crypto.randomUUID(), type: 'ItemAdded', contentType: 'application/json', data: event(version) }
      const expected = version === 1 ? 'no_stream' : BigInt(version - 2)
      return client.appendToStream(stream, [data], { ...unary, expectedRevision: expected, streamState: expected })
    },
  })
  print(`append, ${callers}`, 'appends/s', result, 0.9)
}

for (const length of [20, 5000]) {
  const stream = `read-${run}-${length}`
  for (let n = 0; n < length; n += 500)
    await store.appendToStream(
      stream,
      Array.from({ length: Math.min(500, length - n) }, (_, index) => ({ type: 'ItemAdded', data: event(n + index) })),
    )
  const counted = async (events) => {
    let seen = 0
    for await (const _event of events) seen += 1
    if (seen !== length) throw new Error(`${seen} events were read of ${length}`)
  }
  const result = await compare({
    rounds,
    ms,
    callers: 1,
    unit: length,
    ours: () => counted(store.readStream(stream)),
    yardstick: () => counted(client.readStream(stream)),
  })
  print(`read ${length}`, 'events/s', result, 0.9)
}
await store.close()
await client.dispose()
await node.stop()
process.exit(0)
