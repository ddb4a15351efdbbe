import type { EventStoreAdapter } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { staleTip } from '../services/dynamodb-proxy.js'
import { failureOf } from './database.js'
import { events, idsIn, idsOf, table, versionKey } from './dynamodb-table.js'

/** Streams as they can be, and the version each is at. */
const streams: Readonly<Record<string, { readonly version: number; make(store: EventStoreAdapter, id: string): Promise<unknown> }>> = {
  missing: { version: 0, make: () => Promise.resolve() },
  live: { version: 3, make: (store, id) => store.appendToStream(id, events(3)) },
  'single events': {
    version: 3,
    async make(store, id) {
      for (let n = 0; n < 3; n += 1) await store.appendToStream(id, events(1))
    },
  },
  packed: { version: 150, make: (store, id) => store.appendToStream(id, events(150)) },
  deleted: {
    version: 3,
    async make(store, id) {
      await store.appendToStream(id, events(3))
      await store.deleteStream(id)
    },
  },
  truncated: {
    version: 3,
    async make(store, id) {
      await store.appendToStream(id, events(3))
      await store.truncateStream(id, { before: 4 })
    },
  },
}

describe.each(['none', 'claimed'] as const)('log: %s', (log) => {
  for (const [name, { version, make }] of Object.entries(streams))
    for (const [who, fresh] of [
      ['the process that wrote it', false],
      ['a fresh process', true],
      ['a fresh process with old replicas', true],
    ] as const)
      test(`a version too high, or inside a commit, of a stream that is ${name}, by ${who}: a conflict, and no hole`, async (context) => {
        const own = await table(context, { log })
        const writer = own.open()
        await writer.open()
        await make(writer, 's')
        const store = fresh ? own.open() : writer
        if (who.includes('replicas')) own.proxy.inject(staleTip)
        const before = await own.items('STREAM#s')
        for (const expectedVersion of [version + 1, version + 1000, Number.MAX_SAFE_INTEGER - 10, ...(version > 2 ? [version - 1] : [])])
          for (const count of expectedVersion === version + 1 ? [1, 2, 120] : [2]) {
            const error = await failureOf(store.appendToStream('s', events(count), { expectedVersion, timeoutMs: 60_000 }))
            expect([error.code, error.actualVersion], `expected ${expectedVersion}`).toEqual(['concurrency', version])
          }
        expect(await own.items('STREAM#s')).toEqual(before)
        const sent = events(2)
        expect(await store.appendToStream('s', sent, { expectedVersion: version })).toMatchObject({ firstVersion: version + 1 })
        expect((await idsIn(store, 's')).slice(-2)).toEqual(idsOf(sent))
      })
})

test('a process that has seen an old end is told the true version, and nothing is stored', async (context) => {
  const own = await table(context)
  const [one, two] = [own.open(), own.open()]
  await one.appendToStream('s', events(1))
  await two.appendToStream('s', events(5))
  const error = await failureOf(one.appendToStream('s', events(1), { expectedVersion: 1 }))
  expect([error.code, error.actualVersion]).toEqual(['concurrency', 6])
  await one.appendToStream('s', events(1))
  expect((await one.readStream('s').toArray()).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('the table is gone and made anew under a live process: it is told, and starts from nothing', async (context) => {
  const own = await table(context)
  const store = own.open()
  await store.appendToStream('s', events(3))
  for (const { PK, SK } of await own.all()) await own.remove(PK?.S ?? '', SK?.S ?? '')
  const { DeleteTableCommand } = await import('@aws-sdk/client-dynamodb')
  await own.direct.send(new DeleteTableCommand({ TableName: own.name }))
  const error = await failureOf(store.appendToStream('s', events(1), { expectedVersion: 3 }))
  expect([error.code, String(error.hint)]).toEqual(['configuration', expect.stringContaining('createTable')])
  await own.open().open()
  expect((await failureOf(store.appendToStream('s', events(1), { expectedVersion: 3 }))).actualVersion).toBe(0)
  expect(await own.items('STREAM#s')).toEqual([])
})

test('a hole that something else made is damage, in both directions, and is not passed', async (context) => {
  const own = await table(context)
  const store = own.open()
  for (let n = 0; n < 5; n += 1) await store.appendToStream('s', events(1))
  await own.remove('STREAM#s', versionKey(3))
  for (const direction of ['forwards', 'backwards'] as const) {
    const error = await failureOf(store.readStream('s', { direction }).toArray())
    expect([error.code, error.streamId]).toEqual(['corrupt-stream', 's'])
  }
})
