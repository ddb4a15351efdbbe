import type { ConformanceCase } from '../../case.js'
import { proveUnsupported } from '../../inverse.js'

export const met01: ConformanceCase = {
  id: 'MET-01',
  title: 'metadata comes back apart from data; absent is undefined, {} is {}',
  section: 'MET',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Metadata merged into the payload, or made of nothing.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const metadata = { correlationId: 'c-1', nested: { list: [1, 'two', null, false], empty: {} }, data: 'a word of ours too' }
    const [one, two, three] = t.events(3)
    if (one === undefined || two === undefined || three === undefined) return
    const events = [
      { ...one, metadata },
      { ...two, metadata: {} },
      { ...three, metadata: undefined },
    ]
    await adapter.appendToStream(streamId, events)
    const stored = await t.holds(adapter, streamId, events)
    t.deepEqual(
      stored.map((event) => event.metadata),
      [metadata, {}, undefined],
      'metadata as given',
    )
    t.ok('metadata' in (stored[2] ?? {}), 'the member is there, also where there is none')
  },
}

export const met02: ConformanceCase = {
  id: 'MET-02',
  title: "metadata keeps unicode, dots, `$` and `__proto__` in its keys, and nothing of the store's gets in",
  section: 'MET',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Metadata kept in a format that has its own words.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const text = '{"a.b":1,"$x":"y","ключ":"значение","🗝":"🔒","__proto__":{"p":1},"constructor":"c","":"empty","a b":{"$y":{"z.w":null}}}'
    const [event] = t.events(1)
    if (event === undefined) return
    await adapter.appendToStream(streamId, [{ ...event, metadata: JSON.parse(text) as Record<string, never> }])
    const [stored] = await adapter.readStream(streamId).toArray()
    t.equal(JSON.stringify(stored?.metadata), text, 'the same keys and values, in their order, and no others')
  },
}

export const met03: ConformanceCase = {
  id: 'MET-03',
  title: 'createdAt is a valid date of the store, and the caller cannot set it',
  section: 'MET',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A date that comes back as text, or that the caller can forge.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const [event] = t.events(1)
    const forged = { ...event, createdAt: new Date(0), version: 99, streamId: 'other', position: 'x' }
    await adapter.appendToStream(streamId, [forged as never])
    const [stored] = await adapter.readStream(streamId).toArray()
    t.ok(stored?.createdAt instanceof Date && Number.isFinite(stored.createdAt.getTime()), 'a valid date')
    const age = Math.abs(Date.now() - (stored?.createdAt.getTime() ?? 0))
    t.ok(age < 86_400_000, 'of these days, not of the caller')
    t.deepEqual([stored?.version, stored?.streamId], [1, streamId], 'what else the caller set is ignored')
  },
}

export const met06: ConformanceCase = {
  id: 'MET-06',
  title: '`$millrace` in any metadata, and `$` at the start of a key of stream metadata, are refused',
  section: 'MET',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: "Users' words that the store takes for its own.",
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const [event] = t.events(1)
    if (event === undefined) return
    for (const value of [1, null, {}])
      await t.rejects(
        () => adapter.appendToStream(streamId, [{ ...event, metadata: { $millrace: value } }]),
        'invalid-argument',
        { path: /^events\[0\]\.metadata/u },
        'the reserved key',
      )
    const kept = { $other: 1, nested: { $millrace: 2 } }
    await adapter.appendToStream(streamId, [{ ...event, metadata: kept }])
    await t.holds(adapter, streamId, [{ ...event, metadata: kept }], { message: 'other keys, and deeper ones, are kept' })
    await t.part(
      { capability: 'streamMetadata' },
      async () => {
        for (const metadata of [{ $millrace: 1 }, { $maxCount: 1 }, { a: 1, $tb: 2 }])
          await t.rejects(
            () => adapter.setStreamMetadata(streamId, metadata),
            'invalid-argument',
            { path: /^metadata/u },
            JSON.stringify(metadata),
          )
        t.deepEqual(await adapter.getStreamMetadata(streamId), { metadata: undefined, version: 0 }, 'what was refused set nothing')
      },
      () => proveUnsupported(t, 'streamMetadata'),
    )
  },
}
