import type { SubscriptionMessage } from '../../../adapter.js'
import type { ConformanceCase } from '../../case.js'
import { pausePart } from '../../pause.js'
import { follow } from '../follow.js'
import { historyHolds, recordStreams } from '../recorded.js'
import { eventIds } from '../views.js'

export const sub10: ConformanceCase = {
  id: 'SUB-10',
  title: 'a subscription whose connection is killed resumes: nothing is lost, doubled or reordered',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { hooks: ['killConnections'] },
  rationale: 'A subscription that ends silently with its connection, or starts again from the beginning.',
  async run(t) {
    const adapter = await t.adapter()
    const { faults } = await t.instance()
    const streams = [t.stream(), t.stream()]
    const [streamId = ''] = streams
    const recorder = await recordStreams(t, adapter, streams)
    const recorded = recorder.wrap(adapter)
    const appended: string[] = []
    const append = async (): Promise<void> => {
      for (const one of streams) {
        const events = t.events(1 + t.random.int(3))
        await recorded.appendToStream(one, events)
        if (one === streamId) appended.push(...eventIds(events))
      }
    }
    await append()
    const [last] = await adapter.readStream(streamId, { direction: 'backwards', limit: 1 }).toArray()
    await append()
    await using ofStream = follow(t, recorded.subscribeToStream(streamId))
    await using ofLog = follow(
      t,
      t.declares('readAll') ? recorded.subscribeToAll({ after: last?.position ?? 'start' }) : recorded.subscribeToStream(streamId),
    )
    await ofStream.until('its history', () => ofStream.events.length >= appended.length)
    const lost = (): boolean => ofStream.messages.some(({ kind }) => kind === 'disconnected')
    for (let round = 0; round < 10 + t.rounds(10) || (!lost() && round < 60); round += 1) {
      t.step(`kill ${round + 1}`)
      // While the subscription looks at what came, or while it waits.
      await append()
      await pausePart(t.random, round % 2 === 0 ? 0 : 3)
      await faults?.killConnections?.()
      await append()
      await ofStream.until('all events so far', () => ofStream.events.length >= appended.length)
    }
    t.shown('a subscription that lost its source', lost())
    const lastOf = (kind: SubscriptionMessage['kind']): number => ofStream.messages.map((message) => message.kind).lastIndexOf(kind)
    await ofStream.until('it has caught up again, and says so', () => lastOf('caughtUp') > lastOf('disconnected'))
    t.deepEqual(eventIds(ofStream.events), appended, 'the subscription got every event once, in order')
    t.step('judging what both got')
    await historyHolds(t, recorder, adapter, 'nothing is lost, doubled or reordered')
    t.ok(ofLog.events.length > 0, 'the other subscription was followed too')
  },
}
