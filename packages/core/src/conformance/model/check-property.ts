import type * as FastCheck from 'fast-check'

export interface PropertySettings {
  readonly seed: number
  /** See `CaseContext.path`. */
  readonly path: string | undefined
  readonly runs: number
  /** Time for all runs and for shrinking. */
  readonly ms: number
}

/**
 * Tries a property, and tells why it does not hold: the counterexample, as far as it was shrunk until the time was up, with seed and path. Empty:
 * it held. One that was not tried as often as it should be, since its time was up, does not hold either.
 */
export async function checkProperty<T>(
  fc: typeof FastCheck,
  property: FastCheck.IAsyncProperty<T>,
  { seed, path, runs, ms }: PropertySettings,
): Promise<string> {
  const details = await fc.check(property, {
    seed,
    numRuns: runs,
    interruptAfterTimeLimit: ms,
    markInterruptAsFailure: true,
    // A path leads to the shrunk counterexample: that one is run, and nothing else.
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  })
  if (!details.failed) return ''
  if (details.counterexample === null) return `the time was up after ${details.numRuns} of ${runs} runs, which held`
  const found = details.counterexamplePath ?? ''
  const { errorInstance: error } = details
  return [
    JSON.stringify(details.counterexample),
    error instanceof Error ? error.message : String(error),
    `fast-check seed ${details.seed}, path ${found}: replay with --path ${found}`,
  ].join('\n')
}
