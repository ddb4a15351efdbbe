import { isConcurrencyError } from '../../../errors.js'
import { type ConformanceCase, raceCase } from '../../case.js'
import { nextTurn } from '../../race.js'
import { endOfLog } from '../log-views.js'

export const atm01: ConformanceCase = {
  id: 'ATM-01',
  title: 'when the expectation fails, no event of the batch is stored',
  section: 'ATM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Events inserted one by one before the check, or a transaction that is not rolled back.',
  async run(t) {
    const adapter = await t.adapter()
    const [streamId, missing] = [t.stream(), t.stream()]
    const events = t.events(3)
    const since = t.declares('readAll') ? await endOfLog(adapter) : undefined
    await adapter.appendToStream(streamId, events)
    for (const expectedVersion of ['noStream', 0, 1, 2, 4, 7] as const) {
      t.step(`expecting ${expectedVersion}`)
      await t.rejects(
        adapter.appendToStream(streamId, t.events(5), { expectedVersion }),
        'concurrency',
        {},
        'a batch whose expectation fails',
      )
    }
    for (const expectedVersion of ['streamExists', 1, 5] as const)
      await t.rejects(adapter.appendToStream(missing, t.events(5), { expectedVersion }), 'concurrency', {}, 'a batch on a missing stream')
    await t.holds(adapter, streamId, events, { message: 'no event of a failed batch is stored' })
    t.deepEqual(await adapter.readStream(missing).toArray(), [], 'no event of a failed batch is stored in a missing stream')
    await t.part({ capability: 'readAll' }, async () => {
      const streams = [streamId, missing]
      const logged = (await adapter.readAll({ after: since }).toArray()).filter((event) => streams.includes(event.streamId))
      t.deepEqual(
        logged.map(({ id }) => id),
        events.map(({ id }) => id),
        'no event of a failed batch is in the log',
      )
    })
  },
}

export const atm02: ConformanceCase = raceCase({
  id: 'ATM-02',
  title: 'a batch that fails at its k-th event stores none of its events',
  section: 'ATM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A batch sent event by event: a bad value or a rival in the middle leaves its first half behind.',
  async run(t) {
    const adapter = await t.adapter()
    for (let k = 0; k < 5; k += 1) {
      t.step(`bad value at event ${k}`)
      const streamId = t.stream()
      const events = t.events(5).map((event, index) => (index === k ? { ...event, data: { bad: Number.NaN } } : event))
      await t.rejects(
        adapter.appendToStream(streamId, events),
        'invalid-argument',
        { path: `events[${k}].data.bad` },
        'a bad value in a batch',
      )
      t.equal((await adapter.getStreamState(streamId)).status, 'missing', 'a batch is stored whole or not at all: bad value')
    }
    let [won, lost] = [0, 0]
    for (let round = 0; round < t.rounds(100); round += 1) {
      t.step(`round ${round + 1}: a rival in the middle`)
      const streamId = t.stream()
      const [batch, rival] = [t.events(5), t.events(1)]
      await adapter.appendToStream(streamId, t.events(1))
      // A batch is longer on its way than one event: sometimes the rival comes a little later.
      const late = async () => {
        for (let turns = Math.floor(round / 2) % 8; turns > 0; turns -= 1) await nextTurn()
        return adapter.appendToStream(streamId, rival)
      }
      const calls = [() => adapter.appendToStream(streamId, batch, { expectedVersion: 1 }), late]
      const { settled } = await t.race(round % 2 === 0 ? calls : calls.reverse())
      const mine = settled[round % 2 === 0 ? 0 : 1]
      const stored = (await adapter.readStream(streamId).toArray()).map(({ id }) => id)
      const kept = batch.filter(({ id }) => stored.includes(id)).length
      t.ok(kept === 0 || kept === 5, `a batch is stored whole or not at all: ${kept} of 5 events`)
      t.equal(kept === 5, mine?.status === 'fulfilled', 'the result of the batch says what was stored')
      if (mine?.status === 'rejected') t.ok(isConcurrencyError(mine.reason), 'a batch that lost sees a ConcurrencyError')
      t.equal(stored.length, 2 + kept, 'the rival is stored once')
      if (mine?.status === 'fulfilled') won += 1
      else lost += 1
    }
    t.shown('a batch that won', won > 0)
    t.shown('a batch that lost', lost > 0)
  },
})
