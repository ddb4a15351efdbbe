import type { ConformanceCase } from '../../case.js'

export const app01: ConformanceCase = {
  id: 'APP-01',
  title: "'noStream' on a missing stream stores from version 1, and it reads back equal",
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Versions counted from 0, or a first append that needs the stream to be made before.',
  async run(t) {
    const adapter = await t.adapter()
    const [one, batch] = [t.stream(), t.stream()]
    const [event, events] = [t.events(1), t.events(3, { metadata: { by: 'me' } })]
    const single = await adapter.appendToStream(one, event, { expectedVersion: 'noStream' })
    t.deepEqual([single.streamId, single.firstVersion, single.version], [one, 1, 1], 'the first event has version 1')
    const several = await adapter.appendToStream(batch, events, { expectedVersion: 0 })
    t.deepEqual([several.streamId, several.firstVersion, several.version], [batch, 1, 3], 'a first batch of 3 has versions 1 to 3')
    await t.holds(adapter, one, event)
    await t.holds(adapter, batch, events)
  },
}

export const app02: ConformanceCase = {
  id: 'APP-02',
  title: "'noStream' and 0 on an existing stream are conflicts that say what was expected and found",
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: "'noStream' treated as 'any': two sign-ups with one name both succeed.",
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const events = t.events(2)
    await adapter.appendToStream(streamId, events)
    for (const expectedVersion of ['noStream', 0] as const) {
      t.step(`expecting ${expectedVersion}`)
      await t.rejects(
        adapter.appendToStream(streamId, t.events(1), { expectedVersion }),
        'concurrency',
        { streamId, expectedVersion, actualVersion: 2, subject: 'stream' },
        `${expectedVersion} on a stream with events is a conflict`,
      )
    }
    await t.holds(adapter, streamId, events, { message: 'nothing is stored after the conflict' })
  },
}

export const app03: ConformanceCase = {
  id: 'APP-03',
  title: 'a number appends exactly at that version; below, above and on a missing stream it is a conflict',
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'The expectation is ignored, compared with ≥ instead of =, or leaves a hole when it is too high.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const events = t.events(3)
    await adapter.appendToStream(streamId, events.slice(0, 2))
    const result = await t.resolves(
      adapter.appendToStream(streamId, events.slice(2), { expectedVersion: 2 }),
      'a number that is the version appends',
    )
    t.deepEqual([result.firstVersion, result.version], [3, 3], 'it appends right after that version')
    for (const expectedVersion of [1, 2, 4, 5, 1_000_000, Number.MAX_SAFE_INTEGER])
      await t.rejects(
        adapter.appendToStream(streamId, t.events(1), { expectedVersion }),
        'concurrency',
        { streamId, expectedVersion, actualVersion: 3 },
        `${expectedVersion < 3 ? 'a number below' : 'a number above'} the version is a conflict`,
      )
    await t.holds(adapter, streamId, events, { message: 'nothing is stored after the conflicts, no hole is left' })
    const missing = t.stream()
    for (const expectedVersion of [1, 7])
      await t.rejects(
        adapter.appendToStream(missing, t.events(1), { expectedVersion }),
        'concurrency',
        { streamId: missing, expectedVersion, actualVersion: 0 },
        'a number on a missing stream is a conflict',
      )
    t.deepEqual(await adapter.getStreamState(missing), { status: 'missing', version: 0, firstVersion: 1 }, 'a conflict makes no stream')
  },
}

export const app04: ConformanceCase = {
  id: 'APP-04',
  title: "'any', and no expectation at all, append to missing and existing streams",
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: "A default other than 'any', or 'any' that needs an existing stream.",
  async run(t) {
    const adapter = await t.adapter()
    for (const options of [undefined, {}, { expectedVersion: undefined }, { expectedVersion: 'any' }] as const) {
      const streamId = t.stream()
      const events = t.events(3)
      t.step(`options ${JSON.stringify(options)}`)
      const first = await t.resolves(adapter.appendToStream(streamId, events.slice(0, 1), options), 'a missing stream is made')
      const second = await t.resolves(adapter.appendToStream(streamId, events.slice(1), options), 'an existing stream is appended to')
      t.deepEqual([first.version, second.firstVersion, second.version], [1, 2, 3], 'versions go on')
      await t.holds(adapter, streamId, events)
    }
  },
}

export const app05: ConformanceCase = {
  id: 'APP-05',
  title: "'streamExists' appends to an existing stream; a missing one is a conflict, a soft-deleted one is a StreamDeletedError",
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: "'streamExists' taken as 'any', or asking whether a row was ever made instead of whether the stream is live.",
  async run(t) {
    const adapter = await t.adapter()
    const [streamId, missing] = [t.stream(), t.stream()]
    const events = t.events(2)
    await adapter.appendToStream(streamId, events.slice(0, 1))
    const result = await t.resolves(
      adapter.appendToStream(streamId, events.slice(1), { expectedVersion: 'streamExists' }),
      "'streamExists' appends to an existing stream",
    )
    t.equal(result.version, 2, 'it appends at the end')
    await t.rejects(
      adapter.appendToStream(missing, t.events(1), { expectedVersion: 'streamExists' }),
      'concurrency',
      { streamId: missing, expectedVersion: 'streamExists', actualVersion: 0 },
      "'streamExists' on a missing stream is a conflict",
    )
    t.equal((await adapter.getStreamState(missing)).status, 'missing', 'the conflict makes no stream')
    await t.part({ capability: 'deleteStream' }, async () => {
      await adapter.deleteStream(streamId)
      await t.rejects(
        adapter.appendToStream(streamId, t.events(1), { expectedVersion: 'streamExists' }),
        'stream-deleted',
        { streamId, tombstoned: false },
        "'streamExists' on a soft-deleted stream is a StreamDeletedError",
      )
      t.equal((await adapter.getStreamState(streamId)).status, 'deleted', 'it revives nothing')
    })
  },
}
