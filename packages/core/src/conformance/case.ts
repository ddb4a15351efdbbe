import type { EventStoreAdapter } from '../adapter.js'
import type { Capabilities } from '../capabilities.js'
import type { JsonObject } from '../event.js'
import type { Assertions } from './assertions.js'
import type { CapabilityAtom, CapabilityTerm } from './capability-term.js'
import type { CaseId, ConformanceHarness, HarnessInstance, HookName, Profile } from './harness.js'
import type { RaceResult } from './race.js'
import type { Random } from './random.js'

/** Version of the contract. A case added after a version runs unscored until the next. */
export type ContractVersion = 1

/** What a case, or a part of one, needs: without the capability its inverse is run, without a hook it is 'not proven'. */
export interface Needs {
  readonly capability?: CapabilityTerm | undefined
  readonly hooks?: readonly HookName[] | undefined
}

/** A case is data: a sentence of the contract, why it is worth a test, and what proves it. */
export interface ConformanceCase {
  readonly id: CaseId
  /** The sentence that is proved, as the author of an adapter would look it up. */
  readonly title: string
  readonly section: string
  readonly since: ContractVersion
  readonly level: 'must' | 'should'
  /** Smallest profile that runs it. */
  readonly profile: Profile
  /** It must show overlapping calls, else it is tried again, three times, and then 'not proven'. Use {@link raceCase}. */
  readonly race?: true
  readonly requires?: Needs
  /** Milliseconds it may take; default by profile. */
  readonly limitMs?: number
  /** The class of bug it catches. */
  readonly rationale: string
  run(t: CaseContext): Promise<void>
  /** What holds where the capability is not declared; must exist where one is required. */
  inverse?(t: CaseContext): Promise<void>
}

/** Names the adapter cases work with; any JSON value as data. */
export interface TestEvent {
  readonly id: string
  readonly type: string
  readonly data: unknown
  readonly metadata?: JsonObject | undefined
}

/** What a case is given: a store, chance, and assertions that are counted. */
export interface CaseContext extends Assertions {
  readonly profile: Profile
  /** hash(run seed, case id): everything by chance comes from it. */
  readonly seed: number
  readonly random: Random
  /** Path to one counterexample of a property, as its failure told it. */
  readonly path: string | undefined
  /** Aborts when the case's time is up. */
  readonly signal: AbortSignal
  readonly harness: ConformanceHarness
  readonly capabilities: Capabilities

  /** Without options the case's own instance, the same each time; with options a further one, fresh and empty. All are disposed of. */
  instance(options?: Partial<Record<'pageSize' | 'connections', number>> & { readonly setup?: 'auto' | 'manual' }): Promise<HarnessInstance>
  /** The adapter of {@link CaseContext.instance}. */
  adapter(options?: Parameters<CaseContext['instance']>[0]): Promise<EventStoreAdapter>
  /** Another adapter on the data of the case's own instance. Closed at the end. Needs the hook `peer`. */
  peer(): Promise<EventStoreAdapter>
  /** `broken(kind)` of the case's own instance. Closed at the end. Needs the hook `broken`. */
  broken(kind: 'unreachable' | 'credentials' | 'schema-newer'): Promise<EventStoreAdapter>
  /** Namespace of an instance this context made, for a second process. */
  namespaceOf(instance: HarnessInstance): string

  /** Says where the case is: named when it fails or hangs. */
  step(name: string): void
  /**
   * A part with a status of its own: run where its needs are met, else opted-out (the inverse is run; by default, that what is not
   * declared is refused by name) or not proven, while the rest of
   * the case counts. @returns whether it was run.
   */
  part(needs: Needs & { readonly title?: string }, run: () => Promise<void>, inverse?: () => Promise<void>): Promise<boolean>
  /** Whether the adapter declares it. */
  declares(atom: CapabilityAtom): boolean
  /** Ends the case as 'not proven'. */
  notProven(reason: string): never
  /** Notes that the adapter does more than it declares. */
  underClaims(capability: CapabilityAtom, evidence: string): void

  /** Starts all calls at one barrier, waits for all, and records which were under way together. */
  race<T>(calls: readonly (() => Promise<T>)[]): Promise<RaceResult<T>>
  /** Runs one call and records when it was under way: for calls that race outside a barrier. */
  timed<T>(call: () => Promise<T>): Promise<T>
  /** What has to be seen for the case to mean anything (a loser, a full queue): unseen, a race case is tried again, any other not proven. */
  shown(what: string, seen: boolean): void

  /** A stream id never used before, also on a server that all runs share. */
  stream(suffix?: string): string
  /** The id itself where the store is isolated, else one of the same shape that nobody else uses. */
  named(id: string): string
  /** Events with distinct ids and data that tells them apart. */
  events(count: number, like?: Partial<TestEvent>): TestEvent[]
  /** Rounds of a repeated trial: as given in `standard`, a tenth in `smoke`, ten times in `soak`. */
  rounds(standard: number): number
}

/** A case whose calls have to overlap to prove anything. */
export function raceCase(one: Omit<ConformanceCase, 'race'>): ConformanceCase {
  return { ...one, race: true }
}
