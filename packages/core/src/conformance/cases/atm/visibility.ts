import type { EventStoreAdapter } from '../../../adapter.js'
import type { RecordedEvent } from '../../../event.js'
import { type CaseContext, type ConformanceCase, type TestEvent, raceCase } from '../../case.js'
import { proveUnsupported } from '../../inverse.js'
import { nextTurn, readWhile } from '../../race.js'
import { endOfLog } from '../log-views.js'

const batchSize = 5

export const atm04: ConformanceCase = raceCase({
  id: 'ATM-04',
  title: 'a concurrent reader of the stream sees all events of a batch or none; with contiguousBatches a reader of the log too',
  section: 'ATM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Rows that become visible one by one, so that a projection acts on half of a decision.',
  async run(t) {
    await underWrites(t, await t.adapter(), 'stream', (adapter, streamId) => adapter.readStream(streamId).toArray())
    await underWrites(t, await t.adapter(), 'stream, backwards', (adapter, streamId) =>
      adapter.readStream(streamId, { direction: 'backwards' }).toArray(),
    )
    await t.part({ capability: 'contiguousBatches' }, async () => {
      const since = await endOfLog(await t.adapter())
      await underWrites(t, undefined, 'log', async (adapter, streamId) =>
        (await adapter.readAll({ after: since }).toArray()).filter((event) => event.streamId === streamId),
      )
    })
  },
})

/** Writers append batches while readers read: no read may hold a part of one. */
async function underWrites(
  t: CaseContext,
  given: EventStoreAdapter | undefined,
  what: string,
  read: (adapter: EventStoreAdapter, streamId: string) => Promise<RecordedEvent[]>,
): Promise<void> {
  const adapter = given ?? (await t.adapter())
  const streamId = t.stream()
  const writers = 4
  const rounds = Math.max(10, t.rounds(20))
  const total = writers * rounds * batchSize
  let done = false
  let midway = 0
  t.step(`reading the ${what} under writes`)
  const write = async (writer: number): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      await t.timed(() => adapter.appendToStream(streamId, t.events(batchSize, { data: `${writer}.${round}` })))
      await nextTurn()
    }
  }
  const watch = async (): Promise<void> => {
    const events = await t.timed(() => read(adapter, streamId))
    const torn = [...countBatches(events)].filter(([, count]) => count !== batchSize)
    t.deepEqual(torn, [], `a reader of the ${what} sees all events of a batch or none`)
    if (events.length > 0 && events.length < total) midway += 1
  }
  const watching = Promise.all([1, 2, 3].map(() => readWhile(() => !done, watch)))
  watching.catch(() => undefined)
  try {
    const { lost } = await t.race(Array.from({ length: writers }, (_, writer) => () => write(writer)))
    t.deepEqual(lost, [], 'all appends with any resolve')
  } finally {
    done = true
  }
  await watching
  t.equal((await read(adapter, streamId)).length, total, `the ${what} holds every batch in the end`)
  t.shown(`a read of the ${what} between two appends`, midway > 0)
}

function countBatches(events: readonly RecordedEvent[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { data } of events) counts.set(String(data), (counts.get(String(data)) ?? 0) + 1)
  return counts
}

export const atm05: ConformanceCase = raceCase({
  id: 'ATM-05',
  title: 'a batch is contiguous in its stream although 8 rivals append to it',
  section: 'ATM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Versions given out event by event: two batches interleave, and a result names a range that holds others’ events.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const ranges: { readonly batch: readonly TestEvent[]; readonly firstVersion: number; readonly version: number }[] = []
    const write = (writer: number) => async (): Promise<void> => {
      for (let round = 0; round < t.rounds(10); round += 1) {
        const batch = t.events(1 + ((writer + round) % 4))
        const { firstVersion, version } = await t.timed(() => adapter.appendToStream(streamId, batch))
        ranges.push({ batch, firstVersion, version })
      }
    }
    const { lost } = await t.race(Array.from({ length: 9 }, (_, writer) => write(writer)))
    t.deepEqual(lost, [], 'all appends with any resolve')
    const stored = await adapter.readStream(streamId).toArray()
    t.equal(
      stored.length,
      ranges.reduce((sum, { batch }) => sum + batch.length, 0),
      'every event is stored once',
    )
    for (const { batch, firstVersion, version } of ranges) {
      t.equal(version - firstVersion + 1, batch.length, 'the range of a result is as long as its batch')
      t.deepEqual(
        stored.slice(firstVersion - 1, version).map(({ id }) => id),
        batch.map(({ id }) => id),
        'the range of a result holds exactly its batch, in order',
      )
    }
  },
})

export const atm06: ConformanceCase = raceCase({
  id: 'ATM-06',
  title: 'a batch is contiguous in the log',
  section: 'ATM',
  since: 1,
  level: 'must',
  profile: 'standard',
  requires: { capability: 'contiguousBatches' },
  rationale: 'Log positions given out per event while others take theirs in between.',
  run: (t) => batchesInLog(t, 'neighbours'),
  async inverse(t) {
    if (t.declares('readAll')) await batchesInLog(t, 'in order')
    else await proveUnsupported(t, 'readAll')
  },
})

/** Batches of 8 writers, to one stream and to their own: all in the log, in order, and where promised side by side. */
async function batchesInLog(t: CaseContext, promise: 'neighbours' | 'in order'): Promise<void> {
  const adapter = await t.adapter()
  const shared = t.stream()
  const since = await endOfLog(adapter)
  const batches: (readonly TestEvent[])[] = []
  const write = (writer: number) => async (): Promise<void> => {
    const own = t.stream()
    for (let round = 0; round < t.rounds(10); round += 1) {
      const batch = t.events(2 + (round % 3))
      batches.push(batch)
      await t.timed(() => adapter.appendToStream((writer + round) % 2 === 0 ? shared : own, batch))
    }
  }
  const { lost } = await t.race(Array.from({ length: 8 }, (_, writer) => write(writer)))
  t.deepEqual(lost, [], 'all appends resolve')
  const known = new Set(batches.flat().map(({ id }) => id))
  const logged = (await adapter.readAll({ after: since }).toArray()).map(({ id }) => id).filter((id) => known.has(id))
  t.equal(logged.length, known.size, 'every event is in the log once')
  const place = new Map(logged.map((id, index) => [id, index]))
  for (const batch of batches) {
    const places = batch.map(({ id }) => place.get(id) ?? -1)
    if (promise === 'in order')
      t.deepEqual(
        places,
        [...places].sort((a, b) => a - b),
        'the log keeps the order of a batch',
      )
    else
      t.deepEqual(
        places,
        batch.map((_, index) => (places[0] ?? 0) + index),
        'the events of a batch are neighbours in the log',
      )
  }
}
