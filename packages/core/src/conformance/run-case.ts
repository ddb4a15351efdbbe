import { AssertionError } from 'node:assert/strict'
import type { Capabilities } from '../capabilities.js'
import { isEventStoreError } from '../errors.js'
import { undeclared } from './capability-term.js'
import type { CaseContext, ConformanceCase } from './case.js'
import { type CaseRecord, createContext } from './context.js'
import { type ConformanceHarness, type HarnessInstance, type Profile, missingHook } from './harness.js'
import { createInstances } from './instances.js'
import { HarnessError, NotProven, messageOf } from './outcome.js'
import { caseSeed } from './random.js'
import type { CaseFailure, CaseReport, CaseStatus, UnderClaim } from './report.js'

/** What is the same for all cases of a run. */
export interface RunSettings {
  readonly harness: ConformanceHarness
  readonly profile: Profile
  readonly seed: number
  /** See {@link CaseContext.path}. */
  readonly path?: string | undefined
  readonly signal: AbortSignal | undefined
  /** Beginning of the namespaces of this run: no two runs share one. */
  readonly runId: string
  readonly capabilities: Capabilities
  /** An instance to see the harness' hooks on. */
  readonly probe: HarnessInstance
}

/** How long a case may take that does not say so itself. */
export const limitMs: Readonly<Record<Profile, number>> = { smoke: 20_000, standard: 60_000, soak: 1_800_000 }
/** A race is tried so often before it counts as not proven. */
const raceTries = 3

type Verdict = Pick<CaseReport, 'status' | 'parts' | 'assertions'> & {
  reason?: string
  failure?: CaseFailure
  overlaps?: number
  tries?: number
}

/** What a run of a case or of its inverse needs to know of it. */
type Runnable = Omit<ConformanceCase, 'inverse' | 'race'> & { readonly race?: true | undefined }

/** Runs one case and says what became of it. Rejects only with a {@link HarnessError}, or when the run is aborted. */
export async function runCase(
  one: ConformanceCase,
  settings: RunSettings,
): Promise<{ readonly report: CaseReport; readonly underClaims: readonly UnderClaim[] }> {
  const startedAt = performance.now()
  const underClaims: UnderClaim[] = []
  const verdict = applySkip(one, settings, await judge(one, settings, underClaims))
  const { id, title, section, level } = one
  const durationMs = Math.round((performance.now() - startedAt) * 10) / 10
  const replay = `--case ${id} --seed ${settings.seed} --profile ${settings.profile}`
  return { report: { id, title, section, level, ...verdict, durationMs, replay }, underClaims }
}

async function judge(one: ConformanceCase, settings: RunSettings, underClaims: UnderClaim[]): Promise<Verdict> {
  const { capabilities, harness, probe } = settings
  const missing = undeclared(one.requires?.capability, capabilities)
  if (missing.length > 0) {
    if (one.inverse === undefined)
      throw new HarnessError('hook-fails', `${one.id} requires ${missing.join(', ')} and has no inverse: a fault of the suite.`)
    // An inverse is no race, whatever its case is.
    const verdict = await attemptCase({ ...one, race: undefined }, settings, (t) => one.inverse?.(t) ?? Promise.resolve(), underClaims)
    if (verdict.status !== 'passed') return verdict
    return { ...verdict, status: 'opted-out', reason: `${missing.join(', ')} not declared` }
  }
  const unhooked = one.requires?.hooks?.map((hook) => missingHook(hook, harness, probe)).find((reason) => reason !== undefined)
  if (unhooked !== undefined) return { status: 'not-proven', reason: unhooked, parts: [], assertions: 0 }
  for (let tries = 1; ; tries += 1) {
    const verdict = await attemptCase(one, settings, (t) => one.run(t), underClaims)
    if (one.race !== true) return verdict
    if (verdict.status !== 'not-proven' || verdict.overlaps === undefined || tries >= raceTries) return { ...verdict, tries }
  }
}

/** One run of a case with stores of its own. */
async function attemptCase(
  one: Runnable,
  settings: RunSettings,
  run: (t: CaseContext) => Promise<void>,
  underClaims: UnderClaim[],
): Promise<Verdict> {
  const { harness, profile, capabilities, runId } = settings
  const seed = caseSeed(settings.seed, one.id)
  const time = new AbortController()
  const ms = one.limitMs ?? limitMs[profile]
  settings.signal?.throwIfAborted()
  const prefix = `${runId}_${one.id.toLowerCase().replace('-', '_')}_${nextAttempt()}`
  const instances = createInstances({ harness, prefix, seed, profile, signal: time.signal, capabilities })
  const { context, record } = createContext({
    harness,
    instances,
    capabilities,
    profile,
    seed,
    path: settings.path,
    prefix,
    signal: time.signal,
    sharedLog: settings.probe.sharedLog === true,
  })
  let failed: { readonly error: unknown } | undefined
  try {
    await limited(run, context, record, time, ms, settings.signal)
  } catch (error) {
    failed = { error }
  }
  time.abort(new Error('the case is over'))
  await freed(instances.dispose(), failed)
  underClaims.push(...record.underClaims)
  return verdictOf(one, settings, record, failed)
}

let attempts = 0
/** Also a second try of a case gets namespaces of its own. */
function nextAttempt(): string {
  attempts += 1
  return attempts.toString(36)
}

/** Runs until the time is up; then the failure names the last step. */
async function limited(
  run: (t: CaseContext) => Promise<void>,
  context: CaseContext,
  record: CaseRecord,
  time: AbortController,
  ms: number,
  outer: AbortSignal | undefined,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let abort = (): void => undefined
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const step = record.lastStep === '' ? 'before its first step' : `at the step "${record.lastStep}"`
      reject(new Error(`the case did not end within ${ms} ms: it hangs ${step}, after ${record.assertions} assertions`))
    }, ms)
    abort = () => reject(outer?.reason as Error)
    outer?.addEventListener('abort', abort)
  })
  const running = run(context)
  running.catch(() => undefined)
  try {
    await Promise.race([running, over])
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', abort)
    time.abort(new Error('the case is over'))
  }
}

/** A store that cannot be freed after a case that failed is the case's failure, not the harness'. */
async function freed(disposing: Promise<void>, failed: { readonly error: unknown } | undefined): Promise<void> {
  try {
    await disposing
  } catch (error) {
    if (failed === undefined) throw error
  }
}

function verdictOf(one: Runnable, settings: RunSettings, record: CaseRecord, failed: { readonly error: unknown } | undefined): Verdict {
  const { parts, assertions } = record
  const overlaps = one.race === true ? { overlaps: record.overlaps() } : {}
  const base = { parts, assertions, ...overlaps }
  if (failed !== undefined) {
    const { error } = failed
    settings.signal?.throwIfAborted()
    if (error instanceof HarnessError) throw error
    if (error instanceof NotProven) return { parts, assertions, status: 'not-proven', reason: error.message }
    return { ...base, status: 'failed', failure: describeFailure(record, error) }
  }
  const proven = parts.some(({ status }) => status === 'passed') || assertions > 0
  if (!proven) {
    if (parts.some(({ status }) => status === 'not-proven')) return { ...base, status: 'not-proven', reason: 'no part of it could be run' }
    const empty = new Error('the case made no assertion: it proves nothing')
    return { ...base, status: 'failed', failure: describeFailure(record, empty) }
  }
  if (one.race === true && record.overlaps() === 0) return { ...base, status: 'not-proven', reason: 'no two calls were shown to overlap' }
  if (record.unseen.length > 0) return { ...base, status: 'not-proven', reason: `not seen: ${[...new Set(record.unseen)].join(', ')}` }
  return { ...base, status: 'passed' }
}

function describeFailure(record: CaseRecord, error: unknown): CaseFailure {
  const compared = error instanceof AssertionError ? { expected: shown(error.expected), actual: shown(error.actual) } : {}
  const stack = error instanceof Error ? error.stack : undefined
  return {
    message: isEventStoreError(error) ? `it failed with ${error.name} (${error.code}): ${error.message}` : messageOf(error),
    step: record.lastStep,
    ...compared,
    ...(stack === undefined ? {} : { stack }),
  }
}

function shown(value: unknown): string {
  try {
    return (JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item)) ?? String(value)).slice(0, 4_000)
  } catch {
    return String(value)
  }
}

/** A skipped case is still run, so that the list of known failures cannot outlive them. */
function applySkip(one: ConformanceCase, { harness, capabilities }: RunSettings, verdict: Verdict): Verdict {
  if (one.since > capabilities.contract)
    return { ...verdict, status: 'unscored' satisfies CaseStatus, reason: `new in contract ${one.since}` }
  const skip = harness.skips?.find(({ caseId }) => caseId === one.id)
  if (skip === undefined) return verdict
  const reason = `${skip.reason} (${skip.issue})`
  if (verdict.status === 'failed') return { ...verdict, status: 'known-failure', reason }
  if (verdict.status !== 'passed') return verdict
  const message = `the skip is stale: the case passes now. Remove it from the harness: ${reason}`
  return { ...verdict, status: 'failed', reason: 'stale skip', failure: { message, step: '' } }
}
