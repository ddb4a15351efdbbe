import { type ConformanceCase, raceCase } from '../../case.js'
import { eventIds, idsOf, storedOnce } from '../views.js'

export const idm01: ConformanceCase = {
  id: 'IDM-01',
  title: "same ids with the same n or 'noStream': original result, nothing stored",
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A retry after a lost answer that conflicts, or stores twice.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const [first, second] = [t.events(2), t.events(3)]
    await adapter.appendToStream(streamId, first, { expectedVersion: 'noStream' })
    await storedOnce(
      t,
      adapter,
      streamId,
      () => adapter.appendToStream(streamId, first, { expectedVersion: 'noStream' }),
      [1, 2],
      eventIds(first),
      "again with 'noStream'",
    )
    await storedOnce(
      t,
      adapter,
      streamId,
      () => adapter.appendToStream(streamId, first, { expectedVersion: 0 }),
      [1, 2],
      eventIds(first),
      'again with 0',
    )
    await adapter.appendToStream(streamId, second, { expectedVersion: 2 })
    const all = eventIds([...first, ...second])
    await storedOnce(
      t,
      adapter,
      streamId,
      () => adapter.appendToStream(streamId, second, { expectedVersion: 2 }),
      [3, 5],
      all,
      'again with 2',
    )
    await storedOnce(
      t,
      adapter,
      streamId,
      () => adapter.appendToStream(streamId, first, { expectedVersion: 'noStream' }),
      [1, 2],
      all,
      "'noStream' again, after later appends",
    )
    const upper = second.map((event) => ({ ...event, id: event.id.toUpperCase() }))
    await storedOnce(
      t,
      adapter,
      streamId,
      () => adapter.appendToStream(streamId, upper, { expectedVersion: 2 }),
      [3, 5],
      all,
      'ids in another letter case',
    )
  },
}

export const idm02: ConformanceCase = {
  id: 'IDM-02',
  title: 'a prefix of a stored batch at its n succeeds: version = n + number given',
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Recognition that looks at the end of the stream instead of the expected place.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const [before, batch] = [t.events(2), t.events(4)]
    await adapter.appendToStream(streamId, before)
    await adapter.appendToStream(streamId, batch, { expectedVersion: 2 })
    const all = eventIds([...before, ...batch])
    for (const count of [1, 3])
      await storedOnce(
        t,
        adapter,
        streamId,
        () => adapter.appendToStream(streamId, batch.slice(0, count), { expectedVersion: 2 }),
        [3, 2 + count],
        all,
        `a prefix of ${count}`,
      )
    await storedOnce(
      t,
      adapter,
      streamId,
      () => adapter.appendToStream(streamId, batch.slice(2), { expectedVersion: 4 }),
      [5, 6],
      all,
      'the tail at its own place',
    )
    await t.rejects(
      () => adapter.appendToStream(streamId, batch.slice(2), { expectedVersion: 2 }),
      'concurrency',
      {},
      "the tail at the batch's place",
    )
  },
}

export const idm09: ConformanceCase = raceCase({
  id: 'IDM-09',
  title: '16 concurrent identical exact appends: equal results, one copy',
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Two retries under way at once, of which one conflicts with its own twin.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const [first, batch] = [t.events(1), t.events(3)]
    await adapter.appendToStream(streamId, first)
    const { settled } = await t.race(
      Array.from({ length: 16 }, () => () => adapter.appendToStream(streamId, batch, { expectedVersion: 1 })),
    )
    const results = settled.map((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value.firstVersion, outcome.value.version] : String(outcome.reason),
    )
    t.deepEqual(
      results,
      Array.from({ length: 16 }, () => [2, 4]),
      'results of the twins',
    )
    t.deepEqual(await idsOf(adapter, streamId), eventIds([...first, ...batch]), 'one copy')
  },
})

export const idm12: ConformanceCase = {
  id: 'IDM-12',
  title: 'same ids, other payload: success, the stored event unchanged',
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A retry that overwrites, or a comparison of payloads that makes retries fail.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const [event] = t.events(1)
    if (event === undefined) return
    await adapter.appendToStream(streamId, [event], { expectedVersion: 'noStream' })
    const other = { ...event, type: 'Other', data: { n: -1 } }
    const again = await t.resolves(adapter.appendToStream(streamId, [other], { expectedVersion: 'noStream' }), 'the same id again')
    t.deepEqual([again.firstVersion, again.version], [1, 1], 'the original result')
    const [stored] = await adapter.readStream(streamId).toArray()
    t.deepEqual([stored?.type, stored?.data], [event.type, event.data], 'the stored event is unchanged')
  },
}

export const idm13: ConformanceCase = {
  id: 'IDM-13',
  title: 'a retry after 100 later appends, and ids of two adjacent appends as one: success',
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Recognition that remembers only recent appends, or only whole ones.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const [a, b] = [t.events(2), t.events(3)]
    await adapter.appendToStream(streamId, a, { expectedVersion: 'noStream' })
    await adapter.appendToStream(streamId, b, { expectedVersion: 2 })
    const later = t.events(t.rounds(100))
    for (const event of later) await adapter.appendToStream(streamId, [event])
    const all = eventIds([...a, ...b, ...later])
    await storedOnce(
      t,
      adapter,
      streamId,
      () => adapter.appendToStream(streamId, a, { expectedVersion: 'noStream' }),
      [1, 2],
      all,
      'the first append, much later',
    )
    await storedOnce(
      t,
      adapter,
      streamId,
      () => adapter.appendToStream(streamId, b, { expectedVersion: 2 }),
      [3, 5],
      all,
      'the second append, much later',
    )
    await storedOnce(
      t,
      adapter,
      streamId,
      () => adapter.appendToStream(streamId, [...a, ...b], { expectedVersion: 'noStream' }),
      [1, 5],
      all,
      'two adjacent appends as one',
    )
  },
}
