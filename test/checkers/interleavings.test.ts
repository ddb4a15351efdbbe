import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EventStoreAdapter, ReadStreamOptions } from '../../packages/core/src/adapter.js'
import { isConcurrencyError, isEventStoreError } from '../../packages/core/src/errors.js'
import { memory } from '../../packages/core/src/memory/index.js'
import { checkHistory, describeAnomaly, recordHistory, withFaults } from '../../packages/core/src/testing/index.js'

/** An adapter each call of which is sent, and answered, when the scheduler says so. */
function scheduled(scheduler: fc.Scheduler, adapter: EventStoreAdapter): EventStoreAdapter {
  async function turn<T>(run: () => Promise<T>): Promise<T> {
    await scheduler.schedule(Promise.resolve(), 'a request')
    try {
      return await run()
    } finally {
      await scheduler.schedule(Promise.resolve(), 'an answer')
    }
  }
  return {
    ...adapter,
    appendToStream: (streamId: string, events: never, options?: object) => turn(() => adapter.appendToStream(streamId, events, options)),
    getStreamState: (streamId, options) => turn(() => adapter.getStreamState(streamId, options)),
    readStream: ((streamId: string, options?: ReadStreamOptions) => ({
      ...adapter.readStream(streamId, options),
      toArray: () => turn(() => adapter.readStream(streamId, options).toArray()),
    })) as EventStoreAdapter['readStream'],
  }
}

const call = fc.record({
  stream: fc.constantFrom('a', 'b'),
  op: fc.constantFrom<('append' | 'read' | 'state')[]>('append', 'append', 'read', 'state'),
  expected: fc.constantFrom<('any' | 'noStream' | 'seen')[]>('any', 'noStream', 'seen', 'seen'),
})
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never

/** A client that retries what may be retried, with the same ids. */
async function run(adapter: EventStoreAdapter, calls: readonly Call[]): Promise<void> {
  let seen = 0
  for (const { stream, op, expected } of calls) {
    const event = { id: crypto.randomUUID(), type: 'A', data: 0 }
    const attempt = async (): Promise<number> => {
      if (op === 'state') return (await adapter.getStreamState(stream)).version ?? 0
      if (op === 'read') return (await adapter.readStream(stream).toArray()).length
      return (await adapter.appendToStream(stream, [event], { expectedVersion: expected === 'seen' ? seen : expected })).version
    }
    for (let tries = 0; tries < 4; tries += 1) {
      try {
        seen = await attempt()
        break
      } catch (error) {
        if (isConcurrencyError(error)) seen = error.actualVersion ?? 0
        if (!isEventStoreError(error) || !error.retryable) break
      }
    }
  }
}

test(
  'every interleaving that the scheduler finds, of memory that fails now and then, is one that the contract allows',
  { timeout: 120_000 },
  async () => {
    const clients = fc.array(fc.array(call, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat(), clients, async (scheduler, seed, lists) => {
        const store = memory()
        const faulty = withFaults(store, { seed, rates: { unavailable: 0.1, lostAnswer: 0.2, cutRead: 0.1 } })
        const recorder = recordHistory()
        await scheduler.waitFor(Promise.all(lists.map((list) => run(recorder.wrap(scheduled(scheduler, faulty)), list))))
        const history = await recorder.history(store)
        const { anomalies, refused } = checkHistory(history)
        expect([...anomalies.map((one) => describeAnomaly(history, one)), ...refused]).toEqual([])
      }),
      { numRuns: 200 },
    )
  },
)
