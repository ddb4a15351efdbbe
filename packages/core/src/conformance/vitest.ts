import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { ConformanceHarness } from './harness.js'
import type { CaseReport, ConformanceReport } from './report.js'
import { type ConformanceOptions, createSession } from './run-conformance.js'

export interface DescribeOptions extends ConformanceOptions {
  /** Where to write `conformance-report.json`. */
  readonly reportFile?: string | undefined
  /** Called with the report after the last case. */
  readonly onReport?: ((report: ConformanceReport) => void | Promise<void>) | undefined
}

/** Longer than any limit of a case, so that the suite's own message, which names the step, comes first. */
const testMs = 3_600_000

/**
 * Registers the suite with vitest: one test a case. 'Not proven' and known failures are skipped tests with their reason. An opt-out
 * whose inverse held is a passed test. A bad harness fails before the first case.
 */
export function describeConformance(harness: ConformanceHarness, options: DescribeOptions = {}): void {
  describe(`conformance of ${harness.name}`, () => {
    const session = createSession(harness, options)
    beforeAll(() => session.prepare(), testMs)
    for (const one of session.cases)
      test(
        `${one.id} ${one.title}`,
        async (context) => {
          const report = await session.run(one)
          if (report.status === 'failed') throw caseError(report)
          if (report.status !== 'passed' && report.status !== 'opted-out') context.skip(`${report.status}: ${report.reason ?? ''}`)
        },
        testMs,
      )
    afterAll(async () => {
      const report = await session.finish()
      if (options.reportFile !== undefined) {
        await mkdir(dirname(options.reportFile), { recursive: true })
        await writeFile(options.reportFile, `${JSON.stringify(report, undefined, 2)}\n`)
      }
      await options.onReport?.(report)
    }, testMs)
  })
}

function caseError({ id, title, failure }: CaseReport): Error {
  const step = failure?.step === undefined || failure.step === '' ? '' : `\nstep: ${failure.step}`
  const error = new Error(`${id} ${title}\n${failure?.message ?? ''}${step}\nreplay: ${failure?.replay ?? ''}`)
  if (failure?.stack !== undefined) error.stack = `${error.message}\n${failure.stack}`
  return error
}
