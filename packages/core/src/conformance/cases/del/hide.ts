import type { ConformanceCase } from '../../case.js'
import { inverseOf } from '../../inverse.js'
import { follow, timesCaughtUp } from '../follow.js'
import { eventIds, filled, idsOf, range, versionsOf } from '../views.js'

export const del04: ConformanceCase = {
  id: 'DEL-04',
  title: 'a tombstoned stream refuses every append and read with StreamDeletedError',
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'tombstoneStream' },
  rationale: 'A name that was used up and comes back.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId, events } = await filled(t, adapter, 3)
    await adapter.tombstoneStream(streamId)
    const gone = { streamId, tombstoned: true, outcome: 'not-applied' }
    for (const expectedVersion of ['any', 'noStream', 'streamExists', 0, 2, 3] as const) {
      await t.rejects(
        () => adapter.appendToStream(streamId, t.events(1), { expectedVersion }),
        'stream-deleted',
        gone,
        `append ${expectedVersion}`,
      )
      await t.rejects(
        () => adapter.appendToStream(streamId, [], { expectedVersion }),
        'stream-deleted',
        gone,
        `no events ${expectedVersion}`,
      )
    }
    await t.rejects(() => adapter.appendToStream(streamId, events, { expectedVersion: 0 }), 'stream-deleted', gone, 'a retry')
    for (const options of [{}, { direction: 'backwards' as const }, { from: 2 }, { limit: 1 }])
      await t.rejects(() => adapter.readStream(streamId, options), 'stream-deleted', gone, `read ${JSON.stringify(options)}`)
    t.deepEqual(await adapter.getStreamState(streamId), { status: 'tombstoned' }, 'its state')
    await t.part({ capability: 'truncateStream' }, async () => {
      await t.rejects(() => adapter.truncateStream(streamId, { before: 2 }), 'stream-deleted', gone, 'truncate')
    })
    await t.part({ capability: 'multiStreamAppend' }, async () => {
      const other = t.stream()
      const parts = [
        { streamId: other, events: t.events(1) },
        { streamId, events: t.events(1) },
      ]
      await t.rejects(() => adapter.appendToStreams(parts), 'stream-deleted', gone, 'one of two streams')
      t.deepEqual(await idsOf(adapter, other), [], 'the other stream got nothing')
    })
  },
  inverse: inverseOf('tombstoneStream'),
}

export const del05: ConformanceCase = {
  id: 'DEL-05',
  title: 'truncate: the prefix is gone, versions stay, windows are right; before v+1 empties it, and the next append shows',
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'truncateStream' },
  rationale: 'A truncated stream that is numbered anew, or reads as missing.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 2 })
    const { streamId } = await filled(t, adapter, 7)
    await adapter.truncateStream(streamId, { before: 4 })
    t.deepEqual(await versionsOf(adapter, streamId), range(4, 7), 'what is left')
    t.deepEqual(await versionsOf(adapter, streamId, { direction: 'backwards' }), range(7, 4), 'backwards')
    t.deepEqual(await versionsOf(adapter, streamId, { from: 1, to: 5 }), [4, 5], 'a window over the point')
    t.deepEqual(await versionsOf(adapter, streamId, { from: 5, to: 1, direction: 'backwards' }), [5, 4], 'and backwards')
    t.deepEqual(await versionsOf(adapter, streamId, { to: 3 }), [], 'a window before the point')
    t.deepEqual(await versionsOf(adapter, streamId, { limit: 2 }), [4, 5], 'a limit counts what is left')
    t.deepEqual(await adapter.getStreamState(streamId), { status: 'live', version: 7, firstVersion: 4 }, 'its state')
    await adapter.truncateStream(streamId, { before: 8 })
    t.deepEqual(await versionsOf(adapter, streamId), [], 'nothing is left')
    t.deepEqual(await adapter.getStreamState(streamId), { status: 'live', version: 7, firstVersion: 8 }, 'empty, and live')
    await using reader = follow(t, adapter.subscribeToStream(streamId))
    await reader.until('the end of what is empty', () => timesCaughtUp(reader) > 0)
    t.deepEqual(reader.events, [], 'a subscription to what is empty')
    await t.rejects(() => adapter.appendToStream(streamId, t.events(1), { expectedVersion: 'noStream' }), 'concurrency', {}, 'it exists')
    await adapter.appendToStream(streamId, t.events(2), { expectedVersion: 7 })
    t.deepEqual(await versionsOf(adapter, streamId), [8, 9], 'what came after')
    await reader.until('what came after', () => reader.events.length === 2)
    t.deepEqual(
      reader.events.map(({ version }) => version),
      [8, 9],
      'and the subscription goes on with it',
    )
  },
  inverse: inverseOf('truncateStream'),
}

export const del06: ConformanceCase = {
  id: 'DEL-06',
  title: 'other streams and subscriptions to them outlive delete, tombstone and truncate',
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A delete by prefix, or one that ends what it should not touch.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId, events } = await filled(t, adapter, 3)
    const near = [`${streamId}0`, `${streamId}#1`, `${streamId}/`, streamId.slice(0, -1)]
    for (const id of near) await adapter.appendToStream(id, t.events(2))
    await using reader = follow(t, adapter.subscribeToStream(streamId))
    await reader.until('its history', () => reader.events.length === 3)
    const [truncated = '', deleted = '', ...tombstoned] = near
    await t.part({ capability: 'truncateStream' }, () => adapter.truncateStream(truncated, { before: 3 }))
    await t.part({ capability: 'deleteStream' }, () => adapter.deleteStream(deleted))
    await t.part({ capability: 'tombstoneStream' }, async () => {
      for (const id of tombstoned) await adapter.tombstoneStream(id)
    })
    t.deepEqual(await idsOf(adapter, streamId), eventIds(events), 'the stream beside them is as before')
    t.deepEqual(await adapter.getStreamState(streamId), { status: 'live', version: 3, firstVersion: 1 }, 'its state too')
    const more = t.events(1)
    await adapter.appendToStream(streamId, more, { expectedVersion: 3 })
    await reader.until('what came', () => reader.events.length === 4)
    t.deepEqual(eventIds(reader.events), eventIds([...events, ...more]), 'its subscription goes on')
  },
}

export const del09: ConformanceCase = {
  id: 'DEL-09',
  title: 'tombstone: a missing, a deleted and a live stream; once more resolves; its delete is refused',
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'tombstoneStream' },
  rationale: 'A name that can only be reserved after it was used.',
  async run(t) {
    const adapter = await t.adapter()
    const missing = t.stream('missing')
    const { streamId: live } = await filled(t, adapter, 2)
    const conflict = { streamId: live, actualVersion: 2 }
    for (const expectedVersion of ['noStream', 1, 3] as const)
      await t.rejects(
        () => adapter.tombstoneStream(live, { expectedVersion }),
        'concurrency',
        conflict,
        `a live stream, expected ${expectedVersion}`,
      )
    await t.rejects(
      () => adapter.tombstoneStream(missing, { expectedVersion: 1 }),
      'concurrency',
      { actualVersion: 0 },
      'a missing stream at 1',
    )
    t.equal((await adapter.getStreamState(live)).status, 'live', 'what was refused changed nothing')
    await t.resolves(adapter.tombstoneStream(missing, { expectedVersion: 'noStream' }), 'a missing stream')
    await t.resolves(adapter.tombstoneStream(live, { expectedVersion: 2 }), 'a live stream')
    for (const streamId of [missing, live]) {
      t.deepEqual(await adapter.getStreamState(streamId), { status: 'tombstoned' }, 'its state')
      await t.resolves(adapter.tombstoneStream(streamId), 'once more')
      await t.rejects(() => adapter.appendToStream(streamId, t.events(1)), 'stream-deleted', { tombstoned: true }, 'an append')
    }
    await t.part({ capability: 'deleteStream' }, async () => {
      const { streamId: deleted } = await filled(t, adapter, 2)
      await adapter.deleteStream(deleted)
      await t.resolves(adapter.tombstoneStream(deleted), 'a deleted stream')
      t.deepEqual(await adapter.getStreamState(deleted), { status: 'tombstoned' }, 'its state after')
      for (const streamId of [missing, live, deleted])
        await t.rejects(() => adapter.deleteStream(streamId), 'stream-deleted', { streamId, tombstoned: true }, 'deleting a tombstone')
    })
  },
  inverse: inverseOf('tombstoneStream'),
}

export const del10: ConformanceCase = {
  id: 'DEL-10',
  title: 'truncate never lowers the point; beyond v+1 it is refused; of a missing stream only 1 passes',
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'truncateStream' },
  rationale: 'A late, smaller truncation that brings events back.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 6)
    await adapter.truncateStream(streamId, { before: 4 })
    for (const before of [4, 2, 1]) await t.resolves(adapter.truncateStream(streamId, { before }), `a lower point, ${before}`)
    t.deepEqual(await versionsOf(adapter, streamId), range(4, 6), 'the point was not lowered')
    for (const before of [8, 100])
      await t.rejects(() => adapter.truncateStream(streamId, { before }), 'invalid-argument', { path: 'before' }, `beyond, ${before}`)
    for (const before of [0, -1, 1.5, Number.NaN, '2' as never, undefined as never])
      await t.rejects(
        () => adapter.truncateStream(streamId, { before }),
        'invalid-argument',
        { path: 'before' },
        `no version: ${String(before)}`,
      )
    t.deepEqual(await versionsOf(adapter, streamId), range(4, 6), 'what was refused changed nothing')
    const missing = t.stream('missing')
    await t.resolves(adapter.truncateStream(missing, { before: 1 }), 'a missing stream before 1')
    await t.rejects(
      () => adapter.truncateStream(missing, { before: 2 }),
      'invalid-argument',
      { path: 'before' },
      'a missing stream before 2',
    )
    t.equal((await adapter.getStreamState(missing)).status, 'missing', 'it stays missing')
    await t.part({ capability: 'deleteStream' }, async () => {
      await adapter.deleteStream(streamId)
      await t.rejects(() => adapter.truncateStream(streamId, { before: 5 }), 'stream-deleted', { tombstoned: false }, 'a deleted stream')
    })
  },
  inverse: inverseOf('truncateStream'),
}
