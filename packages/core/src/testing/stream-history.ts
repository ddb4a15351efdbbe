import type { Position } from '../event.js'
import type { ExpectedVersion } from '../expected-version.js'
import type { Refusal } from './anomaly.js'
import { type AppendOperation, type HistoryEvent, type ReadOperation, type StateOperation, returnOf } from './history.js'

/** A call, and its place in the history. */
export interface Called<O> {
  readonly index: number
  readonly operation: O
}

/** One call that tried to append to a stream. */
export interface Attempt {
  /** Its place in the history. */
  readonly index: number
  readonly streamId: string
  readonly ids: readonly string[]
  /** Of its events. */
  readonly numbers: readonly number[]
  readonly expected: ExpectedVersion
  readonly invoke: number
  readonly return: number
  readonly outcome: AppendOperation['outcome']
  readonly result: { readonly firstVersion: number; readonly version: number } | undefined
  /** Of the last event, as the call told it. */
  readonly position: Position | undefined
  /** It met another version in this stream. */
  readonly conflict: { readonly actualVersion?: number | undefined } | undefined
  /** It was the call's only stream. */
  readonly alone: boolean
}

/** All attempts to store the same events: at most one may take effect. */
export interface Write {
  readonly ids: readonly string[]
  readonly numbers: readonly number[]
  readonly attempts: Attempt[]
  outcome: AppendOperation['outcome']
  /** Of those that may have stored it: the first call, and the first acknowledgement. */
  invoke: number
  return: number
}

/** What happened to one stream. */
export interface StreamHistory {
  readonly streamId: string
  /** As it reads in the end; undefined: not readable. */
  readonly final: readonly HistoryEvent[] | undefined
  /** Numbers of these events. */
  finalNumbers: readonly number[]
  /** Of those with events. */
  readonly writes: Write[]
  /** Appends without events. */
  readonly checks: Attempt[]
  readonly reads: Called<ReadOperation>[]
  readonly states: Called<StateOperation>[]
  /** Why it cannot be judged. */
  refusal: Refusal | undefined
}

export function attemptOf(operation: AppendOperation, index: number, n: number, numbers: readonly number[]): Attempt {
  const { parts, results, conflict, invoke, outcome } = operation
  const { ids, expected, streamId } = parts[n] as AppendOperation['parts'][number]
  const result = results?.[n]
  return {
    index,
    streamId,
    ids,
    numbers,
    expected: expected === 0 ? 'noStream' : expected,
    invoke,
    return: outcome === 'unknown' ? Infinity : returnOf(operation),
    outcome,
    result: outcome === 'ok' ? result : undefined,
    position: result?.position,
    conflict: outcome === 'rejected' && conflict?.streamId === streamId ? conflict : undefined,
    alone: parts.length === 1,
  }
}

/** Without attempts yet. */
export function createWrite(ids: readonly string[], numbers: readonly number[]): Write {
  return { ids, numbers, attempts: [], outcome: 'rejected', invoke: Infinity, return: Infinity }
}

export function addAttempt(write: Write, attempt: Attempt): void {
  const { outcome, invoke } = attempt
  write.attempts.push(attempt)
  if (outcome === 'rejected') return
  if (write.outcome !== 'ok') write.outcome = outcome
  write.invoke = Math.min(write.invoke, invoke)
  if (outcome === 'ok') write.return = Math.min(write.return, attempt.return)
}

/** Whether an expectation holds at a version of a stream of which nothing was hidden. */
export function holdsAt(expected: ExpectedVersion, version: number): boolean {
  switch (expected) {
    case 'any':
      return true
    case 'noStream':
      return version === 0
    case 'streamExists':
      return version > 0
    default:
      return version === expected
  }
}
