import { afterAll, beforeAll, describe, test } from 'vitest'
import { type DescribeOptions, finishRun, tellRunner, testMs } from './describe-cases.js'
import type { ConformanceHarness } from './harness.js'
import { createSession } from './run-conformance.js'

export type { DescribeOptions }

/**
 * Registers the suite with vitest: one test a case. 'Not proven' and known failures are skipped tests with their reason. An opt-out
 * whose inverse held is a passed test. A bad harness fails before the first case.
 */
export function describeConformance(harness: ConformanceHarness, options: DescribeOptions = {}): void {
  describe(`conformance of ${harness.name}`, () => {
    const session = createSession(harness, options)
    beforeAll(() => session.prepare(), testMs)
    for (const one of session.cases)
      test(`${one.id} ${one.title}`, async (context) => tellRunner(await session.run(one), (reason) => context.skip(reason)), testMs)
    afterAll(() => finishRun(session, options), testMs)
  })
}
