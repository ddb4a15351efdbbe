import type { ExpectedVersion } from '../expected-version.js'
import type { Refusal } from './anomaly.js'
import {
  type AppendOperation,
  type HistoryAppendPart,
  type HistoryEvent,
  type ReadOperation,
  type StateOperation,
  returnOf,
} from './history.js'

/** A call, and its place in the history. */
interface Called<O> {
  readonly index: number
  readonly operation: O
}

/** A call that was given events. */
export interface Delivered<O> extends Called<O> {
  /** Where the numbers of these events begin among those of all mentions. */
  readonly start: number
}

/** One call that tried to append to a stream. */
export interface Attempt {
  /** Its place in the history. */
  readonly index: number
  readonly part: HistoryAppendPart
  /** Where the numbers of its events begin among those of all mentions. */
  readonly start: number
  readonly invoke: number
  readonly return: number
  readonly outcome: AppendOperation['outcome']
  /** What an ok one told. */
  readonly result: NonNullable<AppendOperation['results']>[number] | undefined
  /** It met another version in this stream. */
  readonly conflict: { readonly actualVersion?: number | undefined } | undefined
  /** It was the call's only stream. */
  readonly alone: boolean
}

/** All attempts to store the same events: at most one may take effect. */
export interface Write {
  /** Where the numbers of its events stand among those of all mentions. */
  readonly start: number
  readonly count: number
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
  /** Its events in the log. */
  inLog: number
  /** Version of the first event that the log has out of its order. */
  misplaced: number | undefined
  /** The log has another event than the stream at one place at least. */
  differs: boolean
  /** Of those with events. */
  readonly writes: Write[]
  /** Appends without events. */
  readonly checks: Attempt[]
  /** Those with events that met another version. */
  readonly conflicts: Attempt[]
  readonly reads: Delivered<ReadOperation>[]
  readonly states: Called<StateOperation>[]
  /** Why it cannot be judged. */
  refusal: Refusal | undefined
}

/** One that can be read in the end. */
export type ReadableStream = StreamHistory & { readonly final: readonly HistoryEvent[] }

/** An attempt at part `n` of a call. */
export function attemptOf(operation: AppendOperation, index: number, n: number, start: number): Attempt {
  const { parts, results, conflict, invoke, outcome } = operation
  const part = parts[n] as HistoryAppendPart
  return {
    index,
    part,
    start,
    invoke,
    return: outcome === 'unknown' ? Infinity : returnOf(operation),
    outcome,
    result: results?.[n],
    conflict: outcome === 'rejected' && conflict?.streamId === part.streamId ? conflict : undefined,
    alone: parts.length === 1,
  }
}

/** Of all events of an attempt, or some. */
export function createWrite(attempt: Attempt, start: number, count: number): Write {
  const { outcome } = attempt
  return {
    start,
    count,
    attempts: [attempt],
    outcome,
    invoke: outcome === 'rejected' ? Infinity : attempt.invoke,
    return: outcome === 'ok' ? attempt.return : Infinity,
  }
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
