import { postgres } from '@millrace/postgres'

// Streams a whole log and checks that nothing is missing, double or out of order. Run by long-log.test.ts with a small heap.

const store = postgres({ connection: process.env.POSTGRES_URL, schema: process.env.LOG_SCHEMA })
let [events, last] = [0, undefined]
for await (const { position, version, data } of store.readAll()) {
  if (last !== undefined && store.comparePositions(last, position) >= 0) throw new Error(`${position} does not come after the one before`)
  if (data.n !== version) throw new Error(`event ${version} holds ${data.n}`)
  last = position
  events += 1
}
await store.close()
console.log(JSON.stringify({ events, heapMiB: Math.round(process.memoryUsage().heapUsed / 2 ** 20) }))
