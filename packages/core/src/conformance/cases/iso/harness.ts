import type { ConformanceCase } from '../../case.js'

export const iso02: ConformanceCase = {
  id: 'ISO-02',
  title: 'the harness gives fresh, empty stores that are apart, with the same capabilities, and hooks that work',
  section: 'ISO',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A harness that shares a table or a connection makes other cases pass or fail by chance.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const events = t.events(2)
    t.equal((await adapter.getStreamState(streamId)).status, 'missing', 'a new store has no such stream')
    await t.part({ capability: 'readAll', title: 'empty log' }, async () => {
      if ((await t.instance()).sharedLog === true) t.notProven('one log for all namespaces')
      t.deepEqual(await adapter.readAll({ limit: 5 }).toArray(), [], 'a new store has an empty log')
    })
    await adapter.appendToStream(streamId, events)
    await t.holds(adapter, streamId, events)

    t.step('a second store')
    const other = await t.adapter({})
    t.notEqual(other, adapter, 'each instance has an adapter of its own')
    t.deepEqual(other.capabilities, adapter.capabilities, 'all instances declare the same')
    if ((await t.instance()).sharedLog !== true)
      t.equal((await other.getStreamState(streamId)).status, 'missing', 'what one instance stores another does not see')
    await t.part({ hooks: ['peer'] }, async () => {
      const peer = await t.peer()
      t.notEqual(peer, adapter, 'a peer is another adapter')
      t.deepEqual(peer.capabilities, adapter.capabilities, 'a peer declares the same')
      await t.holds(peer, streamId, events, { message: 'a peer works on the same data' })
      await peer.close()
      await t.holds(adapter, streamId, events, { message: 'closing a peer leaves the instance open' })
    })
    await t.part({ hooks: ['seedVersion'] }, async () => {
      const seeded = t.stream()
      await (await t.instance()).seedVersion?.(seeded, 41)
      t.equal((await adapter.appendToStream(seeded, t.events(1))).version, 42, 'after seedVersion(41) the next append gets 42')
    })
    for (const kind of ['unreachable', 'credentials', 'schema-newer'] as const)
      await t.part({ hooks: ['broken'], title: `broken ${kind}` }, async () => {
        const broken = await t.broken(kind)
        const code = ({ unreachable: 'unavailable', credentials: 'access-denied', 'schema-newer': 'configuration' } as const)[kind]
        await t.rejects(broken.getStreamState(streamId), code, {}, `broken('${kind}') is broken that way`)
      })
    await t.part({ hooks: ['injected'] }, async () => {
      const injected = await (await t.instance()).injected?.()
      t.ok(injected !== undefined && (await injected.stillOpen()), 'the injected client works')
      await injected?.adapter.close()
    })
  },
}
