import { inspect } from 'node:util'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { openEventStore } from '@millrace/core'
import { dynamodb } from '@millrace/dynamodb'
import { describe, expect, test } from 'vitest'
import { refuse } from '../services/dynamodb-proxy.js'
import { failureOf } from './database.js'
import { credentials, events, idsOf, region, table } from './dynamodb-table.js'

/** Of exactly so many bytes, its type counted. */
const sized = (bytes: number, fill = 'x') => ({ type: 'T', data: fill.repeat((bytes - 3) / Buffer.byteLength(fill)) })

describe.each([
  ['items', {}],
  ['packed', { packing: 'commit' }],
  ['with the log', { log: 'claimed' }],
] as const)('limits, %s', (_name, options) => {
  test('what is at a limit is stored; one more is refused before anything is sent, and nothing is stored', async (context) => {
    const own = await table(context, options)
    const store = own.open()
    const { eventBytes, appendBytes, appendEvents, appendStreams } = store.capabilities.limits
    const streamId = 'ß'.repeat(256)
    await store.open()
    await store.appendToStream(streamId, [sized(eventBytes)], { streamType: 't'.repeat(255) })
    const many = Array.from({ length: appendEvents }, (_, n) => ({ type: 'Many', data: n }))
    expect((await store.appendToStream('many', many)).version).toBe(appendEvents)
    const share = Math.floor(appendBytes / 40)
    expect(
      (
        await store.appendToStream(
          'large',
          Array.from({ length: 40 }, () => sized(share)),
        )
      ).version,
    ).toBe(40)
    const parts = Array.from({ length: appendStreams }, (_, n) => ({ streamId: `part-${n}`, events: events(n % 3 === 0 ? 2 : 1) }))
    expect((await store.appendToStreams(parts)).length).toBe(appendStreams)
    expect((await store.readStream('large').toArray()).map(({ data }) => (data as string).length)).toEqual(
      Array.from({ length: 40 }, () => share - 3),
    )
    expect((await store.readStream('many').toArray()).map(({ data }) => data)).toEqual(many.map(({ data }) => data))
    expect((await store.readStream(streamId).toArray()).length).toBe(1)

    const requests = (): number => [...own.proxy.counts.values()].reduce((sum, count) => sum + count, 0)
    const before = requests()
    for (const [limit, call] of Object.entries({
      eventBytes: () => store.appendToStream('over', [sized(eventBytes + 1)]),
      appendBytes: () =>
        store.appendToStream('over', [...Array.from({ length: 10 }, () => sized(appendBytes / 10)), { type: 'T', data: 1 }]),
      appendEvents: () => store.appendToStream('over', [...many, { type: 'Many', data: 0 }]),
      appendStreams: () => store.appendToStreams([...parts, { streamId: 'one-more', events: events(1) }]),
      streamIdBytes: () => store.appendToStream(`${'ß'.repeat(256)}x`, events(1)),
      typeBytes: () => store.appendToStream('over', [{ type: 'x'.repeat(256), data: 1 }]),
    })) {
      const error = await failureOf(call())
      expect([error.code, error.limit, error.outcome]).toEqual(['limit-exceeded', limit, 'not-applied'])
      expect(error.actual as number).toBeGreaterThan(error.maximum as number)
    }
    expect(requests()).toBe(before)
    expect(await own.items('STREAM#over')).toEqual([])
  })
  test('names of which the text in an item is far longer: stored whole, or typed and nothing is stored', async (context) => {
    const own = await table(context, options)
    const store = own.open()
    // Packed, a name is JSON: six bytes for each of its own.
    const type = '\u0001'.repeat(255)
    const batch = Array.from({ length: 120 }, () => ({ type, data: 'x'.repeat(30_000) }))
    const result = await store.appendToStream('s', batch).catch((error: unknown) => error as { code?: unknown })
    const stored = await store.readStream('s').toArray()
    if ('version' in result) expect(stored.map((event) => event.type)).toEqual(batch.map(() => type))
    else expect([result.code, stored]).toEqual(['limit-exceeded', []])
  })
})

describe.each([
  ['items', {}],
  ['packed', { packing: 'commit' }],
] as const)('hostile names and values, %s', (_name, options) => {
  test('ids that look like keys never meet', async (context) => {
    const own = await table(context, options)
    const store = own.open()
    const ids = [
      'STREAM#a',
      '#',
      'a',
      'a#VERSION#00000000000000000001',
      'META',
      'VERSION#1',
      'SEQ#0',
      'LOG#0',
      'TABLE',
      'CONFIG',
      '__proto__',
      'a ',
      'A',
      ' ',
      '*',
    ]
    for (const id of ids) {
      await store.appendToStream(
        id,
        [
          { type: id, data: id },
          { type: id, data: { [id]: id } },
        ],
        { expectedVersion: 'noStream', streamType: id },
      )
      await store.setStreamMetadata(id, { id })
    }
    for (const id of ids) {
      const read = await store.readStream(id).toArray()
      expect(read.map(({ type, data, streamType, streamId }) => ({ type, data, streamType, streamId }))).toEqual([
        { type: id, data: id, streamType: id, streamId: id },
        { type: id, data: { [id]: id }, streamType: id, streamId: id },
      ])
      expect((await store.getStreamMetadata(id)).metadata).toEqual({ id })
    }
    const listed: string[] = []
    for await (const { streamId } of store.listStreams()) listed.push(streamId)
    expect(listed.sort()).toEqual([...ids].sort())
    const prefixed: string[] = []
    for await (const { streamId } of store.listStreams({ prefix: 'a' })) prefixed.push(streamId)
    expect(prefixed.sort()).toEqual(ids.filter((id) => id.startsWith('a')).sort())
  })
  test('bytes, empty bytes, texts and metadata of all kinds beside each other come back as they were', async (context) => {
    const own = await table(context, options)
    const store = own.open()
    const data = [
      new Uint8Array(),
      new Uint8Array([0, 255, 44, 91, 93]),
      '',
      null,
      [],
      {},
      'ä\u0000😀"],[',
      5e-324,
      { ['__proto__']: 1 },
      1e200,
    ]
    const sent = data.map((one, n) => ({ type: `T"${n},`, data: one, ...(n % 2 === 0 ? { metadata: { n, text: '],[null' } } : {}) }))
    await store.appendToStream('s', sent)
    for (const direction of ['forwards', 'backwards'] as const) {
      const read = await store.readStream('s', { direction }).toArray()
      const found = read.map((event) => ({
        type: event.type,
        data: event.data,
        ...(event.metadata === undefined ? {} : { metadata: event.metadata }),
      }))
      expect(direction === 'forwards' ? found : found.reverse()).toEqual(sent)
    }
  })
})

describe('set-up', () => {
  test('another region, a missing table: a configuration error that says what to do; no table appears', async (context) => {
    const own = await table(context)
    await own.open().open()
    const error = await failureOf(own.open({ region: 'us-east-2', setup: 'manual' }).appendToStream('s', events(1)))
    expect([error.code, error.outcome]).toEqual(['configuration', 'not-applied'])
    expect(error.hint).toContain('createTable')
    const missing = await failureOf(own.open({ tableName: `${own.name}_typo`, setup: 'manual' }).open())
    expect([missing.code, String(missing.message)]).toEqual(['configuration', expect.stringContaining(`${own.name}_typo`)])
    expect((await failureOf(own.open({ tableName: `${own.name}_typo`, setup: 'manual' }).open())).code).toBe('configuration')
  })
  test('a table of another log mode is refused, both ways', async (context) => {
    const own = await table(context)
    await own.open().open()
    expect((await failureOf(own.open({ log: 'claimed' }).open())).message).toContain("log: 'none'")
    const logged = await table(context, { log: 'claimed' })
    await logged.open().open()
    expect((await failureOf(logged.open({ log: 'none' }).open())).message).toContain("log: 'claimed'")
  })
  test("twelve 'auto' openers at once: one set-up, one log", async (context) => {
    const own = await table(context, { log: 'claimed' })
    const stores = Array.from({ length: 12 }, () => own.open())
    const positions = await Promise.all(stores.map(async (store, n) => (await store.appendToStream(`s-${n}`, events(1))).position))
    expect(new Set(positions.map((position) => position?.split('-')[1])).size).toBe(1)
    expect((await stores[0]?.readAll().toArray())?.length).toBe(12)
  })
  test('rights that are missing: denied, not applied, with a hint, and no payload or secret anywhere', async (context) => {
    const own = await table(context)
    const store = own.open()
    await store.appendToStream('s', events(1))
    own.proxy.inject({ fault: refuse('AccessDeniedException', { message: 'User is not authorized to perform dynamodb:PutItem' }) })
    const error = await failureOf(store.appendToStream('s', events(1, 'sentinel-payload')))
    expect([error.code, error.outcome, error.retryable]).toEqual(['access-denied', 'not-applied', false])
    expect(error.hint).not.toBe('')
    expect(inspect(error, { depth: 20 })).not.toMatch(/sentinel-payload|battery/u)
  })
  test('a document client: low-level commands go through it; it is left as it was', async (context) => {
    const own = await table(context)
    await own.open().open()
    const store = own.open({ client: () => DynamoDBDocumentClient.from(own.client()) })
    const sent = events(3)
    await store.appendToStream('s', sent)
    expect((await store.readStream('s').toArray()).map(({ id }) => id)).toEqual(idsOf(sent))
  })
  test('a URL says region, table and endpoint; the adapter is loaded on demand', async (context) => {
    const own = await table(context)
    const config = `dynamodb://${region}/${own.name}?setup=auto&log=claimed&endpoint=${encodeURIComponent(own.server)}`
    const store = await openEventStore(config)
    expect((await store.appendToStream('s', events(2))).version).toBe(2)
    expect((await store.readAll().toArray()).length).toBe(2)
    await store.close()
  })
})

test('the items of those who stand in the way, payloads and secrets are in no error, cause or log', async (context) => {
  const own = await table(context)
  const store = own.open()
  await own.open().appendToStream('s', events(2, 'sentinel-stored'))
  const failures = [
    await failureOf(store.appendToStream('s', events(1, 'sentinel-sent'), { expectedVersion: 'noStream' })),
    await failureOf(store.appendToStream('s', events(3, 'sentinel-sent'), { expectedVersion: 'noStream' })),
  ]
  for (const name of ['ValidationException', 'SomethingNew', 'InternalServerError']) {
    own.proxy.inject({ fault: refuse(name, { Item: { event_data: { S: 'sentinel-item' } } }), times: 3 })
    failures.push(await failureOf(store.appendToStream('s', events(1, 'sentinel-sent'), { expectedVersion: 9, timeoutMs: 200 })))
  }
  for (const error of failures) expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/sentinel|battery/u)
  expect(inspect(dynamodb({ tableName: 'xyz', clientConfig: { credentials } }), { depth: 20, showHidden: true })).not.toContain('battery')
})
