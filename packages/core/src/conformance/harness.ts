import type { EventStoreAdapter } from '../adapter.js'
import type { NewEvent } from '../event.js'

/** How much is run: `smoke` under 30 s on a networked backend, `standard` under 3 minutes, `soak` open-ended. Each includes the one before. */
export type Profile = 'smoke' | 'standard' | 'soak'

/** Permanent id of a case: another meaning needs a new id. */
export type CaseId = `${Uppercase<string>}-${number}`

/**
 * How the suite gets at the store under test. What an adapter can do is said by its capabilities, never here; a hook only lets a case
 * bring about what a store cannot be asked for (a lost connection, a second client). A case without its hook is 'not proven'.
 */
export interface ConformanceHarness {
  /** Name of the column in reports, for example `postgres 17`. */
  readonly name: string
  /**
   * A fresh, empty store, isolated by `ctx.namespace`. The suite gives every instance a namespace of its own, never used before, so
   * making one need not empty anything; a second process comes to the same data by the same namespace, so it must not either.
   */
  createAdapter(ctx: HarnessContext): Promise<HarnessInstance>
  /** A module that exports this harness as `harness` and that plain Node.js can import: for cases with a second process. */
  readonly module?: URL | undefined
  /** Must show nowhere: passwords, keys. */
  readonly secrets?: readonly string[] | undefined
  /** Known failures. Such a case is still run: 'known-failure' while it fails, a failure (stale) once it passes. */
  readonly skips?: readonly { readonly caseId: CaseId; readonly reason: string; readonly issue: string }[] | undefined
}

export interface HarnessContext {
  /** 1–40 characters of `a-z0-9_`, starting with a letter. */
  readonly namespace: string
  readonly seed: number
  readonly profile: Profile
  /** Aborts when the case's time is up. */
  readonly signal: AbortSignal
  /** Most events of a page. */
  readonly pageSize?: number | undefined
  /** Most connections at a time. */
  readonly connections?: number | undefined
  /** Default `'auto'`. */
  readonly setup?: 'auto' | 'manual' | undefined
}

/** Options of an instance that a store may not be able to honour. */
export type InstanceOption = 'pageSize' | 'connections' | 'setup'

/** Disposing it closes the adapter, if it is still open, and frees the namespace. */
export interface HarnessInstance extends AsyncDisposable {
  readonly adapter: EventStoreAdapter
  /** Options it cannot honour: cases that need one are not proven. */
  readonly ignores?: readonly InstanceOption[] | undefined
  /** For the report: of the adapter's package, and of the server as it says itself. */
  versions?(): Promise<{ readonly adapter?: string; readonly server?: string }>
  /** One log for all namespaces: log cases start at its end and look at their own streams; parts about an empty store are not proven. */
  readonly sharedLog?: true | undefined
  /** Another adapter on the same data, with its own connections. The suite closes it. */
  peer?(): Promise<EventStoreAdapter>
  /** Begins an append that holds its place in the log and becomes visible, or vanishes, only when told. */
  stallAppend?(streamId: string, events: readonly NewEvent[]): Promise<{ commit(): Promise<void>; rollback(): Promise<void> }>
  readonly faults?:
    | {
        dropNextResponse?(): Promise<void>
        killConnections?(): Promise<void>
        throttle?(times: number): Promise<void>
        restart?(downMs?: number): Promise<void>
      }
    | undefined
  /** Makes the next append to a stream get `version + 1`. */
  seedVersion?(streamId: string, version: number): Promise<void>
  /**
   * An adapter whose server cannot be reached, refuses its credentials, or has a newer schema. The suite closes it. Undefined: this server is
   * never so, which leaves what it would have shown not proven.
   */
  broken?(kind: 'unreachable' | 'credentials' | 'schema-newer'): Promise<EventStoreAdapter> | undefined
  /** An adapter that was handed a client (a pool, a store) made by the caller, and whether that client still works. */
  injected?(): Promise<{ readonly adapter: EventStoreAdapter; stillOpen(): Promise<boolean> }>
  /** A store written by the previous release, with a stream `golden`: the data of its n-th event is `{ n, text: `golden ${n} é🌊` }`. */
  golden?(): Promise<EventStoreAdapter>
}

/** What a case may need beside a store. */
export type HookName =
  | InstanceOption
  | 'module'
  | 'secrets'
  | 'peer'
  | 'stallAppend'
  | 'dropNextResponse'
  | 'killConnections'
  | 'throttle'
  | 'restart'
  | 'seedVersion'
  | 'broken'
  | 'injected'
  | 'golden'

/** Whether the harness has the hook, or why not. */
export function missingHook(hook: HookName, harness: ConformanceHarness, instance: HarnessInstance): string | undefined {
  switch (hook) {
    case 'pageSize':
    case 'connections':
    case 'setup':
      return instance.ignores?.includes(hook) === true ? `the harness ignores the option ${hook}` : undefined
    case 'module':
    case 'secrets':
      return harness[hook] === undefined ? `the harness has no ${hook}` : undefined
    case 'dropNextResponse':
    case 'killConnections':
    case 'throttle':
    case 'restart':
      return instance.faults?.[hook] === undefined ? `the harness has no hook faults.${hook}` : undefined
    case 'golden':
      return instance.golden === undefined ? 'the harness has no hook golden: no earlier release has left it a store to read' : undefined
    default:
      return instance[hook] === undefined ? `the harness has no hook ${hook}` : undefined
  }
}
