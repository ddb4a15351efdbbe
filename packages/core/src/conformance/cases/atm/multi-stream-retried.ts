import type { ExpectedVersion } from '../../../expected-version.js'
import { isEventStoreError } from '../../../errors.js'
import { onFailedAttempt } from '../../attempts.js'
import type { CaseContext, ConformanceCase } from '../../case.js'
import { inverseOf } from '../../inverse.js'
import { eventIds, idsOf } from '../views.js'

export const atm10: ConformanceCase = {
  id: 'ATM-10',
  title:
    'appendToStreams with known ids: no part is taken for all; where the expectations hold all is stored; a lost answer doubles nothing',
  section: 'ATM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'multiStreamAppend' },
  rationale: 'One part that is recognised is taken for all: what is new beside it is acknowledged, and lost.',
  async run(t) {
    const adapter = await t.adapter()
    const strong = t.capabilities.idempotency.any === 'strong'
    for (const expectedVersion of ['any', 'streamExists'] as const) {
      t.step(`sent again, expecting ${expectedVersion}`)
      const parts = await newParts(t, [expectedVersion, expectedVersion])
      const original = ranges(await adapter.appendToStreams(parts))
      if (strong) {
        t.deepEqual(ranges(await adapter.appendToStreams(parts)), original, "'any', all known: the original results")
        for (const { streamId, ids, before } of parts)
          t.deepEqual(await idsOf(adapter, streamId), [...before, ...ids], "'any', all known: nothing is stored")
      }
      t.step(`partly sent again, expecting ${expectedVersion}`)
      const [known, fresh] = [parts[0], (await newParts(t, [expectedVersion]))[0]]
      if (known === undefined || fresh === undefined) throw new Error('no parts')
      const held = await idsOf(adapter, known.streamId)
      const outcome = await adapter.appendToStreams([known, fresh]).then(
        () => 'stored',
        (error: unknown) => (isEventStoreError(error) ? error.code : String(error)),
      )
      const now = [await idsOf(adapter, known.streamId), await idsOf(adapter, fresh.streamId)]
      if (outcome === 'concurrency') t.deepEqual(now, [held, fresh.before], "'any', a part known, refused: none is stored")
      else
        t.deepEqual(
          now,
          [
            [...held, ...known.ids],
            [...fresh.before, ...fresh.ids],
          ],
          "'any', a part known, accepted: all parts are stored",
        )
    }
    t.step('known ids, and the expectations hold')
    const parts = await newParts(t, [2, 2])
    await adapter.appendToStreams(parts)
    const again = await t.resolves(adapter.appendToStreams(parts.map((part) => ({ ...part, expectedVersion: 4 }))), 'they hold')
    t.deepEqual(
      ranges(again),
      [
        [5, 6],
        [5, 6],
      ],
      'known ids, and the expectations hold: stored once more',
    )
    for (const { streamId, ids, before } of parts)
      t.deepEqual(await idsOf(adapter, streamId), [...before, ...ids, ...ids], 'known ids, and the expectations hold: all parts are stored')
    await t.part({ hooks: ['dropNextResponse'] }, async () => {
      for (const expected of [
        ['any', 'any'],
        [2, 'any'],
        ['streamExists', 2],
      ] as const)
        await lostAnswer(t, expected)
    })
    await t.part({ capability: 'deleteStream', hooks: ['dropNextResponse'], title: 'deleted before it is settled' }, async () => {
      for (const expected of [
        [2, 2],
        [2, 'any'],
      ] as const)
        await lostAnswer(t, expected, (streamId) => adapter.deleteStream(streamId))
    })
  },
  inverse: inverseOf('multiStreamAppend'),
}

/** @param hide what another does to the first stream before the answer is settled. */
async function lostAnswer(
  t: CaseContext,
  expected: readonly ExpectedVersion[],
  hide?: (streamId: string) => Promise<unknown>,
): Promise<void> {
  const what = `the answer lost, ${hide === undefined ? '' : 'and deleted, '}expecting ${expected.join(' and ')}`
  t.step(what)
  const adapter = await t.adapter()
  const parts = await newParts(t, expected)
  let hiding: Promise<unknown> | undefined
  const stop = onFailedAttempt('appendToStreams', undefined, () => {
    stop()
    hiding = hide?.(parts[0]?.streamId ?? '')
    // Told below, when it is awaited.
    hiding?.catch(() => undefined)
  })
  await (await t.instance()).faults?.dropNextResponse?.()
  const outcome = await adapter.appendToStreams(parts).then(ranges, (error: unknown) => (isEventStoreError(error) ? error : String(error)))
  stop()
  await hiding
  if (Array.isArray(outcome)) t.deepEqual(outcome.flat(), [3, 4, 3, 4], `${what}: the original results`)
  else {
    const ids = parts.flatMap((part) => part.ids)
    // Sent again, a number would not hold, and an 'any' not be looked at.
    const retryable = expected.every((one) => one === 2) || (t.capabilities.idempotency.any === 'strong' && !expected.includes(2))
    await t.rejects(
      () => Promise.reject(outcome as Error),
      'outcome-unknown',
      { eventIds: ids, retryable },
      'the answer lost: it resolves, or',
    )
  }
  for (const [index, { streamId, ids, before }] of parts.entries()) {
    t.equal(((await adapter.getStreamState(streamId)) as { version?: number }).version, 4, `${what}: stored once`)
    if (index > 0 || hiding === undefined) t.deepEqual(await idsOf(adapter, streamId), [...before, ...ids], 'the answer lost: one copy')
  }
}

/** Parts of two new events each, to streams that hold two. */
async function newParts(t: CaseContext, expected: readonly ExpectedVersion[]) {
  const adapter = await t.adapter()
  return Promise.all(
    expected.map(async (expectedVersion) => {
      const [streamId, first, events] = [t.stream(), t.events(2), t.events(2)]
      await adapter.appendToStream(streamId, first)
      return { streamId, events, expectedVersion, before: eventIds(first), ids: eventIds(events) }
    }),
  )
}

function ranges(results: readonly { readonly firstVersion: number; readonly version: number }[]): number[][] {
  return results.map(({ firstVersion, version }) => [firstVersion, version])
}
