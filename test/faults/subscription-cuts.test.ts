import { createFaultProxy } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { cluster } from './cluster.js'
import { type Database, database, databaseAt, until } from './database.js'

// Faults 20 and 26: what a live subscription lives through.

const event = { type: 'Happened', data: 1 }

/** Follows a stream and the log, and notes what is said beside events. */
function follow(adapter: ReturnType<Database['open']>, context: Parameters<typeof database>[0], timeoutMs?: number) {
  const said: string[] = []
  const [log, stream]: [number[], number[]] = [[], []]
  const toAll = adapter.subscribeToAll({ timeoutMs })
  const toStream = adapter.subscribeToStream('s', { timeoutMs })
  const following = [
    (async () => {
      for await (const message of toAll.messages()) {
        if (message.kind === 'event') log.push(message.event.version)
        else said.push(message.kind)
      }
    })(),
    (async () => {
      for await (const { version } of toStream) stream.push(version)
    })(),
  ]
  context.onTestFinished(async () => {
    await Promise.all([toAll[Symbol.asyncDispose](), toStream[Symbol.asyncDispose]()])
    await Promise.all(following)
  })
  return {
    said,
    async sees(version: number) {
      await until(() => log.length >= version && stream.length >= version)
      const all = Array.from({ length: version }, (_, index) => index + 1)
      expect([log, stream]).toEqual([all, all])
    },
  }
}

for (const mode of ['fast', 'immediate', 'kill'] as const)
  test(`the server is restarted (${mode}): subscriptions go on, no gap, no double`, async (context) => {
    const server = await cluster(context)
    await server.start()
    const db = databaseAt(server.url, context)
    const [reader, writer] = [db.open(), db.open()]
    for (let n = 0; n < 3; n += 1) await writer.appendToStream('s', [event])
    const { said, sees } = follow(reader, context)
    await sees(3)
    await until(() => said.includes('caughtUp'))
    await (mode === 'kill' ? server.kill() : server.stop(mode))
    await until(() => said.includes('disconnected'))
    await server.start()
    for (let n = 0; n < 3; n += 1) await writer.appendToStream('s', [event])
    await sees(6)
    await until(() => said.at(-1) === 'caughtUp')
    expect(said).toEqual(['caughtUp', 'disconnected', 'caughtUp'])
  })

test('connections cut while events flow, 30 times: no gap, no double', async (context) => {
  const db = database(context)
  const { hostname, port } = new URL(db.url)
  const proxy = await createFaultProxy({ host: hostname, port: Number(port), seed: 26 })
  context.onTestFinished(() => proxy.close())
  const url = Object.assign(new URL(db.url), { hostname: proxy.host, port: String(proxy.port) })
  const [reader, writer] = [db.open({ connection: url.href }), db.open()]
  await reader.open()
  proxy.inject({ fault: 'cut-before', on: 'response', chance: 0.05, times: Infinity })
  const { sees } = follow(reader, context)
  for (let n = 1; n <= 30; n += 1) {
    await writer.appendToStream('s', [event])
    if (n % 3 === 0) await proxy.cutAll()
    if (n % 5 === 0) await sees(n)
  }
  await sees(30)
  expect(proxy.faults.length).toBeGreaterThan(0)
})

test('a connection that goes silent without an end: said within its time, and gone on with', async (context) => {
  const db = database(context)
  const { hostname, port } = new URL(db.url)
  const proxy = await createFaultProxy({ host: hostname, port: Number(port) })
  context.onTestFinished(() => proxy.close())
  const url = Object.assign(new URL(db.url), { hostname: proxy.host, port: String(proxy.port) })
  const [reader, writer] = [db.open({ connection: url.href, timeoutMs: 500, timeouts: { connectMs: 300 } }), db.open()]
  await writer.appendToStream('s', [event])
  const { said, sees } = follow(reader, context)
  await sees(1)
  await until(() => said.includes('caughtUp'))
  // Nothing is heard on any connection there is, and none of them is closed.
  const hang = proxy.inject({ fault: 'hang', times: Infinity })
  await until(() => said.includes('disconnected'))
  expect(hang.strikes).toBeGreaterThan(0)
  await writer.appendToStream('s', [event])
  hang.remove()
  await sees(2)
  await until(() => said.at(-1) === 'caughtUp')
})
