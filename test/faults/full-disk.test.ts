import { createFaultProxy } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { mountSmallDisk } from '../services/small-disk.js'
import { cluster } from './cluster.js'
import { databaseAt, failureOf } from './database.js'

// Fault 21: the events are on a disk of 8 MB.

/** About 200 KB that cannot be compressed away. */
const data = Array.from({ length: 6000 }, () => crypto.randomUUID()).join('')
const event = { type: 'Big', data }

test('a full disk: typed, nothing stored, not tried again inside; with space it works again', async (context) => {
  const disk = await mountSmallDisk(8)
  if (disk.status === 'not proven') return context.skip(`not proven: ${disk.reason}`)
  context.onTestFinished(() => disk.remove())
  const server = await cluster(context)
  await server.start()
  const db = databaseAt(server.url, context)
  await db.open().open()
  await db.rows(`CREATE TABLESPACE small LOCATION '${disk.folder}'`)
  await db.rows(`ALTER TABLE ${db.table('events')} SET TABLESPACE small`)

  const proxy = await createFaultProxy(server)
  context.onTestFinished(() => proxy.close())
  const url = Object.assign(new URL(db.url), { port: String(proxy.port) })
  const adapter = db.open({ connection: url.href, preparedStatements: false })
  // Changes nothing, and counts.
  const sent = proxy.inject({ fault: 'delay', ms: 0, when: (bytes) => Buffer.from(bytes).includes('append_'), times: Infinity })

  let [version, failure]: [number, unknown] = [0, undefined]
  while (failure === undefined)
    await adapter.appendToStream('s', [event], { expectedVersion: version }).then(
      (result) => (version = result.version),
      (error: unknown) => (failure = error),
    )
  expect(version).toBeGreaterThan(5)
  expect(failure).toMatchObject({ code: 'unavailable', outcome: 'not-applied', retryable: true })
  expect((failure as Error).message).toContain('disk of the server is full')
  expect(sent.strikes, 'one attempt at each append').toBe(version + 1)
  // A batch that does not fit leaves nothing of itself, whatever is expected.
  for (const expectedVersion of ['any', 'streamExists', version] as const)
    expect(await failureOf(adapter.appendToStream('s', [{ type: 'Small', data: 1 }, event, event], { expectedVersion }))).toMatchObject({
      code: 'unavailable',
      outcome: 'not-applied',
    })
  expect(sent.strikes).toBe(version + 4)
  expect((await adapter.readStream('s').toArray()).map((one) => one.version)).toEqual(Array.from({ length: version }, (_, n) => n + 1))
  expect((await adapter.readAll().toArray()).length).toBe(version)

  await disk.resize(64)
  expect((await adapter.appendToStream('s', [event], { expectedVersion: version })).version).toBe(version + 1)
  expect((await adapter.readAll().toArray()).length).toBe(version + 1)
})
