import type { EventStoreAdapter } from '../../../adapter.js'
import { isConcurrencyError } from '../../../errors.js'
import type { ExpectedVersion } from '../../../expected-version.js'
import { type CaseContext, raceCase, type ConformanceCase } from '../../case.js'
import { nextTurn } from '../../race.js'
import { historyHolds, recordStreams } from '../recorded.js'

/** One client's share: appends with every expectation, some of them sent again, and between them looks at what is there. */
async function work(t: CaseContext, adapter: EventStoreAdapter, streams: readonly string[], appends: number): Promise<void> {
  const versions = new Map<string, number>()
  for (let done = 0; done < appends; done += 1) {
    const streamId = t.random.pick(streams)
    const version = versions.get(streamId) ?? 0
    const expectedVersion: ExpectedVersion = t.random.pick([
      'any',
      version,
      version,
      version,
      version + 1,
      version === 0 ? 'noStream' : 'streamExists',
    ])
    const events = t.events(1 + t.random.int(3))
    try {
      const result = await adapter.appendToStream(streamId, events, { expectedVersion })
      versions.set(streamId, result.version)
      if (typeof expectedVersion === 'number' && t.random.int(10) === 0) await adapter.appendToStream(streamId, events, { expectedVersion })
    } catch (error) {
      if (!isConcurrencyError(error)) throw error
      versions.set(streamId, error.actualVersion ?? 0)
    }
    await look(t, adapter, streamId, versions)
    if (done % 16 === 0) await nextTurn()
  }
}

/** Reads one way or another, now and then. */
async function look(t: CaseContext, adapter: EventStoreAdapter, streamId: string, versions: Map<string, number>): Promise<void> {
  switch (t.random.int(12)) {
    case 0: {
      const { version = 0 } = await adapter.getStreamState(streamId)
      versions.set(streamId, version)
      return
    }
    case 1:
      await adapter.readStream(streamId, { direction: 'backwards', limit: 1 + t.random.int(5) }).toArray()
      return
    case 2:
      await adapter.readStream(streamId, { from: Math.max(1, (versions.get(streamId) ?? 0) - 3) }).toArray()
      return
    case 3:
      await adapter.appendToStream(streamId, [])
      return
    default:
  }
}

export const con09: ConformanceCase = raceCase({
  id: 'CON-09',
  title: 'the history of 2,000 concurrent appends, and of the reads between them, is one that the contract allows',
  section: 'CON',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'One lost, doubled or misplaced event in a hundred: no case that looks at one stream at a time meets it.',
  async run(t) {
    const adapter = await t.adapter()
    const streams = Array.from({ length: 5 }, () => t.stream())
    const recorder = await recordStreams(t, adapter, streams)
    const clients = [recorder.wrap(adapter), ...((await t.instance()).peer === undefined ? [] : [recorder.wrap(await t.peer())])]
    const each = Math.ceil(t.rounds(2_000) / 8)
    t.step('8 writers')
    const { lost } = await t.race(Array.from({ length: 8 }, (_, n) => () => work(t, clients[n % clients.length] ?? adapter, streams, each)))
    t.deepEqual(lost.map(String), [], 'no writer fails')
    t.step('judging the history')
    const { operations } = await historyHolds(t, recorder, adapter, 'the history of concurrent appends holds')
    t.ok(operations.filter(({ op }) => op === 'append').length >= 8 * each, 'every append was recorded')
    t.shown(
      'an append that lost',
      operations.some(({ op, outcome }) => op === 'append' && outcome === 'rejected'),
    )
  },
})
