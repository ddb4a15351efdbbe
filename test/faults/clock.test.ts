import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clockEnv } from '../services/faketime.js'
import { startChild } from './child.js'
import { cluster } from './cluster.js'
import { database, databaseAt, until } from './database.js'

// Fault 27: clocks that are wrong, or jump. libfaketime gives a process a clock of its own.

const missing = 'not proven: libfaketime is not installed (Debian: apt-get install libfaketime)'
const event = { type: 'Happened', data: 1 }
const day = 24 * 60 * 60 * 1000

test('clients whose clocks are a day off, or jump: order, positions, resuming and the time of events are the server’s', async (context) => {
  const db = database(context)
  const adapter = db.open()
  await adapter.open()
  const clocks = { behind: clockEnv({ offset: '-1d' }), ahead: clockEnv({ offset: '+1d' }), racing: clockEnv({ offset: '+0 x5000' }) }
  if (clocks.behind === undefined) return context.skip(missing)
  const started = Date.now()
  const children = Object.entries(clocks).map(([name, env]) => ({
    name,
    child: startChild('clock.child.mjs', [db.schema, name], { ...env, MILLRACE_TEST_POSTGRES_URL: db.url }),
  }))
  const said = await Promise.all(
    children.map(async ({ name, child }) => {
      expect([await child.ended, child.stderr()]).toEqual([0, ''])
      return { name, ...(JSON.parse(child.stdout()) as { readonly off: number; readonly followed: string[]; readonly own: string[] }) }
    }),
  )
  const log = await adapter.readAll().toArray()
  expect(log.length).toBe(3 * 40)
  for (const { name, off, followed, own } of said) {
    // The clock was wrong indeed.
    if (name !== 'racing') expect(Math.abs(off - started)).toBeGreaterThan(day / 2)
    expect(log.filter(({ streamId }) => streamId === name).map(({ id }) => id)).toEqual(own)
    // It followed the log from where it left it, twice, and missed nothing of itself on the way.
    expect(followed.filter((id) => own.includes(id))).toEqual(own)
    expect(followed).toEqual(log.map(({ id }) => id).slice(0, followed.length))
  }
  const shared = await adapter.readStream('shared').toArray()
  expect(shared.map(({ version }) => version)).toEqual(Array.from({ length: shared.length }, (_, n) => n + 1))
  for (const { createdAt } of log) expect(Math.abs(createdAt.getTime() - started)).toBeLessThan(day / 24)
})

test('a server whose clock jumps a day back and two ahead: order, positions and subscriptions are unaffected', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-clock-'))
  context.onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'clock')
  // The server's user reads it.
  await chmod(folder, 0o755)
  const set = (offset: string): Promise<void> => writeFile(file, `${offset}\n`, { mode: 0o644 })
  await set('+0d')
  const env = clockEnv({ file })
  if (env === undefined) return context.skip(missing)
  const server = await cluster(context, { env })
  await server.start()
  const db = databaseAt(server.url, context)
  const adapter = db.open()
  await adapter.open()
  const seen: { id: string; createdAt: Date }[] = []
  const subscription = adapter.subscribeToAll()
  const following = (async () => {
    for await (const { id, createdAt } of subscription) seen.push({ id, createdAt })
  })()
  const sent: string[] = []
  let checkpoint: string | undefined
  for (const offset of ['+0d', '-1d', '+1d', '+0d']) {
    await set(offset)
    for (let n = 0; n < 5; n += 1) {
      const id = crypto.randomUUID()
      await adapter.appendToStream('s', [{ id, ...event }], { expectedVersion: sent.length })
      sent.push(id)
    }
    // Resuming from a checkpoint of another day.
    const fresh = await adapter.readAll({ after: checkpoint }).toArray()
    expect(fresh.map(({ id }) => id)).toEqual(sent.slice(-5))
    checkpoint = fresh.at(-1)?.position
  }
  await until(() => seen.length === sent.length)
  expect(seen.map(({ id }) => id)).toEqual(sent)
  // The server's clock did jump.
  const times = seen.map(({ createdAt }) => createdAt.getTime())
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(1.5 * day)
  await subscription[Symbol.asyncDispose]()
  await following
})
