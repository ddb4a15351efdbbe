import { missingHook, type ConformanceHarness, type HarnessInstance, type HookName, type Profile } from './harness.js'
import { type Instances, createInstances } from './instances.js'
import { HarnessError, bounded, messageOf } from './outcome.js'

/** What is known of a harness before the first case. */
export interface CheckedHarness {
  /** Stays open until {@link CheckedHarness.dispose}. */
  readonly probe: HarnessInstance
  readonly hooks: readonly HookName[]
  dispose(): Promise<void>
}

const allHooks: readonly HookName[] = [
  'pageSize',
  'connections',
  'setup',
  'module',
  'secrets',
  'peer',
  'stallAppend',
  'dropNextResponse',
  'killConnections',
  'throttle',
  'restart',
  'seedVersion',
  'broken',
  'injected',
  'golden',
]

const checkMs = 60_000

/**
 * Makes two stores and looks whether they are what a harness promises: empty, apart, with the same capabilities. Without that every
 * later failure would blame the adapter. Errors: {@link HarnessError} naming the fault. See also ISO-02.
 */
export async function checkHarness(
  harness: ConformanceHarness,
  runId: string,
  profile: Profile,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<CheckedHarness> {
  const time = new AbortController()
  const base = { harness, prefix: `${runId}_probe`, seed, profile, signal: time.signal }
  const first = createInstances({ ...base, capabilities: undefined })
  const probe = await first.make({})
  const second = createInstances({ ...base, prefix: `${runId}_other`, capabilities: probe.adapter.capabilities })
  const late = (): HarnessError =>
    new HarnessError(
      'factory-hangs',
      `the harness "${harness.name}" did not pass its check within ${checkMs / 1000} s: its store does not answer.`,
    )
  try {
    await bounded(checkMs, compare(harness, probe, second, `${runId}-probe`), late)
  } catch (error) {
    await first.dispose().catch(() => undefined)
    throw error
  } finally {
    await second.dispose()
  }
  signal?.throwIfAborted()
  return {
    probe,
    hooks: allHooks.filter((hook) => missingHook(hook, harness, probe) === undefined),
    async dispose() {
      time.abort(new Error('the run is over'))
      await first.dispose()
    },
  }
}

async function compare(harness: ConformanceHarness, probe: HarnessInstance, others: Instances, streamId: string): Promise<void> {
  const other = await others.make({})
  try {
    for (const { adapter } of [probe, other])
      if ((await adapter.getStreamState(streamId)).status !== 'missing')
        throw new HarnessError('not-empty', `the harness "${harness.name}" made a store that is not empty.`)
    await probe.adapter.appendToStream(streamId, [{ type: 'Probe', data: null }])
    if (probe.sharedLog !== true && (await other.adapter.getStreamState(streamId)).status !== 'missing')
      throw new HarnessError('namespaces-leak', `the harness "${harness.name}" leaks: an event of one namespace is seen in another.`)
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError(
      'factory-throws',
      `an adapter of the harness "${harness.name}" cannot append and read one event: ${messageOf(error)}`,
      error,
    )
  }
}
