import type { Capabilities } from '../capabilities.js'
import type { EventStoreAdapter } from '../adapter.js'
import { createAssertions } from './assertions.js'
import { type CapabilityAtom, isDeclared, undeclared } from './capability-term.js'
import type { CaseContext, TestEvent } from './case.js'
import { type ConformanceHarness, type HarnessInstance, type HookName, type Profile, missingHook } from './harness.js'
import type { Instances } from './instances.js'
import { NotProven, hookFailure, messageOf } from './outcome.js'
import { isMethodCapability, proveUnsupported } from './inverse.js'
import { createRaceClock } from './race.js'
import { createRandom } from './random.js'
import type { PartReport, UnderClaim } from './report.js'

/** What a context saw, for the report. */
export interface CaseRecord {
  assertions: number
  lastStep: string
  readonly parts: PartReport[]
  readonly underClaims: UnderClaim[]
  /** What {@link CaseContext.shown} did not see. */
  readonly unseen: string[]
  /** Calls that were under way while another was started. */
  overlaps(): number
}

export interface ContextSettings {
  readonly harness: ConformanceHarness
  readonly instances: Instances
  readonly capabilities: Capabilities
  readonly profile: Profile
  readonly seed: number
  readonly path: string | undefined
  readonly signal: AbortSignal
  /** Beginning of stream ids: the namespace, so that they are new also on a shared server. */
  readonly prefix: string
  /** See {@link HarnessInstance.sharedLog}. */
  readonly sharedLog: boolean
}

/** A context, and the record that goes on being written while the case runs. */
export function createContext(settings: ContextSettings): { readonly context: CaseContext; readonly record: CaseRecord } {
  const { harness, instances, capabilities, profile, seed, signal, prefix } = settings
  const clock = createRaceClock()
  const record: CaseRecord = { assertions: 0, lastStep: '', parts: [], underClaims: [], unseen: [], overlaps: () => clock.overlaps }
  const random = createRandom(seed)
  const own: { instance?: Promise<HarnessInstance> } = {}
  let [streams, events] = [0, 0]

  const assertions = createAssertions(() => {
    // A case that ran out of time goes on in the background: here it ends.
    if (signal.aborted) throw new Error('the case is over')
    record.assertions += 1
  })

  async function instance(options?: Parameters<CaseContext['instance']>[0]): Promise<HarnessInstance> {
    if (options === undefined) return (own.instance ??= instances.make({}))
    const made = await instances.make(options)
    const ignored = made.ignores?.find((option) => options[option] !== undefined)
    if (ignored !== undefined) throw new NotProven(`the harness ignores the option ${ignored}`)
    return made
  }
  async function hooked(
    hook: HookName,
    make: (instance: HarnessInstance) => Promise<EventStoreAdapter> | undefined,
  ): Promise<EventStoreAdapter> {
    const made = make(await instance())
    if (made === undefined) throw new NotProven(`the harness has no hook ${hook}`)
    try {
      return instances.closing(await made)
    } catch (error) {
      throw hookFailure(hook, error)
    }
  }

  /** An opt-out without an inverse of its own: what is not declared is refused by name. */
  async function refuseAll(missing: readonly CapabilityAtom[]): Promise<void> {
    for (const atom of missing) if (isMethodCapability(atom)) await proveUnsupported(context, atom)
  }

  const context: CaseContext = {
    ...assertions,
    profile,
    seed,
    path: settings.path,
    random,
    signal,
    harness,
    capabilities,
    instance,
    adapter: async (options) => (await instance(options)).adapter,
    peer: () => hooked('peer', (made) => made.peer?.()),
    broken: (kind) => hooked('broken', (made) => made.broken?.(kind)),
    namespaceOf: (made) => instances.namespaceOf(made),
    step: (name) => {
      if (signal.aborted) throw new Error('the case is over')
      record.lastStep = name
    },
    declares: (atom) => isDeclared(atom, capabilities),
    notProven: (reason) => {
      throw new NotProven(reason)
    },
    underClaims: (capability: CapabilityAtom, evidence) => record.underClaims.push({ capability, evidence }),

    async part(needs, run, inverse) {
      const name = needs.title ?? [...atomsOf(needs.capability), ...(needs.hooks ?? [])].join(', ')
      const missing = undeclared(needs.capability, capabilities)
      if (missing.length > 0) {
        await (inverse === undefined ? refuseAll(missing) : inverse())
        record.parts.push({ name, status: 'opted-out', reason: `${missing.join(', ')} not declared` })
        return false
      }
      const made = await instance()
      const unhooked = needs.hooks?.map((hook) => missingHook(hook, harness, made)).find((reason) => reason !== undefined)
      if (unhooked !== undefined) {
        record.parts.push({ name, status: 'not-proven', reason: unhooked })
        return false
      }
      try {
        await run()
      } catch (error) {
        record.parts.push({ name, status: error instanceof NotProven ? 'not-proven' : 'failed', reason: messageOf(error) })
        if (error instanceof NotProven) return false
        throw error
      }
      record.parts.push({ name, status: 'passed' })
      return true
    },

    race: (calls) => clock.race(calls),
    timed: (call) => clock.timed(call),
    shown: (what, seen) => {
      if (!seen) record.unseen.push(what)
    },

    stream: (suffix = '') => {
      streams += 1
      return `${prefix}-${streams}${suffix}`
    },
    named: (id) => (settings.sharedLog ? `${prefix}.${id}` : id),
    events: (count, like = {}) =>
      Array.from({ length: count }, (): TestEvent => {
        events += 1
        return { id: random.uuid(), type: `Type${events % 3}`, data: { n: events, text: `event ${events}` }, ...like }
      }),
    rounds: (standard) => (profile === 'smoke' ? Math.max(1, Math.ceil(standard / 10)) : profile === 'soak' ? standard * 10 : standard),
  }
  return { context, record }
}

function atomsOf(term: Parameters<typeof undeclared>[0]): readonly CapabilityAtom[] {
  return term === undefined ? [] : typeof term === 'string' ? [term] : term
}
