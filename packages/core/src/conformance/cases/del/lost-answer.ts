import { onFailedAttempt } from '../../attempts.js'
import type { ConformanceCase } from '../../case.js'
import { inverseOf } from '../../inverse.js'
import { eventIds, filled, idsOf } from '../views.js'

export const del11: ConformanceCase = {
  id: 'DEL-11',
  title: 'a delete whose answer was lost never hides what was appended after it',
  section: 'DEL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'deleteStream', hooks: ['dropNextResponse'] },
  rationale: 'A delete that is sent again without saying of which version: it takes the events of the next life with it.',
  async run(t) {
    const adapter = await t.adapter()
    let between = 0
    for (const expectedVersion of ['any', 'streamExists', 3] as const)
      for (let round = 0; round < t.rounds(10); round += 1) {
        t.step(`expecting ${expectedVersion}, round ${round + 1}`)
        const { streamId } = await filled(t, adapter, 3)
        const next = t.events(2)
        let appending: Promise<{ readonly firstVersion: number }> | undefined
        // Between the delete, which was done, and the adapter's looking what became of it.
        const stop = onFailedAttempt('deleteStream', streamId, () => {
          between += 1
          appending ??= adapter.appendToStream(streamId, next)
        })
        await (await t.instance()).faults?.dropNextResponse?.()
        await t.resolves(adapter.deleteStream(streamId, { expectedVersion }), 'a delete whose answer was lost resolves')
        stop()
        appending ??= adapter.appendToStream(streamId, next)
        t.equal((await appending).firstVersion, 4, 'versions go on')
        t.deepEqual(await idsOf(adapter, streamId), eventIds(next), 'what was appended after the delete is visible')
        const { status, version, firstVersion } = await adapter.getStreamState(streamId)
        t.deepEqual([status, version, firstVersion], ['live', 5, 4], 'the stream lives again')
      }
    t.shown('an append between a delete and its being settled', between > 0)
  },
  inverse: inverseOf('deleteStream'),
}
