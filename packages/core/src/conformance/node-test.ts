import { after, before, describe, test } from 'node:test'
import { type DescribeOptions, finishRun, tellRunner, testMs } from './describe-cases.js'
import type { ConformanceHarness } from './harness.js'
import { createSession } from './run-conformance.js'

export type { DescribeOptions }

/**
 * Registers the suite with `node:test`: one test a case, one after the other. 'Not proven' and known failures are skipped tests with
 * their reason. An opt-out whose inverse held is a passed test. A bad harness fails before the first case.
 */
export function describeConformance(harness: ConformanceHarness, options: DescribeOptions = {}): void {
  void describe(`conformance of ${harness.name}`, { timeout: testMs }, () => {
    const session = createSession(harness, options)
    before(() => session.prepare(), { timeout: testMs })
    for (const one of session.cases)
      void test(`${one.id} ${one.title}`, { timeout: testMs }, async (context) => {
        tellRunner(await session.run(one), (reason) => context.skip(reason))
      })
    after(() => finishRun(session, options), { timeout: testMs })
  })
}
