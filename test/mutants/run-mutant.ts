import type { Build } from './build.js'
import type { Mutant } from './mutant.js'

export interface Kill {
  readonly mutant: Mutant
  /** First line of the message of the assertion that failed; undefined: the mutant survived. */
  readonly message: string | undefined
  readonly status: string
}

/** The same for every run: what the suite finds by chance it should find on this seed too. */
const seed = 7

/** Runs the mutant's case on it. */
export async function runMutant(build: Build, mutant: Mutant): Promise<Kill> {
  const report = await runCase(build, mutant.caseId, mutant)
  return { mutant, message: report.failure?.message.split('\n', 1)[0], status: report.status }
}

/** Runs the case on core as it is. */
export async function runUnmutated(build: Build, caseId: string): Promise<string> {
  const { status, reason, failure } = await runCase(build, caseId)
  return status === 'passed' ? status : `${status}: ${reason ?? failure?.message ?? ''}`
}

async function runCase(build: Build, caseId: string, mutant?: Mutant) {
  const harness = await build.harness(mutant)
  const report = await build.suite.runConformance(harness, { seed, cases: [caseId] })
  const [one] = report.cases
  if (one === undefined) throw new Error(`${caseId} was not run`)
  return one
}
