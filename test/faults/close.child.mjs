import { createRequire } from 'node:module'
import { postgres } from '../../packages/postgres/dist/index.js'

// Closes an adapter while appends, reads and subscriptions are under way, says what became of each, and then has nothing left to do.

const pg = createRequire(new URL('../../packages/postgres/package.json', import.meta.url))('pg')
const [schema, whose, coalesce] = process.argv.slice(2)
const url = `${process.env.MILLRACE_TEST_POSTGRES_URL}?application_name=close_${schema}`
const pool = whose === 'callers' ? new pg.Pool({ connectionString: url }) : undefined
const store = postgres({ ...(pool === undefined ? { connection: url } : { pool }), schema, coalesce: coalesce === 'true' })
const event = { type: 'Happened', data: 1 }
const codeOf = (work) =>
  work.then(
    () => 'fulfilled',
    ({ code }) => code,
  )

await store.appendToStream('s', [event])
// Broken off: left at the first event, by a reader and by a subscriber.
let brokenOff = 0
for await (const { version } of store.readStream('s')) {
  brokenOff = version
  break
}
for await (const _event of store.subscribeToAll()) break

const read = store.readAll()[Symbol.asyncIterator]()
await read.next()
const waiting = store.subscribeToStream('nothing')[Symbol.asyncIterator]()
const pending = codeOf(waiting.next())
// Somebody who has an event in hand and does not ask for the next one.
const suspended = store.subscribeToAll()[Symbol.asyncIterator]()
await suspended.next()
const appends = Array.from({ length: 40 }, () => codeOf(store.appendToStream('s', [event])))
await Promise.all([store.close(), store.close(), store[Symbol.asyncDispose]()])
const outcomes = {}
for (const code of await Promise.all(appends)) outcomes[code] = (outcomes[code] ?? 0) + 1
const after = await Promise.all(
  [() => store.appendToStream('s', [event]), () => store.getStreamState('s'), () => store.readAll().toArray(), () => store.open()].map(
    (call) => codeOf(call()),
  ),
)
await store.close()
const told = {
  appends: outcomes,
  reads: await codeOf(read.next()),
  subscription: await pending,
  suspended: await codeOf(suspended.next()),
  after,
  brokenOff,
}
await pool?.end()
console.log(JSON.stringify(told))
console.log('closed')
