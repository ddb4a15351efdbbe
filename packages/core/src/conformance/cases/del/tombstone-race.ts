import { type ConformanceCase, raceCase } from '../../case.js'
import { inverseOf } from '../../inverse.js'
import { eventIds, filled, idsOf } from '../views.js'

export const del12: ConformanceCase = raceCase({
  id: 'DEL-12',
  title: 'a tombstone races an append, or a delete, at one version: results, state and reads fit one of the two orders',
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'tombstoneStream' },
  rationale: 'A tombstone that is written over an event acknowledged before it, or a late delete that brings the name back.',
  async run(t) {
    const adapter = await t.adapter()
    const tombstoned = { code: 'stream-deleted', tombstoned: true }
    for (let round = 0; round < t.rounds(50); round += 1) {
      const { streamId, events } = await filled(t, adapter, 2)
      const more = t.events(1)
      const calls = [
        () => adapter.tombstoneStream(streamId, { expectedVersion: 2 }),
        () => adapter.appendToStream(streamId, more, { expectedVersion: 2 }),
      ]
      const { settled } = await t.race<unknown>(round % 2 === 0 ? calls : [...calls].reverse())
      const [burying, appending] = round % 2 === 0 ? settled : [...settled].reverse()
      const oneWon = [burying, appending].filter((one) => one?.status === 'fulfilled').length
      t.equal(oneWon, 1, 'of a tombstone and an append at one version exactly one holds')
      if (burying?.status === 'rejected') {
        await t.rejects(() => Promise.reject(burying.reason as Error), 'concurrency', { actualVersion: 3 }, 'the tombstone came too late')
        t.deepEqual(await idsOf(adapter, streamId), eventIds([...events, ...more]), 'appended, then refused: everything is there')
      } else {
        const late = (): Promise<never> => Promise.reject((appending as PromiseRejectedResult).reason as Error)
        await t.rejects(late, 'stream-deleted', tombstoned, 'the append came too late')
        t.equal((await adapter.getStreamState(streamId)).status, 'tombstoned', 'a tombstone that resolved is there')
      }
    }
    await t.part({ capability: 'deleteStream' }, async () => {
      for (let round = 0; round < t.rounds(50); round += 1) {
        const { streamId } = await filled(t, adapter, 2)
        const calls = [
          () => adapter.tombstoneStream(streamId),
          () => adapter.deleteStream(streamId, round % 4 < 2 ? { expectedVersion: 2 } : {}),
        ]
        const { settled } = await t.race<unknown>(round % 2 === 0 ? calls : [...calls].reverse())
        const [burying, deleting] = round % 2 === 0 ? settled : [...settled].reverse()
        t.equal(burying?.status, 'fulfilled', 'a tombstone holds before a delete, and after it')
        if (deleting?.status === 'rejected')
          await t.rejects(() => Promise.reject(deleting.reason as Error), 'stream-deleted', tombstoned, 'the delete came too late')
        t.equal((await adapter.getStreamState(streamId)).status, 'tombstoned', 'a late delete does not bring a tombstoned name back')
        await t.rejects(() => adapter.appendToStream(streamId, t.events(1)), 'stream-deleted', tombstoned, 'the name stays used up')
      }
    })
  },
  inverse: inverseOf('tombstoneStream'),
})
