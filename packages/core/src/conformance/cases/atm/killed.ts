import { isEventStoreError } from '../../../errors.js'
import type { ConformanceCase } from '../../case.js'
import { measured, pausePart } from '../../pause.js'
import { historyHolds, recordStreams } from '../recorded.js'

export const atm07: ConformanceCase = {
  id: 'ATM-07',
  title: 'a connection that is killed in the middle of a batch: all of it or none, and the result is true',
  section: 'ATM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { hooks: ['killConnections'] },
  rationale: 'Events that are sent one by one: the connection that breaks half-way leaves half a batch.',
  async run(t) {
    const adapter = await t.adapter()
    const streams = Array.from({ length: 4 }, () => t.stream())
    const recorder = await recordStreams(t, adapter, streams)
    const recorded = recorder.wrap(adapter)
    const { faults } = await t.instance()
    await faults?.killConnections?.()
    const usualMs = await measured(() => adapter.appendToStream(t.stream(), t.events(20)))
    let [killed, failed] = [0, 0]
    for (let round = 0; round < 20 + t.rounds(40); round += 1) {
      const streamId = t.random.pick(streams)
      t.step(`round ${round + 1}`)
      const { version = 0 } = await adapter.getStreamState(streamId)
      let pending = true
      const appending = recorded
        .appendToStream(streamId, t.events(20), { expectedVersion: t.random.pick([version, 'any'] as const) })
        .catch((error: unknown) => {
          failed += 1
          t.ok(isEventStoreError(error), `an append whose connection was killed resolves, or fails with an error of ours: ${String(error)}`)
        })
        .finally(() => {
          pending = false
        })
      if (t.random.int(3) > 0) await pausePart(t.random, usualMs)
      if (pending) killed += 1
      await faults?.killConnections?.()
      await appending
    }
    t.shown('a batch under way when its connection was killed', killed > 0)
    t.step(`judging what became of ${killed} batches, of which ${failed} failed`)
    await historyHolds(t, recorder, adapter, 'all of a batch or none, as its result says')
  },
}
