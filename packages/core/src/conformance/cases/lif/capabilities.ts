import type { ConformanceCase } from '../../case.js'

const booleans = [
  'strongReads',
  'deleteStream',
  'tombstoneStream',
  'truncateStream',
  'streamMetadata',
  'listStreams',
  'multiStreamAppend',
  'binary',
  'sharedAcrossProcesses',
] as const

export const lif08: ConformanceCase = {
  id: 'LIF-08',
  title: 'capabilities are complete, constant from construction to close, and JSON-safe',
  section: 'LIF',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A capability that is known only once connected, or a limit of Infinity that becomes null on its way to a report.',
  async run(t) {
    const adapter = await t.adapter({})
    const { capabilities, name } = adapter
    t.ok(typeof name === 'string' && name !== '', 'an adapter has a name')
    const before = structuredClone(capabilities)
    t.deepEqual(JSON.parse(JSON.stringify(capabilities)), before, 'capabilities survive JSON')

    t.step('complete')
    t.equal(capabilities.contract, 1, 'the contract version')
    for (const one of booleans) t.equal(typeof capabilities[one], 'boolean', `${one} is declared`)
    const { readAll, subscribe, idempotency, limits } = capabilities
    if (readAll !== false)
      t.deepEqual(
        [typeof readAll.realTimeOrder, typeof readAll.contiguousBatches],
        ['boolean', 'boolean'],
        'readAll says what the log promises',
      )
    t.ok(['push', 'poll'].includes(subscribe), 'subscribe is push or poll')
    t.equal(idempotency.exact, true, 'a retry with an exact version is always recognised')
    t.ok(['none', 'recent', 'strong'].includes(idempotency.any), 'idempotency.any is none, recent or strong')
    for (const one of ['eventBytes', 'appendBytes', 'appendEvents'] as const)
      t.ok(Number.isSafeInteger(limits[one]) && limits[one] > 0, `the limit ${one} is a whole number`)
    t.ok(limits.appendBytes >= limits.eventBytes, 'one event of eventBytes fits an append')
    t.equal(limits.appendStreams > 0, capabilities.multiStreamAppend, 'appendStreams is above 0 exactly with multiStreamAppend')

    t.step('constant')
    const streamId = t.stream()
    await adapter.open()
    t.deepEqual(adapter.capabilities, before, 'capabilities are the same after open')
    await adapter.appendToStream(streamId, t.events(2))
    await adapter.readStream(streamId).toArray()
    t.deepEqual(adapter.capabilities, before, 'capabilities are the same after use')
    await adapter.close()
    t.deepEqual([adapter.capabilities, adapter.name], [before, name], 'capabilities are the same after close')
    t.deepEqual((await t.adapter({})).capabilities, before, 'another adapter declares the same')
  },
}
