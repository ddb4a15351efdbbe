import type { EventStoreAdapter } from '../../../adapter.js'
import { isConcurrencyError } from '../../../errors.js'
import type { CaseContext } from '../../case.js'
import { eventIds, idsOf, range } from '../views.js'

/** The adapter that the n-th of several writers uses. */
function pick(adapters: readonly EventStoreAdapter[], index: number): EventStoreAdapter {
  const adapter = adapters[index % adapters.length]
  if (adapter === undefined) throw new Error('no adapter')
  return adapter
}

/** Losers of a race saw `ConcurrencyError` and nothing else. */
export function onlyConflicts(t: CaseContext, lost: readonly unknown[], message: string): void {
  t.deepEqual(lost.filter((error) => !isConcurrencyError(error)).map(String), [], message)
}

/** 32 × `'noStream'`: one wins. */
export async function firstComer(t: CaseContext, adapters: readonly EventStoreAdapter[]): Promise<void> {
  const streamId = t.stream()
  const { won, lost } = await t.race(
    Array.from(
      { length: 32 },
      (_, index) => () => pick(adapters, index).appendToStream(streamId, t.events(1), { expectedVersion: 'noStream' }),
    ),
  )
  onlyConflicts(t, lost, 'losers see ConcurrencyError only')
  t.equal(won.length, 1, 'exactly one of 32 wins')
  t.equal((await idsOf(pick(adapters, 0), streamId)).length, 1, 'exactly one event is stored')
}

/** Rounds of 8 writers on one version. */
export async function oneWinnerEach(t: CaseContext, adapters: readonly EventStoreAdapter[], rounds: number): Promise<void> {
  const streamId = t.stream()
  for (let round = 0; round < rounds; round += 1) {
    t.step(`round ${round + 1}`)
    const events = t.events(8)
    const { settled, lost } = await t.race(
      events.map((event, index) => () => pick(adapters, index).appendToStream(streamId, [event], { expectedVersion: round })),
    )
    onlyConflicts(t, lost, 'losers see ConcurrencyError only')
    const winners = events.filter((_, index) => settled[index]?.status === 'fulfilled')
    t.equal(winners.length, 1, 'exactly one of 8 wins each round')
    t.deepEqual(
      await idsOf(pick(adapters, 0), streamId, { from: round + 1 }),
      eventIds(winners),
      "the winner's event, and only that, is stored",
    )
  }
}

/** 16 writers, each one after the other with `'any'`. */
export async function everyAnyIsStored(t: CaseContext, adapters: readonly EventStoreAdapter[]): Promise<void> {
  const streamId = t.stream()
  const each = t.rounds(50)
  const writers = Array.from({ length: 16 }, () => t.events(each))
  const { lost } = await t.race(
    writers.map((events, index) => async () => {
      for (const event of events) await pick(adapters, index).appendToStream(streamId, [event])
    }),
  )
  t.deepEqual(lost.map(String), [], "every 'any' append resolves")
  const ids = await idsOf(pick(adapters, 0), streamId)
  t.equal(ids.length, 16 * each, "every 'any' append is stored once")
  for (const events of writers) {
    const own = new Set(eventIds(events))
    t.deepEqual(
      ids.filter((id) => own.has(id)),
      eventIds(events),
      'the order of one writer is kept',
    )
  }
}

/** 8 writers that read, decide, append, and try again when they lost. */
export async function counter(t: CaseContext, adapters: readonly EventStoreAdapter[]): Promise<void> {
  const streamId = t.stream()
  const increments = t.rounds(12)
  const { lost } = await t.race(
    Array.from({ length: 8 }, (_, index) => async () => {
      for (let done = 0; done < increments;) if (await increment(pick(adapters, index), streamId)) done += 1
    }),
  )
  t.deepEqual(lost.map(String), [], 'no writer fails')
  await counted(t, pick(adapters, 0), streamId, 8 * increments)
}

/** The counter rose by one with each acknowledged increment. */
export async function counted(t: CaseContext, adapter: EventStoreAdapter, streamId: string, increments: number): Promise<void> {
  const sums = (await adapter.readStream(streamId).toArray()).map(({ data }) => (data as { sum: number }).sum)
  t.deepEqual(sums, range(1, increments), 'the counter equals the acknowledged increments')
}

async function increment(adapter: EventStoreAdapter, streamId: string): Promise<boolean> {
  const [last] = await adapter.readStream(streamId, { direction: 'backwards', limit: 1 }).toArray()
  const sum = last === undefined ? 0 : (last.data as { sum: number }).sum
  try {
    await adapter.appendToStream(streamId, [{ type: 'Incremented', data: { sum: sum + 1 } }], { expectedVersion: last?.version ?? 0 })
    return true
  } catch (error) {
    if (isConcurrencyError(error)) return false
    throw error
  }
}
