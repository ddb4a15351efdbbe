import { InvalidArgumentError } from './errors.js'

/**
 * What a stream's version must be for an append to happen; the server checks it, atomically.
 *
 * - `'any'` (default): no check.
 * - `'noStream'` (0 is the same): the stream never existed, or is soft-deleted.
 * - `'streamExists'`: version above 0 and not deleted.
 * - a number n: the version is n.
 */
export type ExpectedVersion = number | 'any' | 'noStream' | 'streamExists'

/** What an expectation is held against. */
export interface ExpectableState {
  readonly status: 'missing' | 'live' | 'deleted' | 'tombstoned'
  /** Version of the last event ever appended; 0 = none. */
  readonly version: number
}

/**
 * The one place that decides whether an expectation holds. Memory uses it as it is, DynamoDB to choose a slot, the suite as its
 * model. Source: contract §3.
 */
export function checkExpected(state: ExpectableState, expected: ExpectedVersion): 'ok' | 'conflict' | 'deleted' {
  if (state.status === 'tombstoned') return 'deleted'
  switch (expected) {
    case 'any':
      return 'ok'
    case 'noStream':
    case 0:
      return state.status === 'live' ? 'conflict' : 'ok'
    case 'streamExists':
      return state.status === 'live' ? 'ok' : state.status === 'deleted' ? 'deleted' : 'conflict'
    default:
      return state.version === expected ? 'ok' : 'conflict'
  }
}

/** Whether a retry with this expectation is always recognised by its event ids. */
export function protectsRetry(expected: ExpectedVersion): boolean {
  return typeof expected === 'number' || expected === 'noStream'
}

/**
 * Errors: `invalid-argument` for anything that is no expectation: a negative, broken or unsafe number, another word. Cases: APP-09.
 */
export function parseExpectedVersion(value: unknown, path = 'expectedVersion'): ExpectedVersion {
  if (value === undefined) return 'any'
  if (value === 'any' || value === 'noStream' || value === 'streamExists') return value
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new InvalidArgumentError("must be 'any', 'noStream', 'streamExists' or a whole number from 0 to 2^53 - 1.", { path })
}
