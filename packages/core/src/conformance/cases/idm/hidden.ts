import type { EventStoreAdapter } from '../../../adapter.js'
import { isOutcomeUnknownError } from '../../../errors.js'
import { onFailedAttempt } from '../../attempts.js'
import type { CapabilityAtom } from '../../capability-term.js'
import type { CaseContext, ConformanceCase, TestEvent } from '../../case.js'
import { endOfLog } from '../log-views.js'
import { eventIds, idsOf } from '../views.js'

type Hide = (adapter: EventStoreAdapter, streamId: string, others: readonly TestEvent[]) => Promise<unknown>

/** What takes the events out of sight, while nobody knows yet that they are stored. */
const ways: readonly (readonly [CapabilityAtom, Hide])[] = [
  ['deleteStream', (adapter, streamId) => adapter.deleteStream(streamId)],
  [
    'deleteStream',
    async (adapter, streamId, others) => {
      await adapter.deleteStream(streamId)
      await adapter.appendToStream(streamId, others)
    },
  ],
  [
    'truncateStream',
    async (adapter, streamId) => {
      const state = await adapter.getStreamState(streamId)
      if (state.status === 'live') await adapter.truncateStream(streamId, { before: state.version + 1 })
    },
  ],
  ['tombstoneStream', (adapter, streamId) => adapter.tombstoneStream(streamId)],
]

export const idm14: ConformanceCase = {
  id: 'IDM-14',
  title:
    'stored, the answer lost, and hidden before it is settled: the original result or OutcomeUnknownError; one copy, no false conflict',
  section: 'IDM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { hooks: ['dropNextResponse'] },
  rationale:
    'A retry that does not find what another has deleted meanwhile, and stores it once more, or reports a conflict that never was.',
  async run(t) {
    const adapter = await t.adapter()
    let [between, tried] = [0, false]
    for (const [capability, hide] of ways)
      await t.part({ capability, hooks: ['dropNextResponse'] }, async () => {
        tried = true
        for (const expectedVersion of ['noStream', 3, 'any', 'streamExists'] as const)
          for (let round = 0; round < t.rounds(5); round += 1) {
            t.step(`${capability}, expecting ${expectedVersion}, round ${round + 1}`)
            if (await hiddenBetween(t, adapter, expectedVersion, hide)) between += 1
          }
      })
    if (tried) t.shown('that events were hidden between a lost answer and its being settled', between > 0)
  },
}

/** @returns whether they were hidden while the append was under way. */
async function hiddenBetween(
  t: CaseContext,
  adapter: EventStoreAdapter,
  expectedVersion: 'noStream' | 'any' | 'streamExists' | number,
  hide: Hide,
): Promise<boolean> {
  const streamId = t.stream()
  const before = expectedVersion === 'noStream' ? 0 : 3
  const since = t.declares('readAll') ? await endOfLog(adapter) : undefined
  if (before > 0) await adapter.appendToStream(streamId, t.events(before))
  const events = t.events(2)
  const others = t.events(2)
  let hiding: Promise<unknown> | undefined
  const stop = onFailedAttempt('appendToStream', streamId, () => {
    // Others' appends fail too, and are none of this.
    stop()
    hiding = hide(adapter, streamId, others)
    // Told below, when it is awaited.
    hiding.catch(() => undefined)
  })
  await (await t.instance()).faults?.dropNextResponse?.()
  const outcome = await adapter.appendToStream(streamId, events, { expectedVersion }).then(
    ({ firstVersion, version }) => [firstVersion, version],
    (error: unknown) => (isOutcomeUnknownError(error) ? [error.code, ...error.eventIds] : String(error)),
  )
  stop()
  await hiding
  if (hiding !== undefined && outcome[0] === 'outcome-unknown')
    t.deepEqual(outcome.slice(1), eventIds(events), 'an unknown outcome tells the ids')
  else if (hiding !== undefined)
    t.deepEqual(outcome, [before + 1, before + 2], `expecting ${expectedVersion}, hidden before it was settled: the original result`)
  const state = await adapter.getStreamState(streamId)
  const [last] = state.status === 'live' ? await idsOf(adapter, streamId, { direction: 'backwards', limit: 1 }) : []
  const later = last === others[1]?.id ? others : []
  if (state.status !== 'tombstoned')
    t.equal(state.version, before + events.length + later.length, 'stored once, whether it can be seen or not')
  await t.part({ capability: 'readAll' }, async () => {
    const copies: string[] = []
    for await (const { id, streamId: of } of adapter.readAll({ after: since })) if (of === streamId) copies.push(id)
    t.deepEqual(copies.slice(before), eventIds([...events, ...later]), 'one copy in the log')
  })
  return hiding !== undefined
}
