import { type ConformanceCase, raceCase } from '../../case.js'
import { inverseOf } from '../../inverse.js'
import { readWhile } from '../../race.js'
import type { RecordedEvent } from '../../../event.js'
import { endOfLog, filledLog, positionOf, readOwn, rise } from '../log-views.js'
import { eventIds } from '../views.js'

export const all01: ConformanceCase = {
  id: 'ALL-01',
  title: 'the log holds each event once, and nothing else, in rising positions, with stream order kept',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'A log made by sorting streams by time, or one that shows bookkeeping of the store.',
  async run(t) {
    const adapter = await t.adapter()
    const log = await filledLog(t, adapter, 40)
    await t.part(
      { capability: 'streamMetadata', title: 'metadata' },
      async () => void (await adapter.setStreamMetadata(t.stream(), { a: 1 })),
    )
    const all = await adapter.readAll({ after: log.since }).toArray()
    const own = all.filter(({ streamId }) => log.streams.includes(streamId))
    t.deepEqual(eventIds(own).sort(), eventIds(log.events).sort(), 'each event once')
    const foreign = all.filter(({ streamId, type }) => streamId.startsWith('$') || type.startsWith('$'))
    t.deepEqual(eventIds(foreign), [], 'no event of the store itself')
    rise(t, adapter, all, 'positions rise')
    for (const streamId of log.streams)
      t.deepEqual(
        own.filter((event) => event.streamId === streamId),
        await adapter.readStream(streamId).toArray(),
        'the log cut to a stream is that stream, event by event',
      )
  },
  inverse: inverseOf('readAll'),
}

export const all02: ConformanceCase = {
  id: 'ALL-02',
  title: 'backwards is the reverse, from the end by default; an empty store is empty',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'Reading backwards that starts at the beginning, or leaves out the last event.',
  async run(t) {
    const adapter = await t.adapter()
    const empty = (await endOfLog(adapter)) === undefined
    if (empty) {
      t.deepEqual(await adapter.readAll().toArray(), [], 'empty forwards')
      t.deepEqual(await adapter.readAll({ direction: 'backwards' }).toArray(), [], 'empty backwards')
    }
    const log = await filledLog(t, adapter, 12)
    const forwards = await log.read()
    t.equal(forwards.length, log.events.length, 'forwards gives every event')
    t.deepEqual(await log.read({ direction: 'backwards' }), [...forwards].reverse(), 'backwards is the reverse')
    const [last] = await adapter.readAll({ direction: 'backwards', limit: 1 }).toArray()
    t.equal(last?.id, forwards.at(-1)?.id, 'backwards starts at the end')
    for (const limit of [0, 1, 4]) t.equal((await adapter.readAll({ after: log.since, limit }).toArray()).length, limit, `limit ${limit}`)
  },
  inverse: inverseOf('readAll'),
}

export const all06: ConformanceCase = raceCase({
  id: 'ALL-06',
  title: 'a reader that tails the log under 16 writers gets the final log, nothing missing, doubled or reordered',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'position > last over a sequence: an event that commits late lies below the reader for ever.',
  async run(t) {
    const adapter = await t.adapter()
    const since = await endOfLog(adapter)
    const streams = Array.from({ length: 16 }, () => t.stream())
    const tailed: RecordedEvent[] = []
    let writing = true
    const tail = async (): Promise<void> => {
      tailed.push(...(await t.timed(() => readOwn(adapter, streams, since, { after: tailed.at(-1)?.position ?? since }))))
    }
    const tailing = readWhile(() => writing, tail)
    tailing.catch(() => undefined)
    const { lost } = await t.race(
      streams.map((streamId, writer) => async () => {
        for (let round = 0; round < t.rounds(30); round += 1)
          await adapter.appendToStream((writer + round) % 4 === 0 ? (streams[0] ?? '') : streamId, t.events(1 + (round % 3)))
      }),
    )
    writing = false
    await tailing
    t.deepEqual(lost, [], 'all appends with any resolve')
    await tail()
    const final = await readOwn(adapter, streams, since)
    t.deepEqual(eventIds(tailed), eventIds(final), 'what was tailed is the final log')
    rise(t, adapter, final, 'positions rise')
  },
  inverse: inverseOf('readAll'),
})

export const all09: ConformanceCase = {
  id: 'ALL-09',
  title: 'all readers agree on what stands at a position, and rereading changes nothing',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'Positions numbered by the reader.',
  async run(t) {
    const adapter = await t.adapter()
    const log = await filledLog(t, adapter, 20)
    const first = await log.read()
    t.deepEqual(await log.read(), first, 'read again')
    await adapter.appendToStream(log.streams[0] ?? '', t.events(2))
    t.deepEqual((await log.read()).slice(0, first.length), first, 'read again after more was appended')
    await t.part({ hooks: ['peer'], title: 'another client' }, async () => {
      t.deepEqual((await log.read({}, await t.peer())).slice(0, first.length), first, 'read by another client')
    })
  },
  inverse: inverseOf('readAll'),
}

export const all10: ConformanceCase = {
  id: 'ALL-10',
  title: 'an append acknowledged before another was sent has the lower position',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'realTimeOrder' },
  rationale: 'Sequences that hand out blocks of positions to each connection.',
  async run(t) {
    const adapter = await t.adapter()
    const log = await filledLog(t, adapter, 4)
    const clients = [adapter]
    await t.part({ hooks: ['peer'], title: 'two clients' }, async () => void clients.push(await t.peer()))
    const acknowledged: string[] = []
    for (let n = 0; n < t.rounds(60); n += 1) {
      const [event] = t.events(1)
      if (event === undefined) return
      // Several at once keep several connections in use; only the last of them is looked at.
      const others = clients.flatMap((client) => [1, 2].map(() => client.appendToStream(t.stream('other'), t.events(1))))
      await Promise.all(others)
      await (clients[n % clients.length] ?? adapter).appendToStream(log.streams[n % 3] ?? '', [event])
      acknowledged.push(event.id)
    }
    const stored = eventIds(await log.read()).filter((id) => acknowledged.includes(id))
    t.deepEqual(stored, acknowledged, 'the log is in the order of the acknowledgements')
  },
  async inverse(t) {
    if (!t.declares('readAll')) return inverseOf('readAll')(t)
    const adapter = await t.adapter()
    const log = await filledLog(t, adapter, 20)
    rise(t, adapter, await log.read(), 'undeclared: still one total order')
  },
}

export const all11: ConformanceCase = {
  id: 'ALL-11',
  title: 'what was refused never appears in the log',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'A log that is written before the stream is checked.',
  async run(t) {
    const adapter = await t.adapter()
    const log = await filledLog(t, adapter, 6)
    const [one = '', two = ''] = log.streams
    const before = eventIds(await log.read())
    await t.rejects(() => adapter.appendToStream(one, t.events(2), { expectedVersion: 'noStream' }), 'concurrency', {}, 'a conflict')
    await t.rejects(() => adapter.appendToStream(one, t.events(2), { expectedVersion: 9999 }), 'concurrency', {}, 'beyond the end')
    const bad = [...t.events(1), { type: 'Bad', data: 1n as never }]
    await t.rejects(() => adapter.appendToStream(one, bad), 'invalid-argument', {}, 'a value that is none')
    await t.part({ capability: 'multiStreamAppend', title: 'several streams' }, async () => {
      const parts = [
        { streamId: one, events: t.events(1) },
        { streamId: two, events: t.events(1), expectedVersion: 'noStream' as const },
      ]
      await t.rejects(() => adapter.appendToStreams(parts), 'concurrency', {}, 'one of two streams')
    })
    t.deepEqual(eventIds(await log.read()), before, 'the log is as before')
    const [next] = t.events(1)
    if (next !== undefined) await adapter.appendToStream(one, [next])
    t.deepEqual(eventIds(await log.read()), [...before, next?.id], 'the next append follows')
  },
  inverse: inverseOf('readAll'),
}

export const all14: ConformanceCase = {
  id: 'ALL-14',
  title: 'comparePositions is a total order and agrees with readAll on all pairs of 50',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'Positions compared as text: 9 after 10.',
  async run(t) {
    const adapter = await t.adapter()
    const log = await filledLog(t, adapter, 60)
    const events = (await log.read()).slice(-50)
    t.equal(events.length, 50, 'fifty events')
    const wrong: string[] = []
    for (const [a, left] of events.entries())
      for (const [b, right] of events.entries())
        if (Math.sign(adapter.comparePositions(positionOf(left), positionOf(right))) !== Math.sign(a - b))
          wrong.push(`${left.position ?? ''} and ${right.position ?? ''}`)
    t.deepEqual(wrong, [], 'every pair compares as it stands in the log')
  },
  inverse: inverseOf('readAll'),
}
