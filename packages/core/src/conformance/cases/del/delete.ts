import type { ConformanceCase } from '../../case.js'
import { raceCase } from '../../case.js'
import { inverseOf } from '../../inverse.js'
import { eventIds, filled, idsOf, versionsOf } from '../views.js'

export const del01: ConformanceCase = {
  id: 'DEL-01',
  title: "delete with 'any' (missing, deleted: resolves), a version, 'streamExists'; a mismatch is a conflict",
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'deleteStream' },
  rationale: 'A delete that ignores its expectation, or fails on what is gone already.',
  async run(t) {
    const adapter = await t.adapter()
    const missing = t.stream('missing')
    await t.resolves(adapter.deleteStream(missing), 'a missing stream')
    await t.resolves(adapter.deleteStream(missing, { expectedVersion: 0 }), 'a missing stream at 0')
    t.equal((await adapter.getStreamState(missing)).status, 'missing', 'a missing stream stays missing')
    const conflict = { streamId: missing, outcome: 'not-applied' }
    await t.rejects(
      () => adapter.deleteStream(missing, { expectedVersion: 'streamExists' }),
      'concurrency',
      { ...conflict, actualVersion: 0 },
      'a missing one that should exist',
    )
    await t.rejects(() => adapter.deleteStream(missing, { expectedVersion: 1 }), 'concurrency', conflict, 'a missing one at 1')

    const { streamId, events } = await filled(t, adapter, 3)
    for (const expectedVersion of [0, 2, 4])
      await t.rejects(
        () => adapter.deleteStream(streamId, { expectedVersion }),
        'concurrency',
        { streamId, expectedVersion, actualVersion: 3, subject: 'stream' },
        `another version, ${expectedVersion}`,
      )
    for (const expectedVersion of ['noStream', -1, 1.5, 'x'])
      await t.rejects(
        () => adapter.deleteStream(streamId, { expectedVersion: expectedVersion as never }),
        'invalid-argument',
        {},
        `no expectation of a delete: ${expectedVersion}`,
      )
    t.deepEqual(await idsOf(adapter, streamId), eventIds(events), 'what was refused deleted nothing')
    await t.resolves(adapter.deleteStream(streamId, { expectedVersion: 3 }), 'at its version')
    await t.resolves(adapter.deleteStream(streamId, { expectedVersion: 3 }), 'deleted already, at that version')
    await t.resolves(adapter.deleteStream(streamId), 'deleted already')
    await t.rejects(
      () => adapter.deleteStream(streamId, { expectedVersion: 'streamExists' }),
      'stream-deleted',
      { streamId, tombstoned: false },
      'deleted already, though it should exist',
    )
    const { streamId: existing } = await filled(t, adapter, 2)
    await t.resolves(adapter.deleteStream(existing, { expectedVersion: 'streamExists' }), 'one that exists')
    t.equal((await adapter.getStreamState(existing)).status, 'deleted', 'it is deleted')
  },
  inverse: inverseOf('deleteStream'),
}

export const del02: ConformanceCase = {
  id: 'DEL-02',
  title: 'a deleted stream reads empty, its state is deleted and keeps the version',
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'deleteStream' },
  rationale: 'Versions that start again: an old expectation holds for a new stream.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 5)
    await adapter.deleteStream(streamId)
    for (const options of [{}, { direction: 'backwards' as const }, { from: 2, to: 4 }, { limit: 1 }, { from: 6 }])
      t.deepEqual(await versionsOf(adapter, streamId, options), [], `reading ${JSON.stringify(options)}`)
    t.deepEqual(await adapter.getStreamState(streamId), { status: 'deleted', version: 5, firstVersion: 6 }, 'its state')
    t.deepEqual(
      await adapter.appendToStream(streamId, [], { expectedVersion: 5 }).then(({ version }) => version),
      5,
      'its version is there to be asked for',
    )
  },
  inverse: inverseOf('deleteStream'),
}

export const del03: ConformanceCase = {
  id: 'DEL-03',
  title: "'any', 'noStream' and the exact version re-create at the next version; old events stay hidden",
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'deleteStream' },
  rationale: 'A re-created stream that shows its former life, or reuses its versions.',
  async run(t) {
    const adapter = await t.adapter()
    for (const expectedVersion of ['any', 'noStream', 3, 0] as const) {
      const { streamId } = await filled(t, adapter, 3)
      await adapter.deleteStream(streamId)
      const events = t.events(2)
      await t.rejects(
        () => adapter.appendToStream(streamId, t.events(1), { expectedVersion: 'streamExists' }),
        'stream-deleted',
        { tombstoned: false },
        "a deleted stream does not satisfy 'streamExists'",
      )
      await t.rejects(() => adapter.appendToStream(streamId, t.events(1), { expectedVersion: 2 }), 'concurrency', {}, 'another version')
      const result = await adapter.appendToStream(streamId, events, { expectedVersion })
      t.deepEqual([result.firstVersion, result.version], [4, 5], `re-created with ${expectedVersion}: versions go on`)
      await t.holds(adapter, streamId, events, { firstVersion: 4, message: `re-created with ${expectedVersion}: only what came after` })
      t.deepEqual(await versionsOf(adapter, streamId, { from: 1, to: 4 }), [4], 'a window over both lives')
      t.deepEqual(await versionsOf(adapter, streamId, { direction: 'backwards' }), [5, 4], 'backwards')
      await adapter.deleteStream(streamId)
      t.deepEqual(await versionsOf(adapter, streamId), [], 'deleted once more')
    }
  },
  inverse: inverseOf('deleteStream'),
}

export const del07: ConformanceCase = {
  id: 'DEL-07',
  title: "after a re-creation the same append again succeeds, a second 'noStream' with new ids conflicts",
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'deleteStream' },
  rationale: "A 'noStream' retry that is compared with the events of the former life.",
  async run(t) {
    const adapter = await t.adapter()
    const { streamId, events: former } = await filled(t, adapter, 2)
    await adapter.deleteStream(streamId)
    const events = t.events(2)
    const first = await adapter.appendToStream(streamId, events, { expectedVersion: 'noStream' })
    const again = await t.resolves(adapter.appendToStream(streamId, events, { expectedVersion: 'noStream' }), 'the same append again')
    t.deepEqual([again.firstVersion, again.version], [first.firstVersion, first.version], 'the retry gets the original result')
    await t.rejects(
      () => adapter.appendToStream(streamId, t.events(2), { expectedVersion: 'noStream' }),
      'concurrency',
      { actualVersion: 4 },
      'other events',
    )
    await t.rejects(
      () => adapter.appendToStream(streamId, [...events, ...former.slice(0, 1)], { expectedVersion: 'noStream' }),
      'concurrency',
      {},
      'a superset',
    )
    t.deepEqual(await idsOf(adapter, streamId), eventIds(events), 'stored once')
  },
  inverse: inverseOf('deleteStream'),
}

export const del08: ConformanceCase = raceCase({
  id: 'DEL-08',
  title: 'a delete at a version races an append at that version: results, state and reads fit one of the two orders',
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'deleteStream' },
  rationale: 'A delete that hides an event acknowledged after it.',
  async run(t) {
    const adapter = await t.adapter()
    let [deletedFirst, appendedFirst] = [0, 0]
    for (let round = 0; round < t.rounds(50); round += 1) {
      const { streamId } = await filled(t, adapter, 2)
      const [event] = t.events(1)
      if (event === undefined) return
      const calls = [
        () => adapter.deleteStream(streamId, { expectedVersion: 2 }),
        () => adapter.appendToStream(streamId, [event], { expectedVersion: 2 }),
      ]
      const inTurn = round % 2 === 0 ? calls : [...calls].reverse()
      const { settled } = await t.race<unknown>(inTurn)
      const [deleting, appending] = round % 2 === 0 ? settled : [...settled].reverse()
      t.equal(appending?.status, 'fulfilled', 'the append holds in either order')
      const versions = await versionsOf(adapter, streamId)
      const state = await adapter.getStreamState(streamId)
      if (deleting?.status === 'fulfilled') {
        deletedFirst += 1
        t.deepEqual(versions, [3], 'deleted, then appended: the new event is there')
        t.deepEqual(state, { status: 'live', version: 3, firstVersion: 3 }, 'deleted, then appended: the state')
      } else {
        appendedFirst += 1
        await t.rejects(() => Promise.reject(deleting?.reason as Error), 'concurrency', { actualVersion: 3 }, 'the delete came too late')
        t.deepEqual(versions, [1, 2, 3], 'appended, then refused: everything is there')
      }
    }
    t.ok(deletedFirst + appendedFirst > 0, 'one of the two orders')
  },
  inverse: inverseOf('deleteStream'),
})
