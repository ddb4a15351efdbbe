import type { Capabilities } from '../capabilities.js'
import type { CapabilityAtom } from './capability-term.js'
import type { CaseId, HookName, Profile } from './harness.js'

/**
 * What became of a case. Only `passed` and `failed` say something about the adapter; the others say why nothing could be said:
 * `not-proven` (no hook, no server, no overlap), `opted-out` (a capability is not declared, and the inverse held), `known-failure`
 * (listed in the harness' `skips`, still failing), `unscored` (newer than the adapter's contract version).
 */
export type CaseStatus = 'passed' | 'failed' | 'not-proven' | 'opted-out' | 'known-failure' | 'unscored'

export interface PartReport {
  readonly name: string
  readonly status: 'passed' | 'failed' | 'not-proven' | 'opted-out'
  readonly reason?: string
}

/** The adapter does more than it declares. */
export interface UnderClaim {
  readonly capability: CapabilityAtom
  readonly evidence: string
}

export interface CaseFailure {
  /** What should have been, then what was. */
  readonly message: string
  /** The last thing the case said it was doing. */
  readonly step: string
  readonly expected?: string
  readonly actual?: string
  readonly stack?: string
}

export interface CaseReport {
  readonly id: CaseId
  readonly title: string
  readonly section: string
  readonly level: 'must' | 'should'
  readonly status: CaseStatus
  /** Why it is not simply passed. */
  readonly reason?: string
  readonly parts: readonly PartReport[]
  /** How many were made: a case without one proves nothing. */
  readonly assertions: number
  /** Calls that were under way while another was started; races only. */
  readonly overlaps?: number
  readonly tries?: number
  readonly durationMs: number
  /** One line that runs this case again with the same chance. */
  readonly replay: string
  readonly failure?: CaseFailure
}

/** What of a report is the same for the same results: no times, seeds or versions of the machine. This is what is committed. */
export interface StableReport extends Pick<
  ConformanceReport,
  'report' | 'harness' | 'adapter' | 'contract' | 'profile' | 'capabilities' | 'hooks' | 'totals' | 'underClaims'
> {
  readonly cases: readonly (Pick<CaseReport, 'id' | 'status' | 'reason' | 'parts'> & { readonly failed?: string })[]
}

export function stableReport(report: ConformanceReport): StableReport {
  const { harness, adapter, contract, profile, capabilities, hooks, totals, underClaims, cases } = report
  return {
    report: 1,
    harness,
    adapter,
    contract,
    profile,
    capabilities,
    hooks,
    totals,
    underClaims,
    cases: cases.map(({ id, status, reason, parts, failure }) => ({
      id,
      status,
      ...(reason === undefined ? {} : { reason }),
      parts,
      ...(failure === undefined ? {} : { failed: failure.message.split('\n', 1)[0] ?? '' }),
    })),
  }
}

/** What was run on what. */
export interface Versions {
  /** Of `@millrace/core`, whose suite this is. */
  readonly suite: string
  readonly node: string
  /** Of the package of the adapter and of its server, as far as the harness tells. */
  readonly adapter?: string | undefined
  readonly server?: string | undefined
}

export interface ConformanceReport {
  /** Format of this file. */
  readonly report: 1
  readonly harness: string
  readonly adapter: string
  readonly contract: number
  readonly versions: Versions
  readonly profile: Profile
  readonly seed: number
  readonly capabilities: Capabilities
  /** Hooks the harness has. */
  readonly hooks: readonly HookName[]
  readonly totals: Readonly<Record<CaseStatus, number>>
  readonly underClaims: readonly UnderClaim[]
  readonly durationMs: number
  readonly cases: readonly CaseReport[]
}
