import type { ConformanceCase, TestEvent } from '../../case.js'
import { eventIds, idsOf, nothingStored } from '../views.js'

export const idm03: ConformanceCase = {
  id: 'IDM-03',
  title: 'stored ids plus new ones, or in another order: ConcurrencyError',
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A superset of which the new part is stored.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const batch = t.events(3)
    await adapter.appendToStream(streamId, batch, { expectedVersion: 'noStream' })
    const [more] = [t.events(1)]
    const calls: [string, readonly TestEvent[]][] = [
      ['a superset', [...batch, ...more]],
      ['a new one first', [...more, ...batch]],
      ['another order', [...batch].reverse()],
      ['one replaced', [...batch.slice(0, 2), ...more]],
    ]
    for (const [what, events] of calls)
      await t.rejects(
        () => adapter.appendToStream(streamId, events, { expectedVersion: 'noStream' }),
        'concurrency',
        { actualVersion: 3 },
        what,
      )
    await nothingStored(t, adapter, streamId, eventIds(batch), 3, 'after the conflicts')
  },
}

export const idm04: ConformanceCase = {
  id: 'IDM-04',
  title: 'same n, other ids, equal payload: ConcurrencyError',
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Recognition by payload, or by nothing: the second of two equal decisions is lost.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const batch = t.events(2)
    await adapter.appendToStream(streamId, batch, { expectedVersion: 'noStream' })
    const equal = batch.map((event, index) => ({ ...event, id: t.events(1)[0]?.id ?? String(index) }))
    await t.rejects(
      () => adapter.appendToStream(streamId, equal, { expectedVersion: 'noStream' }),
      'concurrency',
      { actualVersion: 2 },
      'equal payload with other ids',
    )
    await t.rejects(
      () =>
        adapter.appendToStream(
          streamId,
          batch.map(({ type, data }) => ({ type, data })),
          { expectedVersion: 'noStream' },
        ),
      'concurrency',
      {},
      'equal payload without ids',
    )
    await nothingStored(t, adapter, streamId, eventIds(batch), 2, 'after the conflicts')
  },
}

export const idm07: ConformanceCase = {
  id: 'IDM-07',
  title: 'a known id at n = v is stored',
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Ids that are looked up although the expectation holds: a legitimate event is swallowed.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const batch = t.events(1)
    await adapter.appendToStream(streamId, batch)
    await adapter.appendToStream(streamId, t.events(1))
    const result = await adapter.appendToStream(streamId, batch, { expectedVersion: 2 })
    t.deepEqual([result.firstVersion, result.version], [3, 3], 'a known id where the expectation holds')
    t.equal((await idsOf(adapter, streamId))[2], batch[0]?.id, 'stored again')
  },
}

export const idm08: ConformanceCase = {
  id: 'IDM-08',
  title: 'an id known in another stream is stored',
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Ids that are unique in the whole store.',
  async run(t) {
    const adapter = await t.adapter()
    const [a, b] = [t.stream('a'), t.stream('b')]
    const batch = t.events(2)
    await adapter.appendToStream(a, batch, { expectedVersion: 'noStream' })
    t.equal((await adapter.appendToStream(b, batch, { expectedVersion: 'noStream' })).version, 2, 'the same ids in another stream')
    t.equal((await adapter.appendToStream(t.stream('c'), batch)).version, 2, "the same ids in another stream, 'any'")
    t.deepEqual([await idsOf(adapter, a), await idsOf(adapter, b)], [eventIds(batch), eventIds(batch)], 'both streams hold them')
  },
}
