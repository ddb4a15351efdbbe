import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CaseReport, ConformanceReport } from './report.js'
import type { ConformanceOptions, ConformanceSession } from './run-conformance.js'

/** What a test runner is told: the same for all of them. */
export interface DescribeOptions extends ConformanceOptions {
  /** Where to write `conformance-report.json`. */
  readonly reportFile?: string | undefined
  /** Called with the report after the last case. */
  readonly onReport?: ((report: ConformanceReport) => void | Promise<void>) | undefined
}

/** Longer than any limit of a case, so that the suite's own message, which names the step, comes first. */
export const testMs = 3_600_000

/** A failed case throws; 'not proven' and known failures are skipped with their reason; an opt-out whose inverse held has passed. */
export function tellRunner(report: CaseReport, skip: (reason: string) => void): void {
  if (report.status === 'failed') throw caseError(report)
  if (report.status !== 'passed' && report.status !== 'opted-out') skip(`${report.status}: ${report.reason ?? ''}`)
}

/** Ends the run and hands its report out. */
export async function finishRun(session: ConformanceSession, { reportFile, onReport }: DescribeOptions): Promise<void> {
  const report = await session.finish()
  if (reportFile !== undefined) {
    await mkdir(dirname(reportFile), { recursive: true })
    await writeFile(reportFile, `${JSON.stringify(report, undefined, 2)}\n`)
  }
  await onReport?.(report)
}

function caseError({ id, title, replay, failure }: CaseReport): Error {
  const step = failure?.step === undefined || failure.step === '' ? '' : `\nstep: ${failure.step}`
  const error = new Error(`${id} ${title}\n${failure?.message ?? ''}${step}\nreplay: ${replay}`)
  if (failure?.stack !== undefined) error.stack = `${error.message}\n${failure.stack}`
  return error
}
