import { postgres } from '../../packages/postgres/dist/index.js'

// Appends to a stream of its own and to one that all share, and follows the log, leaving it once and resuming. Its clock is wrong.

const [schema, name] = process.argv.slice(2)
const store = postgres({ connection: process.env.MILLRACE_TEST_POSTGRES_URL, schema })
const [own, followed] = [[], []]
let after

async function follow(least) {
  for await (const { id, streamId, position } of store.subscribeToAll({ after })) {
    followed.push(id)
    after = position
    if (streamId === name && own.indexOf(id) + 1 >= least) return
  }
}

for (const least of [10, 20]) {
  const following = follow(least)
  for (let n = 0; n < 10; n += 1) {
    const [mine, shared] = [crypto.randomUUID(), crypto.randomUUID()]
    own.push(mine)
    await store.appendToStream(name, [{ id: mine, type: 'Own', data: n }], { expectedVersion: own.length - 1 })
    await store.appendToStream('shared', [{ id: shared, type: 'Shared', data: name }])
  }
  await following
}
await store.close()
console.log(JSON.stringify({ off: Date.now(), own, followed }))
