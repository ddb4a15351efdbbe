import { describe, expect, it } from 'vitest'
import { failureOf, until } from '../../../test/faults/database.js'
import { seenAppends } from '../../../test/faults/seen-appends.js'

const event = { type: 'Happened', data: 1 }
const streams = (count: number): string[] => Array.from({ length: count }, (_, index) => `s-${index}`)

describe('coalesced appends on the server', () => {
  it('18 at once are three round trips; a lone one is one, sent before its promise is awaited', async (context) => {
    const { adapter, sent } = await seenAppends(context)
    const results = await Promise.all(streams(18).map((stream) => adapter.appendToStream(stream, [event, event])))
    expect(sent.sort()).toEqual(['many', 'v2', 'v2'])
    expect(results.map(({ streamId, firstVersion, version }) => [streamId, firstVersion, version])).toEqual(
      streams(18).map((stream) => [stream, 1, 2]),
    )
    const log = await adapter.readAll().toArray()
    expect(log).toHaveLength(36)
    // What a caller is told is what is stored.
    expect(results.map(({ position }) => position)).toEqual(
      results.map(({ streamId }) => log.find((one) => one.streamId === streamId && one.version === 2)?.position),
    )
    await adapter.appendToStream('lone', [event])
    expect(sent).toHaveLength(4)
  })

  it('coalesce: false sends each by itself', async (context) => {
    const { db, sent } = await seenAppends(context)
    const adapter = db.open({ coalesce: false, connection: `${db.url}?application_name=${db.schema}` })
    await Promise.all(streams(20).map((stream) => adapter.appendToStream(stream, [event])))
    expect(sent).toEqual([])
    const rows = await db.rows('SELECT query FROM pg_stat_activity WHERE application_name = $1', [db.schema])
    expect(rows.filter(({ query }) => String(query).includes('append_many'))).toEqual([])
  })

  it('a conflict, a tombstone and a wrong expectation of 16 are told to their callers, and stop nobody else', async (context) => {
    const { db, adapter, sent } = await seenAppends(context)
    await adapter.appendToStream('there', [event, event, event])
    await adapter.tombstoneStream('gone')
    await adapter.appendToStream('deleted', [event])
    await adapter.deleteStream('deleted')
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()]
    await adapter.appendToStream('again', [{ ...event, id: first }], { expectedVersion: 'noStream' })
    await adapter.appendToStream('again', [event])
    sent.length = 0
    const outcomes = await Promise.allSettled([
      ...streams(11).map((stream) => adapter.appendToStream(stream, [event])),
      adapter.appendToStream('there', [event], { expectedVersion: 2 }),
      adapter.appendToStream('gone', [event]),
      adapter.appendToStream('never', [event], { expectedVersion: 'streamExists' }),
      adapter.appendToStream('deleted', [event], { expectedVersion: 'streamExists' }),
      adapter.appendToStream('again', [{ ...event, id: first }], { expectedVersion: 'noStream' }),
      adapter.appendToStream('exact', [{ ...event, id: second }], { expectedVersion: 'noStream' }),
      adapter.appendToStream('never either', [event, event, event], { expectedVersion: 4 }),
    ])
    expect(sent.sort()).toEqual(['many', 'v2', 'v2'])
    expect(outcomes.slice(0, 11).every(({ status }) => status === 'fulfilled')).toBe(true)
    const told = outcomes.slice(11).map((one) => (one.status === 'fulfilled' ? one.value.version : (one.reason as { code: string }).code))
    expect(told).toEqual(['concurrency', 'stream-deleted', 'concurrency', 'stream-deleted', 1, 1, 'concurrency'])
    expect(outcomes[11]).toMatchObject({ reason: { actualVersion: 3 } })
    expect(outcomes[17]).toMatchObject({ reason: { actualVersion: 0 } })
    expect(await db.rows(`SELECT count(*)::int AS n FROM ${db.table('events')}`)).toEqual([{ n: 3 + 1 + 2 + 11 + 1 }])
    // Nobody's conflict has made a stream: what it left is a head without events, of which nobody is told.
    const made = await db.rows(
      `SELECT stream_id FROM ${db.table('streams')} WHERE (stream_id LIKE 'never%' AND version > 0) OR base_version <> 0`,
    )
    expect(made).toEqual([{ stream_id: 'deleted' }])
    expect(await adapter.getStreamState('never either')).toMatchObject({ status: 'missing' })
    const listed: string[] = []
    for await (const { streamId } of adapter.listStreams({ prefix: 'never' })) listed.push(streamId)
    expect(listed).toEqual([])
    expect((await adapter.appendToStream('never either', [event], { expectedVersion: 'noStream' })).version).toBe(1)
  })

  it('each of appends of different lengths, with every expectation, is told its own versions and position', async (context) => {
    const { adapter, sent } = await seenAppends(context)
    const lengths = [1, 3, 2, 5]
    const kinds = lengths.flatMap((length, index) => [
      { stream: `new ${index}`, before: 0, length, expectedVersion: 'noStream' as const },
      { stream: `any ${index}`, before: 0, length, expectedVersion: 'any' as const },
      { stream: `exact ${index}`, before: length, length, expectedVersion: length },
      { stream: `there ${index}`, before: 2, length, expectedVersion: 'streamExists' as const },
    ])
    const events = (count: number) => Array.from({ length: count }, () => event)
    for (const { stream, before } of kinds) if (before > 0) await adapter.appendToStream(stream, events(before))
    sent.length = 0
    // From the last to the first, so that neither names nor sizes are in order.
    const results = await Promise.all(
      kinds.reverse().map(({ stream, length, expectedVersion }) => adapter.appendToStream(stream, events(length), { expectedVersion })),
    )
    expect(sent.filter((kind) => kind === 'many')).toHaveLength(1)
    const log = await adapter.readAll().toArray()
    for (const [index, { stream, before, length }] of kinds.entries()) {
      const [firstVersion, version] = [before + 1, before + length]
      const position = log.find((one) => one.streamId === stream && one.version === version)?.position
      expect(results[index]).toEqual({ streamId: stream, firstVersion, version, position })
    }
  })

  it('one of 16 that the server refuses fails alone', async (context) => {
    const { db, adapter, sent } = await seenAppends(context)
    await db.rows(`ALTER TABLE ${db.table('events')} ADD CHECK (event_type <> 'Bad')`)
    const outcomes = await Promise.allSettled(
      streams(18).map((stream, index) => adapter.appendToStream(stream, [{ type: index === 10 ? 'Bad' : 'Good', data: index }])),
    )
    expect(outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([10])
    expect(outcomes[10]).toMatchObject({ reason: { code: 'invalid-argument', outcome: 'not-applied' } })
    expect(sent.filter((kind) => kind === 'many')).toHaveLength(1)
    expect(sent.filter((kind) => kind === 'v2')).toHaveLength(2 + 16)
    expect(await adapter.readAll().toArray()).toHaveLength(17)
  })

  it('one of 64 whose stream is held by an open transaction waits alone', async (context) => {
    const { db, adapter } = await seenAppends(context)
    await adapter.appendToStream('s-40', [event])
    const holder = await db.admin.connect()
    await holder.query(`BEGIN; SELECT 1 FROM ${db.table('streams')} WHERE stream_id = 's-40' FOR UPDATE`)
    const appends = streams(66).map((stream) => adapter.appendToStream(stream, [event]))
    const others = await Promise.all(appends.filter((_, index) => index !== 40))
    expect(others).toHaveLength(65)
    await holder.query('COMMIT')
    holder.release()
    expect((await appends[40])?.version).toBe(2)
    expect(await adapter.readAll().toArray()).toHaveLength(67)
  })

  it('appends to held streams do not keep the connections of the others, though sent alone', async (context) => {
    const { db, adapter } = await seenAppends(context)
    await Promise.all(['held', 'held too'].map((stream) => adapter.appendToStream(stream, [event])))
    const holder = await db.admin.connect()
    await holder.query(`BEGIN; SELECT 1 FROM ${db.table('streams')} FOR UPDATE`)
    const waiting = ['held', 'held too'].map((stream) => adapter.appendToStream(stream, [event]))
    expect(await Promise.all(streams(20).map((stream) => adapter.appendToStream(stream, [event])))).toHaveLength(20)
    await holder.query('COMMIT')
    holder.release()
    expect((await Promise.all(waiting)).map(({ version }) => version)).toEqual([2, 2])
  })

  it('keeps the order of a stream, whatever the size of its appends', async (context) => {
    const { adapter } = await seenAppends(context)
    const sizes = Array.from({ length: 60 }, (_, index) => (index % 7 === 0 ? 120 : 1 + (index % 3)))
    const results = await Promise.all(
      sizes.flatMap((size, index) => [
        adapter.appendToStream(
          'hot',
          Array.from({ length: size }, () => ({ type: 'T', data: index })),
        ),
        adapter.appendToStream(`other-${index}`, [event]),
      ]),
    )
    const versions = results.filter(({ streamId }) => streamId === 'hot').map(({ firstVersion }) => firstVersion)
    expect(versions).toEqual([...versions].sort((a, b) => a - b))
    const stored = await adapter.readStream<{ type: string; data: number }>('hot').toArray()
    expect(stored.map(({ data }) => data)).toEqual(sizes.flatMap((size, index) => Array.from({ length: size }, () => index)))
  })
})

describe('a flush whose connection breaks', () => {
  for (const when of ['after it was done', 'before it was sent'] as const)
    it(`${when}: each is settled, every event once`, async (context) => {
      const { db, adapter, intercept, sent } = await seenAppends(context)
      let cuts = 0
      intercept(async (config, run) => {
        if (cuts > 0 || !config.text.includes('append_many')) return run(config)
        cuts += 1
        if (when === 'after it was done') await run(config)
        throw new Error('Connection terminated unexpectedly')
      })
      const ids = streams(18).map(() => crypto.randomUUID())
      const results = await Promise.all(
        streams(18).map((stream, index) =>
          adapter.appendToStream(stream, [{ ...event, id: ids[index] }], { expectedVersion: index % 2 === 0 ? 'any' : 'noStream' }),
        ),
      )
      expect(cuts).toBe(1)
      expect(results.map(({ version }) => version)).toEqual(results.map(() => 1))
      const stored = await db.rows(`SELECT id FROM ${db.table('events')}`)
      expect(stored.map(({ id }) => String(id)).sort()).toEqual([...ids].sort())
      expect(sent.filter((kind) => kind === 'v2')).toHaveLength(2 + 16)
    })
})

describe('the queue', () => {
  it('lets go of an append that is aborted: nothing of it is stored', async (context) => {
    const { adapter, sent, intercept } = await seenAppends(context)
    let land = (): void => undefined
    const landing = new Promise<void>((resolve) => (land = resolve))
    intercept(async (config, run) => {
      await landing
      return run(config)
    })
    const flying = ['a', 'b'].map((stream) => adapter.appendToStream(stream, [event]))
    const control = new AbortController()
    const given = failureOf(adapter.appendToStream('c', [event], { signal: control.signal }))
    const late = failureOf(adapter.appendToStream('d', [event], { timeoutMs: 30 }))
    await until(() => sent.length === 2)
    const reason = new Error('changed my mind')
    control.abort(reason)
    expect(await given).toBe(reason)
    expect(await late).toMatchObject({ code: 'timeout', outcome: 'not-applied' })
    land()
    await Promise.all(flying)
    expect((await adapter.readAll().toArray()).map(({ streamId }) => streamId).sort()).toEqual(['a', 'b'])
  })

  it('is empty before the adapter is closed', async (context) => {
    const { db, adapter } = await seenAppends(context)
    const appends = streams(200).map((stream) => adapter.appendToStream(stream, [event]))
    await adapter.close()
    expect(await Promise.all(appends)).toHaveLength(200)
    expect(await db.rows(`SELECT count(*)::int AS n FROM ${db.table('events')}`)).toEqual([{ n: 200 }])
  })

  it('works with a pool of one connection, also while that is held', async (context) => {
    const { db, adapter } = await seenAppends(context, 1)
    expect(await Promise.all(streams(20).map((stream) => adapter.appendToStream(stream, [event])))).toHaveLength(20)
    await db.rows(`ALTER TABLE ${db.table('events')} ADD CHECK (event_type <> 'Bad')`)
    const outcomes = await Promise.allSettled(
      streams(20).map((stream, index) => adapter.appendToStream(stream, [{ type: index === 7 ? 'Bad' : 'Good', data: index }])),
    )
    expect(outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([7])
  })
})

describe('appends to several streams', () => {
  it('200 calls that cross each other, among single appends: all or nothing, no deadlock', async (context) => {
    const { db, adapter } = await seenAppends(context)
    const peer = db.open()
    const names = streams(6)
    let expected = 0
    const calls = Array.from({ length: 200 }, (_, call) => {
      const parts = [0, 1, 2].map((part) => names[(call * (part + 2) + part) % 6] ?? '')
      const own = [...new Set(parts)]
      expected += own.length + 1
      const store = call % 2 === 0 ? adapter : peer
      return Promise.all([
        store.appendToStreams(own.map((streamId) => ({ streamId, events: [{ type: 'Part', data: call }] }))),
        store.appendToStream(names[call % 6] ?? '', [event]),
      ])
    })
    await Promise.all(calls)
    expect(await db.rows(`SELECT count(*)::int AS n FROM ${db.table('events')}`)).toEqual([{ n: expected }])
    for (const stream of names) {
      const versions = (await adapter.readStream(stream).toArray()).map(({ version }) => version)
      expect(versions).toEqual(versions.map((_version, index) => index + 1))
    }
  })
})
