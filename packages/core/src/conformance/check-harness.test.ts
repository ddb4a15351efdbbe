import { afterEach, describe, expect, test, vi } from 'vitest'
import type { EventStoreAdapter } from '../adapter.js'
import { memory } from '../memory/index.js'
import { memoryHarness } from '../memory/conformance-harness.js'
import type { ConformanceHarness, HarnessContext, HarnessInstance } from './harness.js'
import { HarnessError } from './outcome.js'
import { runConformance } from './run-conformance.js'

afterEach(() => {
  vi.useRealTimers()
})

function harness(createAdapter: (context: HarnessContext) => Promise<HarnessInstance>): ConformanceHarness {
  return { name: 'bad', createAdapter }
}
function instance(adapter: EventStoreAdapter): HarnessInstance {
  return { adapter, [Symbol.asyncDispose]: () => adapter.close() }
}
const never = <T>(): Promise<T> => new Promise(() => undefined)

/** Every namespace the same store. */
function sharing(already?: (context: HarnessContext) => readonly [streamId: string, type: string]): ConformanceHarness {
  const adapter = memory()
  return harness(async (context) => {
    const [streamId, type] = already?.(context) ?? []
    if (streamId !== undefined && type !== undefined) await adapter.appendToStream(streamId, [{ type, data: 0 }])
    return { adapter, [Symbol.asyncDispose]: () => Promise.resolve() }
  })
}

/** From the n-th adapter on another capability. */
function changing(from: number): ConformanceHarness {
  let count = 0
  return harness(() => {
    count += 1
    return Promise.resolve(instance(memory({ capabilities: { binary: count < from } })))
  })
}

async function errorOf(bad: ConformanceHarness): Promise<HarnessError> {
  const error: unknown = await runConformance(bad, { cases: ['APP-01', 'APP-02'], profile: 'smoke', seed: 1 }).catch((one: unknown) => one)
  expect(error).toBeInstanceOf(HarnessError)
  return error as HarnessError
}

describe('a bad harness is named, and its fault', () => {
  const faults: readonly [string, HarnessError['fault'], () => ConformanceHarness, RegExp][] = [
    [
      'a factory that rejects',
      'factory-throws',
      () => harness(() => Promise.reject(new Error('no server'))),
      /^createAdapter of the harness "bad" failed: no server$/u,
    ],
    [
      'a factory that throws',
      'factory-throws',
      () =>
        harness(() => {
          throw new Error('at once')
        }),
      /^createAdapter of the harness "bad" failed: at once$/u,
    ],
    [
      'a store that cannot be used',
      'factory-throws',
      () => ({
        ...memoryHarness({ name: 'bad' }),
        createAdapter: (context) => memoryHarness().createAdapter({ ...context, setup: 'manual' }),
      }),
      /^an adapter of the harness "bad" cannot append and read one event: .*the store is not set up/u,
    ],
    [
      'no isolation of namespaces',
      'namespaces-leak',
      () => sharing(),
      /^the harness "bad" leaks: an event of one namespace is seen in another\.$/u,
    ],
    [
      'a store that is not empty',
      'not-empty',
      () => sharing(({ namespace }) => [`${namespace.replace(/_probe_1$/u, '')}-probe`, 'AlreadyThere']),
      /^the harness "bad" made a store that is not empty\.$/u,
    ],
    [
      'capabilities that change at once',
      'capabilities-change',
      () => changing(2),
      /^the harness "bad" made two adapters with different capabilities: .*"binary":true.* and .*"binary":false/u,
    ],
    ['capabilities that change in the middle of the run', 'capabilities-change', () => changing(4), /different capabilities/u],
    [
      'an instance that cannot be freed',
      'dispose-fails',
      () =>
        harness(() => Promise.resolve({ ...instance(memory()), [Symbol.asyncDispose]: () => Promise.reject(new Error('table in use')) })),
      /^an instance of the harness "bad" could not be freed: table in use$/u,
    ],
  ]
  test.each(faults)('%s: %s', async (_what, fault, bad, message) => {
    const error = await errorOf(bad())
    expect(error.fault).toBe(fault)
    expect(error.message).toMatch(message)
  })
})

describe('a harness that hangs is not waited for', () => {
  const hangs: readonly [string, HarnessError['fault'], () => ConformanceHarness, RegExp][] = [
    ['a factory', 'factory-hangs', () => harness(() => never()), /^createAdapter of the harness "bad" did not resolve within 60 s\.$/u],
    [
      'a store that never answers',
      'factory-hangs',
      () => harness(() => Promise.resolve(instance({ ...memory(), getStreamState: () => never() }))),
      /^the harness "bad" did not pass its check within 60 s: its store does not answer\.$/u,
    ],
    [
      'freeing an instance',
      'dispose-fails',
      () => harness(() => Promise.resolve({ ...instance(memory()), [Symbol.asyncDispose]: () => never() })),
      /^an instance of the harness "bad" could not be freed within 60 s\.$/u,
    ],
  ]
  test.each(hangs)('%s: %s', async (_what, fault, bad, message) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const failing = errorOf(bad())
    failing.catch(() => undefined)
    for (let minute = 0; minute < 4; minute += 1) await vi.advanceTimersByTimeAsync(60_000)
    const error = await failing
    expect(error.fault).toBe(fault)
    expect(error.message).toMatch(message)
  })
})
