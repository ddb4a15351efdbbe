import { once } from 'node:events'
import { postgres } from '@millrace/postgres'

// One of several processes that append: it is told what, says when it is ready, and waits for the word.

const [{ url, schema, callers, ms, coalesce = true, pauseMs = 0 }] = await once(process, 'message')
const store = postgres({ connection: { connectionString: url, max: coalesce ? 10 : callers }, schema, coalesce })
await store.open()
const go = once(process, 'message')
process.send({ kind: 'ready' })
await go
const startedAt = performance.now()
const acknowledged = []
await Promise.all(
  Array.from({ length: callers }, async (_, caller) => {
    for (let version = 0; performance.now() - startedAt < ms; version += 1) {
      const id = crypto.randomUUID()
      const data = { n: version, sku: 'book', price: 4000, note: 'x'.repeat(140) }
      await store.appendToStream(`${process.pid}-${caller}`, [{ id, type: 'ItemAdded', data }], { expectedVersion: version })
      acknowledged.push([id, performance.timeOrigin + performance.now()])
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())))
    }
  }),
)
process.send({ kind: 'done', rate: (acknowledged.length / (performance.now() - startedAt)) * 1000, acknowledged })
await store.close()
