import type { EventStoreAdapter } from '../../../adapter.js'
import type { ExpectedVersion } from '../../../expected-version.js'
import { isOutcomeUnknownError } from '../../../errors.js'
import type { CaseContext, ConformanceCase, TestEvent } from '../../case.js'
import { eventIds, idsOf, storedOnce } from '../views.js'

const base = { section: 'IDM', since: 1, level: 'must', profile: 'smoke' } as const

/** Appends while the answer gets lost: the original result, or that nobody knows; and one copy. */
async function appendUnanswered(
  t: CaseContext,
  adapter: EventStoreAdapter,
  streamId: string,
  expectedVersion: ExpectedVersion,
): Promise<void> {
  const before = await idsOf(adapter, streamId)
  const events: TestEvent[] = t.events(2)
  const what = `stored, its answer lost, expecting ${expectedVersion}`
  await (await t.instance()).faults?.dropNextResponse?.()
  const outcome = await adapter.appendToStream(streamId, events, { expectedVersion }).catch((error: unknown) => ({ error }))
  if ('error' in outcome) {
    const protects = typeof expectedVersion === 'number' || expectedVersion === 'noStream'
    t.ok(!protects && isOutcomeUnknownError(outcome.error), `${what}: it resolves, got ${String(outcome.error)}`)
    await t.rejects(
      () => Promise.reject(outcome.error as Error),
      'outcome-unknown',
      { eventIds: eventIds(events), retryable: t.capabilities.idempotency.any === 'strong', outcome: 'unknown', streamId },
      `${what}: the error tells the ids`,
    )
  } else t.deepEqual([outcome.firstVersion, outcome.version], [before.length + 1, before.length + 2], `${what}: the original result`)
  t.deepEqual(await idsOf(adapter, streamId), [...before, ...eventIds(events)], `${what}: one copy`)
}

export const idm10: ConformanceCase = {
  ...base,
  id: 'IDM-10',
  title: "stored, and the answer lost: it resolves ('any' and 'streamExists': or OutcomeUnknownError), and one copy is there",
  requires: { hooks: ['dropNextResponse'] },
  rationale: 'A client that sends again and doubles, or that meets its own event and reports a conflict.',
  async run(t) {
    const adapter = await t.adapter()
    await adapter.open()
    for (const expectedVersion of ['noStream', 2, 'any', 'streamExists'] as const) {
      t.step(`expecting ${expectedVersion}`)
      const streamId = t.stream()
      if (expectedVersion !== 'noStream') await adapter.appendToStream(streamId, t.events(2))
      await appendUnanswered(t, adapter, streamId, expectedVersion)
      t.step('usable after')
      await t.resolves(
        adapter.appendToStream(streamId, t.events(1), { expectedVersion: expectedVersion === 'noStream' ? 2 : 4 }),
        'usable after',
      )
    }
    await t.part({ capability: 'multiStreamAppend' }, async () => {
      const streams = [t.stream(), t.stream()]
      const parts = streams.map((streamId) => ({ streamId, events: t.events(2), expectedVersion: 'noStream' as const }))
      await (await t.instance()).faults?.dropNextResponse?.()
      const results = await t.resolves(adapter.appendToStreams(parts), 'to several streams, stored and the answer lost: it resolves')
      t.deepEqual(
        results.map(({ streamId, firstVersion, version }) => [streamId, firstVersion, version]),
        streams.map((streamId) => [streamId, 1, 2]),
        'to several streams: the original results',
      )
      for (const { streamId, events } of parts)
        t.deepEqual(await idsOf(adapter, streamId), eventIds(events), 'to several streams: one copy')
    })
  },
}

export const idm11: ConformanceCase = {
  ...base,
  id: 'IDM-11',
  title: "after a restart of the server a retry finds its events: one copy ('any' where it is recognised at all times)",
  requires: { hooks: ['restart'] },
  rationale: 'Ids that are kept in memory: the retry after the crash, when it matters most, stores a second copy.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const [first, second] = [t.events(2), t.events(2)]
    await adapter.appendToStream(streamId, first, { expectedVersion: 'noStream' })
    await adapter.appendToStream(streamId, second, { expectedVersion: 2 })
    await (await t.instance()).faults?.restart?.()
    const stored = [...eventIds(first), ...eventIds(second)]
    const again = (events: readonly TestEvent[], expectedVersion: ExpectedVersion) => () =>
      adapter.appendToStream(streamId, events, { expectedVersion })
    await storedOnce(t, adapter, streamId, again(first, 'noStream'), [1, 2], stored, "'noStream' again after a restart")
    await storedOnce(t, adapter, streamId, again(second, 2), [3, 4], stored, 'a number again after a restart')
    if (t.capabilities.idempotency.any === 'strong')
      await storedOnce(t, adapter, streamId, again(second, 'any'), [3, 4], stored, "'any' again after a restart")
  },
}
