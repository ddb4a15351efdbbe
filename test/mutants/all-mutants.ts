import { appendMutants } from './mutants-append.js'
import { faultMutants } from './mutants-faults.js'
import { headMutants } from './mutants-heads.js'
import { inputMutants } from './mutants-input.js'
import { lifecycleMutants } from './mutants-lifecycle.js'
import { logMutants } from './mutants-log.js'
import { raceMutants } from './mutants-races.js'
import { readMutants } from './mutants-reads.js'
import { retryMutants } from './mutants-retries.js'
import { valueMutants } from './mutants-values.js'
import type { Mutant } from './mutant.js'

/** Every mutant, in the order of the sections of the suite. */
export const mutants: readonly Mutant[] = [
  ...lifecycleMutants,
  ...inputMutants,
  ...appendMutants,
  ...raceMutants,
  ...retryMutants,
  ...faultMutants,
  ...readMutants,
  ...logMutants,
  ...headMutants,
  ...valueMutants,
]
