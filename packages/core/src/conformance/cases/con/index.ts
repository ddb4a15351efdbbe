import { isConcurrencyError } from '../../../errors.js'
import { type ConformanceCase, raceCase } from '../../case.js'
import { runChild } from '../../child.js'
import { eventIds, idsOf } from '../views.js'
import { con09 } from './history.js'
import { counted, counter, everyAnyIsStored, firstComer, onlyConflicts, oneWinnerEach } from './races.js'

const base = { section: 'CON', since: 1, level: 'must', profile: 'smoke' } as const

const con01: ConformanceCase = raceCase({
  ...base,
  id: 'CON-01',
  title: "32 × 'noStream': 1 winner, 31 ConcurrencyErrors, 1 event",
  rationale: 'A check in the application followed by an insert; a last writer that overwrites.',
  run: async (t) => firstComer(t, [await t.adapter()]),
})

const con02: ConformanceCase = raceCase({
  ...base,
  id: 'CON-02',
  title: '200 rounds of 8 writers on one version: one winner each',
  rationale: 'A check followed by an insert passes every sequential test; insert-or-ignore drops racers and tells them they won.',
  run: async (t) => oneWinnerEach(t, [await t.adapter()], t.rounds(200)),
})

const con03: ConformanceCase = raceCase({
  ...base,
  id: 'CON-03',
  title: 'losers see ConcurrencyError only, with the actual version, never an error of the driver',
  rationale: 'A unique violation or a serialization failure that escapes.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    await adapter.appendToStream(streamId, t.events(3))
    const { lost } = await t.race(
      Array.from({ length: 32 }, () => () => adapter.appendToStream(streamId, t.events(2), { expectedVersion: 3 })),
    )
    onlyConflicts(t, lost, 'losers see ConcurrencyError only')
    t.equal(lost.length, 31, 'all but one lose')
    for (const error of lost.filter(isConcurrencyError))
      t.deepEqual([error.actualVersion, error.retryable], [5, false], 'a loser learns the actual version')
  },
})

const con04: ConformanceCase = raceCase({
  ...base,
  id: 'CON-04',
  title: "16 × 50 × 'any': all resolve, all stored, each writer's order kept",
  rationale: "'any' that surfaces a conflict, or drops what lost a race.",
  run: async (t) => everyAnyIsStored(t, [await t.adapter()]),
})

const con05: ConformanceCase = raceCase({
  ...base,
  id: 'CON-05',
  title: 'a read-decide-append-retry counter equals the acknowledged increments',
  rationale: 'Lost updates: the very thing optimistic concurrency is for.',
  run: async (t) => counter(t, [await t.adapter()]),
})

const con06: ConformanceCase = raceCase({
  ...base,
  id: 'CON-06',
  title: 'different streams never conflict, even with equal ids',
  rationale: 'A uniqueness over the whole store instead of one stream.',
  async run(t) {
    const adapter = await t.adapter()
    const events = t.events(3)
    const streams = Array.from({ length: 20 }, () => t.stream())
    const { lost } = await t.race(
      streams.map((streamId) => () => adapter.appendToStream(streamId, events, { expectedVersion: 'noStream' })),
    )
    t.deepEqual(lost.map(String), [], 'no append to a stream of its own fails')
    for (const streamId of streams) t.deepEqual(await idsOf(adapter, streamId), eventIds(events), 'each stream has its copy')
  },
})

const con07: ConformanceCase = raceCase({
  ...base,
  id: 'CON-07',
  title: '50 writers, 100 conflicts, 2 connections: no deadlock, no starvation, no leak',
  requires: { hooks: ['connections'] },
  rationale: 'A conflict that keeps its connection: after two of them everything hangs.',
  async run(t) {
    const adapter = await t.adapter({ connections: 2 })
    const streamId = t.stream()
    await adapter.appendToStream(streamId, t.events(1))
    t.step('100 conflicts and 50 writers')
    const timeoutMs = 6_000
    const { settled } = await t.race([
      ...Array.from({ length: 100 }, () => () => adapter.appendToStream(streamId, t.events(1), { expectedVersion: 'noStream', timeoutMs })),
      ...Array.from({ length: 50 }, () => () => adapter.appendToStream(t.stream(), t.events(1), { timeoutMs })),
    ])
    const failed = settled.map((one) =>
      one.status === 'rejected' ? (isConcurrencyError(one.reason) ? 'conflict' : String(one.reason)) : 'resolved',
    )
    t.deepEqual(
      failed.filter((one) => one !== 'resolved'),
      Array.from({ length: 100 }, () => 'conflict'),
      'conflicts conflict, and every writer is served',
    )
    t.step('an append after the conflicts')
    const after = await t.resolves(
      adapter.appendToStream(streamId, t.events(1), { expectedVersion: 1, timeoutMs }),
      'no connection is leaked',
    )
    t.equal(after.version, 2, 'usable after')
  },
})

const con08: ConformanceCase = raceCase({
  ...base,
  id: 'CON-08',
  title: 'CON-01, 02, 04 and 05 over two adapters, and over two processes',
  requires: { hooks: ['peer'] },
  rationale: 'A lock that holds within one process or one connection only.',
  async run(t) {
    const adapters = [await t.adapter(), await t.peer()]
    await firstComer(t, adapters)
    await oneWinnerEach(t, adapters, t.rounds(50))
    await everyAnyIsStored(t, adapters)
    await counter(t, adapters)
    await t.part({ capability: 'sharedAcrossProcesses', hooks: ['module'], title: 'two processes' }, async () => {
      const instance = await t.instance()
      const [streamId, count] = [t.stream(), t.rounds(40)]
      const program = `
        for (let done = 0; done < args.count; ) {
          const { version } = await adapter.getStreamState(args.streamId)
          try {
            await adapter.appendToStream(args.streamId, [{ type: 'Incremented', data: { sum: version + 1 } }], { expectedVersion: version })
            done += 1
          } catch (error) {
            if (error.code !== 'concurrency') throw error
          }
        }
        await adapter.close()`
      t.step('two processes')
      const children = await Promise.all([1, 2].map(() => runChild(t, t.namespaceOf(instance), program, { streamId, count })))
      for (const { exitCode, stderr } of children) t.equal(exitCode, 0, `both processes end well: ${stderr}`)
      await counted(t, instance.adapter, streamId, 2 * count)
    })
  },
})

const con10: ConformanceCase = raceCase({
  ...base,
  id: 'CON-10',
  title: 'each event carries the expectation it met; one replay validates all',
  rationale: 'An append that was acknowledged although its expectation did not hold at its place.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const acknowledged: number[] = []
    const write = async (): Promise<void> => {
      for (let round = 0; round < t.rounds(30); round += 1) {
        const { version = 0 } = await adapter.getStreamState(streamId)
        const exact = t.random.next() < 0.6
        const events = [
          { type: 'Met', data: { expected: exact ? version : -1 } },
          { type: 'More', data: {} },
        ]
        try {
          acknowledged.push((await adapter.appendToStream(streamId, events, { expectedVersion: exact ? version : 'any' })).version)
        } catch (error) {
          if (!isConcurrencyError(error)) throw error
        }
      }
    }
    const { lost } = await t.race(Array.from({ length: 8 }, () => write))
    t.deepEqual(lost.map(String), [], 'no writer fails')
    const events = await adapter.readStream(streamId).toArray()
    t.equal(events.length, 2 * acknowledged.length, 'what was acknowledged is what is there')
    for (const { type, data, version } of events) {
      const { expected } = data as { expected?: number }
      t.equal(type, version % 2 === 1 ? 'Met' : 'More', 'batches are contiguous')
      if (expected !== undefined && expected >= 0) t.equal(expected, version - 1, 'the expectation held just before its place')
    }
  },
})

export const con: readonly ConformanceCase[] = [con01, con02, con03, con04, con05, con06, con07, con08, con09, con10]
