import { describe, expect, test } from 'vitest'
import type { EventStoreAdapter } from '../adapter.js'
import { createRandom } from '../conformance/random.js'
import { isConcurrencyError, isEventStoreError, isOutcomeUnknownError } from '../errors.js'
import { memory } from '../memory/index.js'
import { checkHistory } from './check-history.js'
import { describeAnomaly } from './describe-anomaly.js'
import { recordHistory } from './recorder.js'
import { type FaultRates, withFaults } from './with-faults.js'

const always = (fault: keyof FaultRates) => ({ seed: 1, rates: { [fault]: 1 } })
const events = () => [{ id: crypto.randomUUID(), type: 'A', data: 1 }]

/** What an application does about failures: it calls again where that cannot double anything. */
async function untilDone(attempt: () => Promise<unknown>): Promise<'done' | 'conflict'> {
  for (;;) {
    try {
      await attempt()
      return 'done'
    } catch (error) {
      if (isConcurrencyError(error)) return 'conflict'
      if (!isEventStoreError(error) || !error.retryable) throw error
    }
  }
}

/** Eight writers that retry through faults, a reader, and two followers. `newIds`: each attempt has ids of its own, which is wrong. */
async function work(seed: number, newIds: boolean) {
  const store = memory({ pageSize: 3 })
  const rates = { unavailable: 0.2, lostAnswer: 0.2, delay: 0.2, cutRead: 0.2, cutSubscription: 0.2 }
  const faulty = withFaults(store, { seed, rates, maximumDelayMs: 2 })
  const recorder = recordHistory({ identify: ({ data }) => String(data) })
  const adapter = recorder.wrap(faulty)
  const control = new AbortController()
  const followers = [adapter.subscribeToStream('s1', { signal: control.signal }), adapter.subscribeToAll({ signal: control.signal })].map(
    async (subscription) => {
      for await (const _event of subscription) continue
    },
  )
  await Promise.all(Array.from({ length: 8 }, (_, n) => write(adapter, createRandom(100 * seed + n), n, newIds)))
  const history = await recorder.history(store)
  control.abort()
  await Promise.allSettled(followers)
  return { history, faults: faulty.faults, ...checkHistory(history) }
}

async function write(adapter: EventStoreAdapter, random: ReturnType<typeof createRandom>, writer: number, newIds: boolean): Promise<void> {
  for (let n = 0; n < 25; n += 1) {
    const streamId = `s${random.int(4)}`
    for (let tries = 0; ; tries += 1) {
      let version = 0
      await untilDone(async () => {
        version = (await adapter.getStreamState(streamId)).version ?? 0
      })
      const given = [0, 1].map((k) => ({ id: random.uuid(), type: 'Meant', data: `${writer}/${n}/${tries}/${k}` }))
      const expectedVersion = random.pick([version, 'any'] as const)
      const attempt = () =>
        adapter.appendToStream(streamId, newIds ? given.map((event) => ({ ...event, id: crypto.randomUUID() })) : given, {
          expectedVersion,
        })
      if ((await untilDone(attempt)) === 'done') break
    }
    if (random.int(3) === 0)
      await adapter
        .readStream(streamId)
        .toArray()
        .catch(() => undefined)
    if (random.int(6) === 0)
      await adapter
        .readAll({ direction: 'backwards', limit: 5 })
        .toArray()
        .catch(() => undefined)
  }
}

describe('withFaults', () => {
  test('without rates nothing happens', async () => {
    const adapter = withFaults(memory(), { seed: 1, rates: {} })
    await adapter.appendToStream('s', events())
    expect((await adapter.readStream('s').toArray()).length).toBe(1)
    expect(adapter.faults).toEqual([])
  })
  test('unavailable: nothing was done', async () => {
    const store = memory()
    const adapter = withFaults(store, always('unavailable'))
    for (const call of [
      () => adapter.appendToStream('s', events()),
      () => adapter.getStreamState('s'),
      () => adapter.readAll().toArray(),
      () => adapter.deleteStream('s'),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'unavailable', outcome: 'not-applied', retryable: true })
    expect(await store.getStreamState('s')).toMatchObject({ status: 'missing' })
    expect(adapter.faults.map(({ fault, method, call }) => [fault, method, call])).toEqual([
      ['unavailable', 'appendToStream', 1],
      ['unavailable', 'getStreamState', 2],
      ['unavailable', 'readAll', 3],
      ['unavailable', 'deleteStream', 4],
    ])
  })
  test('lostAnswer: it was done, and the error tells the ids and whether the same call is safe', async () => {
    for (const [any, retryable] of [
      ['strong', true],
      ['none', false],
    ] as const) {
      const store = memory({ capabilities: { idempotencyAny: any } })
      const adapter = withFaults(store, always('lostAnswer'))
      const error: unknown = await adapter.appendToStream('s', [{ type: 'A', data: 1 }]).catch((caught: unknown) => caught)
      const [stored] = await store.readStream('s').toArray()
      expect(isOutcomeUnknownError(error) && [error.outcome, error.retryable, error.eventIds]).toEqual(['unknown', retryable, [stored?.id]])
      await expect(adapter.appendToStream('t', events(), { expectedVersion: 'noStream' })).rejects.toMatchObject({ retryable: true })
    }
  })
  test('an error of the adapter itself is passed on, whatever the dice say', async () => {
    const adapter = withFaults(memory(), always('lostAnswer'))
    await expect(adapter.appendToStream('s', events(), { expectedVersion: 5 })).rejects.toMatchObject({ code: 'concurrency' })
    await expect(adapter.appendToStream('s', 5 as never)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
  test('cutRead: breaks off within ten events, with a true beginning', async () => {
    const store = memory()
    await store.appendToStream(
      's',
      Array.from({ length: 20 }, (_, n) => ({ type: 'A', data: n })),
    )
    const adapter = withFaults(store, always('cutRead'))
    const lengths = new Set<number>()
    for (let n = 0; n < 40; n += 1) {
      const seen: number[] = []
      const reading = (async () => {
        for await (const { version } of adapter.readStream('s')) seen.push(version)
      })()
      await expect(reading).rejects.toMatchObject({ code: 'unavailable' })
      expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1))
      lengths.add(seen.length)
    }
    expect(Math.max(...lengths)).toBeLessThan(10)
    expect(lengths.size).toBeGreaterThan(3)
  })
  test('cutSubscription: says so, and goes on behind the last event', async () => {
    const store = memory()
    for (let n = 0; n < 5; n += 1) await store.appendToStream('s', events())
    const adapter = withFaults(store, always('cutSubscription'))
    const kinds: string[] = []
    for await (const message of adapter.subscribeToAll().messages()) {
      kinds.push(message.kind === 'event' ? `event ${message.event.version}` : message.kind)
      if (kinds.length === 10) break
    }
    expect(kinds).toEqual([1, 2, 3, 4, 5].flatMap((version) => [`event ${version}`, 'disconnected']))
  })
  test('the same seed does the same to the same calls', async () => {
    const run = async (seed: number) => {
      const adapter = withFaults(memory(), { seed, rates: { unavailable: 0.3, lostAnswer: 0.3 } })
      for (let n = 0; n < 30; n += 1) await adapter.appendToStream('s', events()).catch(() => undefined)
      return adapter.faults
    }
    expect(await run(3)).toEqual(await run(3))
    expect(await run(3)).not.toEqual(await run(4))
  })
  test.each([1, 2, 3])('at 20 % each, who retries with the same ids is right (seed %i)', { timeout: 60_000 }, async (seed) => {
    const { history, holds, anomalies, refused, faults } = await work(seed, false)
    expect(anomalies.map((anomaly) => describeAnomaly(history, anomaly))).toEqual([])
    expect([holds, refused]).toEqual([true, []])
    expect(new Set(faults.map(({ fault }) => fault)).size).toBe(5)
  })
  test.each([1, 2, 3])('at 20 % each, who retries with new ids is caught (seed %i)', { timeout: 60_000 }, async (seed) => {
    const { anomalies } = await work(seed, true)
    expect(anomalies.map(({ name }) => name)).toContain('duplicate')
  })
})
