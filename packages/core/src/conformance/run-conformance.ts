import { readFile } from 'node:fs/promises'
import type { ConformanceCase } from './case.js'
import { allCases } from './cases/index.js'
import { checkHarness } from './check-harness.js'
import type { CaseId, ConformanceHarness, Profile } from './harness.js'
import type { CaseReport, CaseStatus, ConformanceReport, UnderClaim } from './report.js'
import { runCase } from './run-case.js'

export interface ConformanceOptions {
  /** Default `'standard'`. */
  readonly profile?: Profile | undefined
  /** Decides everything by chance; default: a random one, told in the report. */
  readonly seed?: number | undefined
  /** Replays one counterexample of a property (MOD, with `cases` and `seed`): the path that its failure told. */
  readonly path?: string | undefined
  /** Ids, or beginnings of ids (`'APP'`), to run; default: all of the profile. */
  readonly cases?: readonly string[] | undefined
  /** Ids of cases to leave out of this run; they are not in the report. */
  readonly except?: readonly string[] | undefined
  /** Ends the run: it rejects with the reason. */
  readonly signal?: AbortSignal | undefined
}

/** A run in progress, case by case: for test runners, which want one test each. */
export interface ConformanceSession {
  readonly cases: readonly ConformanceCase[]
  /** Checks the harness. Call it first. Errors: `HarnessError`. */
  prepare(): Promise<void>
  run(one: ConformanceCase): Promise<CaseReport>
  /** Frees what {@link ConformanceSession.prepare} made, and tells what became of the cases run so far. */
  finish(): Promise<ConformanceReport>
}

/**
 * Runs the suite and reports; it needs no test runner.
 *
 * @returns the report; a failed case is in it and does not reject. Errors: `HarnessError` where the harness is at fault (its factory
 * throws or hangs, namespaces leak, capabilities change); the reason of the signal.
 */
export async function runConformance(harness: ConformanceHarness, options: ConformanceOptions = {}): Promise<ConformanceReport> {
  const session = createSession(harness, options)
  await session.prepare()
  try {
    for (const one of session.cases) await session.run(one)
  } catch (error) {
    await session.finish().catch(() => undefined)
    throw error
  }
  return session.finish()
}

const profiles: readonly Profile[] = ['smoke', 'standard', 'soak']

/** The cases of a profile, or those asked for. */
function selectCases(profile: Profile, wanted: readonly string[] | undefined): readonly ConformanceCase[] {
  const included = allCases.filter((one) => profiles.indexOf(one.profile) <= profiles.indexOf(profile))
  if (wanted === undefined) return included
  const none = wanted.find((id) => !allCases.some((one) => matches(one.id, id)))
  if (none !== undefined) throw new RangeError(`there is no conformance case "${none}"`)
  return included.filter((one) => wanted.some((id) => matches(one.id, id)))
}

function matches(id: CaseId, wanted: string): boolean {
  return id === wanted || id.startsWith(`${wanted}-`)
}

export function createSession(harness: ConformanceHarness, options: ConformanceOptions): ConformanceSession {
  const { profile = 'standard', seed = Math.floor(Math.random() * 2 ** 31), signal } = options
  const runId = `m${crypto.randomUUID().slice(0, 6)}`
  const startedAt = performance.now()
  const reports: CaseReport[] = []
  const underClaims: UnderClaim[] = []
  let checked: Awaited<ReturnType<typeof checkHarness>> | undefined

  function harnessChecked(): NonNullable<typeof checked> {
    if (checked === undefined) throw new Error('prepare() was not called, or failed')
    return checked
  }

  return {
    cases: selectCases(profile, options.cases).filter(({ id }) => options.except?.includes(id) !== true),
    async prepare() {
      checked = await checkHarness(harness, runId, profile, seed, signal)
    },
    async run(one) {
      const { probe } = harnessChecked()
      const { capabilities } = probe.adapter
      const result = await runCase(one, { harness, profile, seed, path: options.path, signal, runId, capabilities, probe })
      reports.push(result.report)
      underClaims.push(...result.underClaims)
      return result.report
    },
    async finish() {
      const { probe, hooks, dispose } = harnessChecked()
      const { name, capabilities } = probe.adapter
      const versions = { suite: await suiteVersion(), node: process.version, ...(await probe.versions?.()) }
      await dispose()
      return {
        report: 1,
        harness: harness.name,
        adapter: name,
        contract: capabilities.contract,
        versions,
        profile,
        seed,
        capabilities,
        hooks,
        totals: totalsOf(reports),
        underClaims: distinct(underClaims),
        durationMs: Math.round(performance.now() - startedAt),
        cases: reports,
      }
    },
  }
}

/** Of the package this file is in. */
async function suiteVersion(): Promise<string> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8').catch(() => '{}')
  return (JSON.parse(manifest) as { version?: string }).version ?? 'unknown'
}

function totalsOf(reports: readonly CaseReport[]): Record<CaseStatus, number> {
  const totals: Record<CaseStatus, number> = { passed: 0, failed: 0, 'not-proven': 0, 'opted-out': 0, 'known-failure': 0, unscored: 0 }
  for (const { status } of reports) totals[status] += 1
  return totals
}

function distinct(claims: readonly UnderClaim[]): UnderClaim[] {
  return [...new Map(claims.map((claim) => [claim.capability, claim])).values()]
}
