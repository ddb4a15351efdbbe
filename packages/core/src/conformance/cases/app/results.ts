import type { CaseContext, ConformanceCase } from '../../case.js'
import type { EventStoreAdapter } from '../../../adapter.js'

export const app06: ConformanceCase = {
  id: 'APP-06',
  title: 'a batch of k gets versions v + 1 to v + k in the order given',
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'firstVersion and version mixed up, a batch stored in another order, or a gap between two batches.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const events = t.events(1 + 2 + 7 + 50)
    let version = 0
    for (const size of [1, 2, 7, 50]) {
      const result = await adapter.appendToStream(streamId, events.slice(version, version + size), { expectedVersion: version })
      t.deepEqual([result.firstVersion, result.version], [version + 1, version + size], `a batch of ${size} at version ${version}`)
      version += size
    }
    await t.holds(adapter, streamId, events, { message: 'batches follow each other in order, without a gap' })
  },
}

export const app07: ConformanceCase = {
  id: 'APP-07',
  title: 'an append without events checks the expectation, tells the version, and stores, creates and revives nothing',
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'An empty batch that makes an empty stream, skips the check, or fails in a driver that cannot insert zero rows.',
  async run(t) {
    const adapter = await t.adapter()
    const [missing, live] = [t.stream(), t.stream()]
    t.step('missing stream')
    for (const expectedVersion of ['any', 'noStream', 0, undefined] as const) await told(t, adapter, missing, expectedVersion, 0)
    for (const expectedVersion of ['streamExists', 1] as const) await refused(t, adapter, missing, expectedVersion, 0)

    t.step('live stream')
    const events = t.events(3)
    await adapter.appendToStream(live, events)
    for (const expectedVersion of ['any', 'streamExists', 3] as const) await told(t, adapter, live, expectedVersion, 3)
    for (const expectedVersion of ['noStream', 0, 2, 4] as const) await refused(t, adapter, live, expectedVersion, 3)
    await t.holds(adapter, live, events, { message: 'an empty append stores nothing' })

    await t.part({ capability: 'deleteStream' }, async () => {
      await adapter.deleteStream(live)
      for (const expectedVersion of ['any', 'noStream', 3] as const) await told(t, adapter, live, expectedVersion, 3)
      await refused(t, adapter, live, 2, 3)
      await t.rejects(adapter.appendToStream(live, [], { expectedVersion: 'streamExists' }), 'stream-deleted', { tombstoned: false })
    })
    await t.part({ capability: 'tombstoneStream' }, async () => {
      await adapter.tombstoneStream(missing)
      await t.rejects(adapter.appendToStream(missing, []), 'stream-deleted', { tombstoned: true }, 'an empty append to a tombstoned stream')
    })
    await t.part({ capability: 'truncateStream' }, async () => {
      const truncated = t.stream()
      await adapter.appendToStream(truncated, t.events(2))
      await adapter.truncateStream(truncated, { before: 3 })
      await told(t, adapter, truncated, 2, 2)
      await told(t, adapter, truncated, 'streamExists', 2)
      await refused(t, adapter, truncated, 'noStream', 2)
    })
  },
}

type Expected = 'any' | 'noStream' | 'streamExists' | number | undefined

async function told(
  t: CaseContext,
  adapter: EventStoreAdapter,
  streamId: string,
  expectedVersion: Expected,
  version: number,
): Promise<void> {
  const before = await adapter.getStreamState(streamId)
  const result = await t.resolves(
    adapter.appendToStream(streamId, [], { expectedVersion }),
    `${expectedVersion} holds at version ${version}`,
  )
  t.deepEqual(
    result,
    { streamId, firstVersion: version + 1, version, position: undefined },
    `an empty append with ${expectedVersion} tells the version and no position`,
  )
  t.deepEqual(await adapter.getStreamState(streamId), before, 'an empty append stores, creates and revives nothing')
}

async function refused(
  t: CaseContext,
  adapter: EventStoreAdapter,
  streamId: string,
  expectedVersion: Expected,
  version: number,
): Promise<void> {
  await t.rejects(
    adapter.appendToStream(streamId, [], { expectedVersion }),
    'concurrency',
    { streamId, expectedVersion, actualVersion: version },
    `an empty append checks the expectation ${expectedVersion}`,
  )
}

export const app08: ConformanceCase = {
  id: 'APP-08',
  title: 'of 100 mixed appends each result carries the versions, and the position, its events got',
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A result that is computed from the request, or tells the first event of a batch instead of the last.',
  async run(t) {
    const adapter = await t.adapter()
    const streams = [t.stream(), t.stream(), t.stream()]
    const versions = new Map<string, number>()
    const positions = new Map<string, string | undefined>()
    for (let count = 0; count < 100; count += 1) {
      const streamId = t.random.pick(streams)
      const version = versions.get(streamId) ?? 0
      const events = t.events(1 + t.random.int(4))
      const expectedVersion = t.random.pick(['any', version, version === 0 ? 'noStream' : 'streamExists'] as const)
      t.step(`append ${count + 1}`)
      const result = await adapter.appendToStream(streamId, events, { expectedVersion })
      t.deepEqual(
        [result.streamId, result.firstVersion, result.version],
        [streamId, version + 1, version + events.length],
        `the versions of a result, batch of ${events.length}, after ${version}`,
      )
      t.equal(typeof result.position, t.declares('readAll') ? 'string' : typeof result.position, 'a store with a log tells the position')
      versions.set(streamId, result.version)
      positions.set(`${streamId}@${result.version}`, result.position)
    }
    for (const streamId of streams) {
      const stored = await adapter.readStream(streamId).toArray()
      t.equal(stored.length, versions.get(streamId) ?? 0, 'the last version told is the stream’s')
    }
    await t.part({ capability: 'readAll' }, async () => {
      for (const streamId of streams)
        for (const event of await adapter.readStream(streamId).toArray()) {
          const told = positions.get(`${streamId}@${event.version}`)
          if (told !== undefined) t.equal(told, event.position, 'the position of a result is that of its last event')
        }
    })
  },
}
