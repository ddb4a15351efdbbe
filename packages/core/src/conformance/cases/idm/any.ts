import type { CaseContext, ConformanceCase } from '../../case.js'
import { eventIds, idsOf, storedOnce } from '../views.js'

export const idm05: ConformanceCase = {
  id: 'IDM-05',
  title: "'any', all ids known: original versions, nothing stored",
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'idempotency.any' },
  rationale: "A retry with 'any' that doubles although it is declared to be recognised.",
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const [first, second] = [t.events(2), t.events(2)]
    await adapter.appendToStream(streamId, first)
    await adapter.appendToStream(streamId, second)
    const all = eventIds([...first, ...second])
    await storedOnce(t, adapter, streamId, () => adapter.appendToStream(streamId, second), [3, 4], all, "'any' again")
    await storedOnce(
      t,
      adapter,
      streamId,
      () => adapter.appendToStream(streamId, first, { expectedVersion: 'streamExists' }),
      [1, 2],
      all,
      "'streamExists' again",
    )
  },
  async inverse(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const batch = t.events(1)
    await adapter.appendToStream(streamId, batch)
    const { version } = await adapter.appendToStream(streamId, batch)
    t.ok(version === 1 || version === 2, 'undeclared: the same id is recognised or stored again')
    const copies = [...batch, ...batch].slice(0, version)
    t.deepEqual(await idsOf(adapter, streamId), eventIds(copies), 'undeclared: the result tells what was stored')
    if (version === 1) t.underClaims('idempotency.any', "an append with 'any' sent again gave the original result and stored nothing")
  },
}

export const idm06: ConformanceCase = {
  id: 'IDM-06',
  title: "'any', known ids, then new: all stored as given, or ConcurrencyError and none; never a part",
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'idempotency.any' },
  rationale: 'A partly known batch of which only the new part is stored.',
  run: partlyKnown,
  inverse: partlyKnown,
}

async function partlyKnown(t: CaseContext): Promise<void> {
  const adapter = await t.adapter()
  // Known at the end of the stream; and amid it, where as many events follow as are given.
  for (const later of [0, 4]) {
    const streamId = t.stream()
    const [known, others, fresh] = [t.events(2), t.events(later), t.events(2)]
    const before = [...known, ...others]
    await adapter.appendToStream(streamId, before)
    const outcome = await adapter.appendToStream(streamId, [...known, ...fresh]).then(
      ({ firstVersion, version }) => [firstVersion, version],
      (error: unknown) => (error as { code?: unknown }).code,
    )
    const stored = await idsOf(adapter, streamId)
    if (outcome === 'concurrency') t.deepEqual(stored, eventIds(before), 'partly known ids, refused: none is stored')
    else {
      t.deepEqual(outcome, [before.length + 1, before.length + 4], 'partly known ids, accepted: versions')
      t.deepEqual(stored, eventIds([...before, ...known, ...fresh]), 'partly known ids, accepted: all are stored as given')
    }
  }
}
