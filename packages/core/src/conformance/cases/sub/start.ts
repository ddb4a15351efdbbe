import type { CaseContext, ConformanceCase } from '../../case.js'
import { raceCase } from '../../case.js'
import type { Subscription } from '../../../adapter.js'
import { follow, timesCaughtUp } from '../follow.js'
import { endOfLog, filledLog, positionOf } from '../log-views.js'
import { eventIds, filled, range } from '../views.js'

export const sub01: ConformanceCase = {
  id: 'SUB-01',
  title: "from 'start', which is the default: the history, then what comes",
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A subscription that begins with what comes next, or stops at the end of the history.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId, events } = await filled(t, adapter, 7)
    for (const options of [{}, { after: 'start' as const }, { after: undefined }]) {
      await using reader = follow(t, adapter.subscribeToStream(streamId, options))
      await reader.until('the history', () => reader.events.length === events.length)
      events.push(...t.events(2))
      await adapter.appendToStream(streamId, events.slice(-2))
      await reader.until('what came', () => reader.events.length >= events.length)
      t.deepEqual(eventIds(reader.events), eventIds(events), 'history and live events of the stream')
      t.deepEqual([...reader.events], await adapter.readStream(streamId).toArray(), 'as they are read')
    }
    await t.part({ capability: 'readAll' }, async () => {
      const log = await filledLog(t, adapter, 6)
      // From its start, unless that is the history of every run.
      const shared = (await t.instance()).sharedLog === true
      await using reader = follow(t, adapter.subscribeToAll(shared ? { after: log.since } : {}))
      const own = () => reader.events.filter((event) => log.streams.includes(event.streamId))
      await reader.until('the history', () => own().length === log.events.length)
      const more = t.events(2)
      await adapter.appendToStream(log.streams[0] ?? '', more)
      await reader.until('what came', () => own().length >= log.events.length + 2)
      t.deepEqual(eventIds(own()), eventIds([...log.events, ...more]), 'history and live events of the log')
    })
  },
}

export const sub02: ConformanceCase = {
  id: 'SUB-02',
  title: "from 'end': nothing old, and all that was appended after caughtUp",
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A subscription that starts with the last event, or forgets what came while it was starting.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 5)
    await using reader = follow(t, adapter.subscribeToStream(streamId, { after: 'end' }))
    await reader.until('caught up', () => timesCaughtUp(reader) === 1)
    const more = t.events(3)
    for (const event of more) await adapter.appendToStream(streamId, [event])
    await reader.until('what came', () => reader.events.length >= more.length)
    t.deepEqual(eventIds(reader.events), eventIds(more), 'only what came after')
    await t.part({ capability: 'readAll' }, async () => {
      await using all = follow(t, adapter.subscribeToAll({ after: 'end' }))
      await all.until('caught up', () => timesCaughtUp(all) === 1)
      const late = t.events(2)
      await adapter.appendToStream(streamId, late)
      const own = () => all.events.filter((event) => event.streamId === streamId)
      await all.until('what came', () => own().length >= late.length)
      t.deepEqual(eventIds(own()), eventIds(late), 'only what came after, of the log')
    })
  },
}

export const sub03: ConformanceCase = {
  id: 'SUB-03',
  title: 'after a version or a position: strictly after it',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A resumed projection that counts its last event twice.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 2 })
    const { streamId, events } = await filled(t, adapter, 6)
    for (const after of [...range(1, 6), 4]) {
      await using reader = follow(t, adapter.subscribeToStream(streamId, { after }))
      await reader.until('caught up', () => timesCaughtUp(reader) === 1)
      t.deepEqual(eventIds(reader.events), eventIds(events.slice(after)), `after version ${after}`)
    }
    await using beyond = follow(t, adapter.subscribeToStream(streamId, { after: 8 }))
    await beyond.until('caught up', () => timesCaughtUp(beyond) === 1)
    const more = t.events(4)
    for (const event of more) await adapter.appendToStream(streamId, [event])
    await beyond.until('what came', () => beyond.events.length >= 2)
    t.deepEqual(eventIds(beyond.events), eventIds(more.slice(2)), 'after a version that the stream had not reached')
    await t.part({ capability: 'readAll' }, async () => {
      const log = await filledLog(t, adapter, 6)
      const stored = await log.read()
      for (const [index, event] of stored.entries()) {
        await using reader = follow(t, adapter.subscribeToAll({ after: positionOf(event) }))
        await reader.until('caught up', () => timesCaughtUp(reader) === 1)
        const own = reader.events.filter((one) => log.streams.includes(one.streamId))
        t.deepEqual(eventIds(own), eventIds(stored.slice(index + 1)), 'after a position')
      }
    })
  },
}

export const sub04: ConformanceCase = raceCase({
  id: 'SUB-04',
  title: '20 hand-overs from history to live under writers: no loss, no double, no reordering',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'History and live events from two sources, glued together with a gap or an overlap.',
  async run(t) {
    const adapter = await t.adapter()
    for (let round = 0; round < t.rounds(20); round += 1) {
      const { streamId } = await filled(t, adapter, Math.floor(t.random.next() * 8))
      const since = t.declares('readAll') ? await endOfLog(adapter) : undefined
      const readers: { readonly what: string; readonly open: () => Subscription }[] = [
        { what: 'stream', open: () => adapter.subscribeToStream(streamId) },
        ...(t.declares('readAll') ? [{ what: 'log', open: () => adapter.subscribeToAll({ after: since }) }] : []),
      ]
      const started = Math.floor(t.random.next() * 20)
      let appended = 0
      const following: ReturnType<typeof follow>[] = []
      const { lost } = await t.race(
        Array.from({ length: 4 }, () => async () => {
          for (let n = 0; n < 10; n += 1) {
            if (appended === started) following.push(...readers.map(({ open }) => follow(t, open())))
            appended += 1
            await adapter.appendToStream(streamId, t.events(1 + (n % 2)))
          }
        }),
      )
      t.deepEqual(lost, [], 'all appends with any resolve')
      const stored = await adapter.readStream(streamId).toArray()
      for (const [index, reader] of following.entries()) {
        const own = () => reader.events.filter((event) => event.streamId === streamId)
        const last = stored.at(-1)?.id
        await reader.until('the last event', () => own().at(-1)?.id === last)
        const first = stored.findIndex(({ id }) => id === own()[0]?.id)
        t.deepEqual(eventIds(own()), eventIds(stored.slice(first)), `${readers[index]?.what ?? ''}: everything once, in order`)
        if (readers[index]?.what === 'stream') t.equal(first, 0, 'from the beginning')
        await reader[Symbol.asyncDispose]()
      }
    }
  },
})

export const sub05: ConformanceCase = {
  id: 'SUB-05',
  title: 'caughtUp is said once per start, after all the history, of a missing stream too, and not again after live events',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A service that starts answering before its projection is current, or again and again.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 2 })
    const { streamId, events } = await filled(t, adapter, 7)
    await saysCaughtUpOnce(t, adapter.subscribeToStream(streamId), 7, () => adapter.appendToStream(streamId, t.events(1)), { version: 7 })
    const missing = t.stream('missing')
    await saysCaughtUpOnce(t, adapter.subscribeToStream(missing), 0, () => adapter.appendToStream(missing, t.events(1)), { version: 0 })
    t.equal(events.length, 7, 'the stream had seven events')
    await t.part({ capability: 'readAll' }, async () => {
      const log = await filledLog(t, adapter, 5)
      const position = positionOf((await log.read()).at(-1))
      const append = () => adapter.appendToStream(log.streams[0] ?? '', t.events(1))
      await saysCaughtUpOnce(t, adapter.subscribeToAll({ after: log.since }), log.events.length, append, { position })
    })
  },
}

async function saysCaughtUpOnce(
  t: CaseContext,
  subscription: Subscription,
  history: number,
  append: () => Promise<unknown>,
  where: object,
): Promise<void> {
  await using reader = follow(t, subscription)
  await reader.until('caught up', () => timesCaughtUp(reader) === 1)
  t.equal(reader.events.length, history, 'all the history came before caughtUp')
  t.deepEqual(
    reader.messages.find(({ kind }) => kind === 'caughtUp'),
    { kind: 'caughtUp', ...where },
    'caughtUp says where',
  )
  for (let n = 1; n <= 3; n += 1) {
    await append()
    await reader.until('a live event', () => reader.events.length === history + n)
  }
  t.equal(timesCaughtUp(reader), 1, 'caughtUp is not said again after live events')
}
