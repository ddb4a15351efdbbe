import type * as FastCheck from 'fast-check'

export interface PropertySettings {
  readonly seed: number
  /** See `CaseContext.path`. */
  readonly path: string | undefined
  readonly runs: number
  /** Time within which runs are begun. */
  readonly ms: number
  /** Time for all runs and for shrinking: a run that goes on beyond it hangs. */
  readonly endMs: number
}

export interface PropertyResult {
  /**
   * Why it does not hold: the counterexample, as far as it was shrunk until the time was up, with seed and path; or that a run did not end.
   * Empty: whatever was tried held.
   */
  readonly told: string
  /** Runs that were made; fewer than asked for where the store was too slow for all of them. */
  readonly made: number
}

/** Tries a property on values by chance. */
export async function checkProperty<T>(
  fc: typeof FastCheck,
  arbitrary: FastCheck.Arbitrary<T>,
  run: (value: T) => Promise<void>,
  { seed, path, runs, ms, endMs }: PropertySettings,
): Promise<PropertyResult> {
  const until = performance.now() + ms
  let [made, failed] = [0, false]
  const property = fc.asyncProperty(arbitrary, async (value) => {
    // What is shrunk is tried whatever the time.
    if (!failed && performance.now() > until) return
    made += 1
    try {
      await run(value)
    } catch (error) {
      failed = true
      throw error
    }
  })
  const details = await fc.check(property, {
    seed,
    numRuns: runs,
    interruptAfterTimeLimit: endMs,
    markInterruptAsFailure: true,
    // A path leads to the shrunk counterexample: that one is run, and nothing else.
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  })
  if (!details.failed) return { told: '', made }
  if (details.counterexample === null) return { told: `a run did not end, after ${details.numRuns} of ${runs} that held`, made }
  const found = details.counterexamplePath ?? ''
  const { errorInstance: error } = details
  const told = [
    JSON.stringify(details.counterexample),
    error instanceof Error ? error.message : String(error),
    `fast-check seed ${details.seed}, path ${found}: replay with --path ${found}`,
  ].join('\n')
  return { told, made }
}
