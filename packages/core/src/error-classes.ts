import type { ErrorClass } from './backend.js'

/** What the rows of a backend's table of errors are made of. For adapter authors. */
export const errorClasses: {
  /** Nothing was applied. */
  readonly notApplied: (code: ErrorClass['code'], message: string, hint?: string) => ErrorClass
  /** Nothing was applied, and another attempt may help. */
  readonly unavailable: (message: string, hint?: string) => ErrorClass
  readonly configuration: (message: string, hint: string) => ErrorClass
  readonly denied: (message: string, hint: string) => ErrorClass
  /** Sent, and no answer: it may be stored. */
  readonly lost: (message: string) => ErrorClass
} = {
  notApplied,
  unavailable: (message, hint = 'Call again.') => notApplied('unavailable', message, hint),
  configuration: (message, hint) => notApplied('configuration', message, hint),
  denied: (message, hint) => notApplied('access-denied', message, hint),
  lost: (message) => ({ code: 'unavailable', outcome: 'unknown', message }),
}

function notApplied(code: ErrorClass['code'], message: string, hint?: string): ErrorClass {
  return { code, outcome: 'not-applied', message, ...(hint === undefined ? {} : { hint }) }
}
