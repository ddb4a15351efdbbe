import { isDeepStrictEqual } from 'node:util'
import type { EventStoreAdapter } from '../adapter.js'
import type { Capabilities } from '../capabilities.js'
import type { CaseContext } from './case.js'
import type { ConformanceHarness, HarnessContext, HarnessInstance, Profile } from './harness.js'
import { HarnessError, bounded, messageOf } from './outcome.js'

/** What makes the stores of one case, and frees them all. */
export interface Instances {
  make(options: Parameters<CaseContext['instance']>[0]): Promise<HarnessInstance>
  namespaceOf(instance: HarnessInstance): string
  /** Has the adapter closed at the end. */
  closing(adapter: EventStoreAdapter): EventStoreAdapter
  dispose(): Promise<void>
}

export interface InstanceSettings {
  readonly harness: ConformanceHarness
  /** Beginning of the namespaces. */
  readonly prefix: string
  readonly seed: number
  readonly profile: Profile
  readonly signal: AbortSignal
  /** What every instance has to declare; undefined: not known yet. */
  readonly capabilities: Capabilities | undefined
}

/** How long a harness may take to make or free a store. */
const harnessMs = 60_000

export function createInstances(settings: InstanceSettings): Instances {
  const { harness, capabilities } = settings
  const made = new Map<HarnessInstance, string>()
  const adapters: EventStoreAdapter[] = []
  let count = 0

  return {
    async make(options) {
      count += 1
      const namespace = `${settings.prefix}_${count}`
      const { seed, profile, signal } = settings
      const instance = await makeInstance(harness, { namespace, seed, profile, signal, ...options })
      made.set(instance, namespace)
      if (capabilities !== undefined && !isDeepStrictEqual(plain(instance.adapter.capabilities), plain(capabilities)))
        throw new HarnessError(
          'capabilities-change',
          `the harness "${harness.name}" made two adapters with different capabilities: ${JSON.stringify(capabilities)} and ${JSON.stringify(instance.adapter.capabilities)}.`,
        )
      return instance
    },
    namespaceOf: (instance) => made.get(instance) ?? '',
    closing(adapter) {
      adapters.push(adapter)
      return adapter
    },
    async dispose() {
      const results = await Promise.allSettled(adapters.map((adapter) => disposing(harness, adapter.close())))
      for (const instance of made.keys()) results.push(...(await Promise.allSettled([disposing(harness, instance[Symbol.asyncDispose]())])))
      made.clear()
      adapters.length = 0
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    },
  }
}

/** Capabilities without what a copy through JSON would lose. */
function plain(capabilities: Capabilities): unknown {
  return JSON.parse(JSON.stringify(capabilities))
}

async function makeInstance(harness: ConformanceHarness, context: HarnessContext): Promise<HarnessInstance> {
  const name = `createAdapter of the harness "${harness.name}"`
  try {
    return await bounded(
      harnessMs,
      (async () => harness.createAdapter(context))(),
      () => new HarnessError('factory-hangs', `${name} did not resolve within ${harnessMs / 1000} s.`),
    )
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError('factory-throws', `${name} failed: ${messageOf(error)}`, error)
  }
}

async function disposing(harness: ConformanceHarness, work: PromiseLike<void>): Promise<void> {
  const late = (): HarnessError =>
    new HarnessError('dispose-fails', `an instance of the harness "${harness.name}" could not be freed within ${harnessMs / 1000} s.`)
  try {
    await bounded(harnessMs, Promise.resolve(work), late)
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError('dispose-fails', `an instance of the harness "${harness.name}" could not be freed: ${messageOf(error)}`, error)
  }
}
