import type { ConformanceCase } from '../../case.js'
import { inverseOf } from '../../inverse.js'
import { filled, versionsOf } from '../views.js'

export const met04: ConformanceCase = {
  id: 'MET-04',
  title: 'stream metadata is set, got and replaced as a whole; a stale expectation conflicts; a missing stream stays missing',
  section: 'MET',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'streamMetadata' },
  rationale: 'Metadata that is merged, or that brings a stream into being.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 2)
    t.deepEqual(await adapter.getStreamMetadata(streamId), { metadata: undefined, version: 0 }, 'never set')
    const { version: first } = await adapter.setStreamMetadata(streamId, { owner: 'a', tags: ['x'], 'dotted.key': { __proto: null } })
    t.ok(first > 0, 'its version grows')
    t.deepEqual(
      await adapter.getStreamMetadata(streamId),
      { metadata: { owner: 'a', tags: ['x'], 'dotted.key': { __proto: null } }, version: first },
      'as set',
    )
    const { version: second } = await adapter.setStreamMetadata(streamId, { other: true }, { expectedMetadataVersion: first })
    t.ok(second > first, 'its version grows with each change')
    t.deepEqual(await adapter.getStreamMetadata(streamId), { metadata: { other: true }, version: second }, 'replaced as a whole')
    for (const expectedMetadataVersion of [0, first, second + 1])
      await t.rejects(
        () => adapter.setStreamMetadata(streamId, { stale: 1 }, { expectedMetadataVersion }),
        'concurrency',
        { subject: 'metadata', streamId, expectedVersion: expectedMetadataVersion, actualVersion: second, outcome: 'not-applied' },
        `the stale expectation ${expectedMetadataVersion}`,
      )
    for (const expectedMetadataVersion of [-1, 1.5, Number.NaN, 'any' as never])
      await t.rejects(() => adapter.setStreamMetadata(streamId, {}, { expectedMetadataVersion }), 'invalid-argument', {}, 'no version')
    for (const metadata of [null, [], 'x', 1, new Date(0), { a: 1n }])
      await t.rejects(() => adapter.setStreamMetadata(streamId, metadata as never), 'invalid-argument', {}, 'no JSON object')
    t.deepEqual(
      await adapter.getStreamMetadata(streamId),
      { metadata: { other: true }, version: second },
      'what was refused changed nothing',
    )
    t.deepEqual(await versionsOf(adapter, streamId), [1, 2], 'the events are as before')

    const missing = t.stream('missing')
    await adapter.setStreamMetadata(missing, { early: 1 })
    t.deepEqual(await adapter.getStreamState(missing), { status: 'missing', version: 0, firstVersion: 1 }, 'a missing stream stays missing')
    await t.rejects(
      () => adapter.appendToStream(missing, t.events(1), { expectedVersion: 'streamExists' }),
      'concurrency',
      {},
      'it does not exist',
    )
    await adapter.appendToStream(missing, t.events(1), { expectedVersion: 'noStream' })
    t.deepEqual((await adapter.getStreamMetadata(missing)).metadata, { early: 1 }, 'what was set early is kept')
    const results = await Promise.allSettled(
      [1, 2, 3].map((n) => adapter.setStreamMetadata(streamId, { n }, { expectedMetadataVersion: second })),
    )
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1, 'of three at one version, one is taken')
  },
  inverse: inverseOf('streamMetadata'),
}

export const met05: ConformanceCase = {
  id: 'MET-05',
  title:
    'delete clears stream metadata and then it cannot be set; truncate keeps it; setting it undoes no truncation; its version only grows',
  section: 'MET',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'streamMetadata' },
  rationale: 'Truncation kept inside the metadata: one wipes the other.',
  async run(t) {
    const adapter = await t.adapter()
    await t.part({ capability: 'truncateStream' }, async () => {
      const { streamId } = await filled(t, adapter, 5)
      const { version } = await adapter.setStreamMetadata(streamId, { keep: 'me' })
      await adapter.truncateStream(streamId, { before: 3 })
      const truncated = await adapter.getStreamMetadata(streamId)
      t.deepEqual(truncated.metadata, { keep: 'me' }, 'truncating keeps it')
      t.ok(truncated.version >= version, 'its version does not fall')
      const { version: set } = await adapter.setStreamMetadata(streamId, { keep: 'me too' })
      t.ok(set > truncated.version, 'its version grows')
      t.deepEqual(await versionsOf(adapter, streamId), [3, 4, 5], 'setting it undoes no truncation')
      t.deepEqual((await adapter.getStreamMetadata(streamId)).metadata, { keep: 'me too' }, 'and sets it')
    })
    await t.part({ capability: 'deleteStream' }, async () => {
      const { streamId } = await filled(t, adapter, 3)
      const { version } = await adapter.setStreamMetadata(streamId, { gone: 1 })
      await adapter.deleteStream(streamId)
      const deleted = await adapter.getStreamMetadata(streamId)
      t.equal(deleted.metadata, undefined, 'delete clears it')
      t.ok(deleted.version >= version, 'its version does not fall by a delete')
      await t.rejects(
        () => adapter.setStreamMetadata(streamId, { a: 1 }),
        'stream-deleted',
        { tombstoned: false },
        'set on a deleted stream',
      )
      await adapter.appendToStream(streamId, t.events(1))
      t.equal((await adapter.getStreamMetadata(streamId)).metadata, undefined, 're-created: still cleared')
      const { version: anew } = await adapter.setStreamMetadata(streamId, { back: 1 })
      t.ok(anew > deleted.version, 're-created: its version goes on')
      t.deepEqual(await versionsOf(adapter, streamId), [4], 're-created: setting it brings no event back')
    })
    await t.part({ capability: 'tombstoneStream' }, async () => {
      const { streamId } = await filled(t, adapter, 1)
      await adapter.setStreamMetadata(streamId, { a: 1 })
      await adapter.tombstoneStream(streamId)
      const gone = { streamId, tombstoned: true }
      await t.rejects(() => adapter.getStreamMetadata(streamId), 'stream-deleted', gone, 'get on a tombstone')
      await t.rejects(() => adapter.setStreamMetadata(streamId, { b: 1 }), 'stream-deleted', gone, 'set on a tombstone')
    })
  },
  inverse: inverseOf('streamMetadata'),
}
