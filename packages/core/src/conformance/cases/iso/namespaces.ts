import type { ConformanceCase } from '../../case.js'
import { follow, timesCaughtUp } from '../follow.js'
import { endOfLog } from '../log-views.js'
import { eventIds, idsOf } from '../views.js'

export const iso01: ConformanceCase = {
  id: 'ISO-01',
  title: 'two namespaces share no stream, log, subscription or id',
  section: 'ISO',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Two applications on one server that read each other’s events.',
  async run(t) {
    const [one, two] = [await t.instance({}), await t.instance({})]
    if (one.sharedLog === true) t.notProven('one node holds the streams of all namespaces')
    const streamId = t.stream()
    const mine = t.events(3)
    await using reader = follow(t, two.adapter.subscribeToStream(streamId))
    await reader.until('caught up', () => timesCaughtUp(reader) === 1)
    await one.adapter.appendToStream(streamId, mine, { expectedVersion: 'noStream' })
    t.deepEqual(
      await two.adapter.getStreamState(streamId),
      { status: 'missing', version: 0, firstVersion: 1 },
      'the other has no such stream',
    )
    // The same ids, for the same stream: new there.
    const theirs = mine.slice(0, 2)
    const result = await two.adapter.appendToStream(streamId, theirs, { expectedVersion: 'noStream' })
    t.deepEqual([result.firstVersion, result.version], [1, 2], 'the same ids are new to the other')
    await reader.until('its own events', () => reader.events.length === 2)
    await one.adapter.appendToStream(streamId, t.events(1))
    await two.adapter.appendToStream(streamId, t.events(1))
    await reader.until('the next of its own', () => reader.events.length === 3)
    t.deepEqual(await idsOf(two.adapter, streamId), eventIds(reader.events), 'a subscription gets its own events only')
    await t.part({ capability: 'readAll' }, async () => {
      t.equal((await one.adapter.readAll().toArray()).length, 4, 'the log of the one')
      t.equal((await two.adapter.readAll().toArray()).length, 3, 'the log of the other')
      const position = (await endOfLog(one.adapter)) ?? ''
      await t.rejects(
        () => two.adapter.readAll({ after: position }),
        'invalid-argument',
        {},
        'a position of the one is foreign to the other',
      )
    })
    await t.part({ capability: 'listStreams' }, async () => {
      await one.adapter.appendToStream(t.stream('own'), t.events(1))
      let listed = 0
      for await (const _info of two.adapter.listStreams()) listed += 1
      t.equal(listed, 1, 'the other lists its own streams')
    })
    await t.part({ capability: 'deleteStream' }, async () => {
      await one.adapter.deleteStream(streamId)
      t.equal((await two.adapter.getStreamState(streamId)).status, 'live', 'a delete in the one deletes nothing in the other')
    })
  },
}
