import { type AttemptFailure, type AttemptResult, type Call, abortOf, attempt, remainingMs, settlingCall } from './attempt.js'
import type { Backend, BackendCall } from './backend.js'
import { OutcomeUnknownError, isTimeoutError } from './errors.js'
import type { Ending } from './on-abort.js'
import { pause } from './pause.js'

/** How often a call that proved to be not applied is tried in all, unless its time is up before. About two seconds. */
const maximumTries = 9
const firstPauseMs = 10
const longestPauseMs = 500

/**
 * Runs a read, or a change that was proven not applied each time, until it succeeds, the time is up or trying again is of no use. What
 * decides is `retry` and `outcome` of the failure, never the class of an error.
 */
export async function retried<T>(backend: Backend, call: Call, run: (call: BackendCall) => Promise<T>): Promise<T> {
  let before: AttemptFailure | undefined
  for (let tries = 1; ; tries += 1) {
    const result = await attempt(backend, call, 'read', remainingMs(call), run)
    if (result.ok) return result.value
    const told = telling(result, before)
    if (!(await pauseBeforeRetry(call, result, tries))) throw told.error
    before = told
  }
}

/**
 * Runs a change that may be sent again without harm, whatever became of the attempt before: it is repeated until an answer arrives.
 *
 * Errors: `outcome-unknown` when an attempt may have been applied and no later one was answered.
 */
export async function resent<T>(backend: Backend, call: Call, run: (call: BackendCall) => Promise<T>): Promise<T> {
  let unknown = false
  let before: AttemptFailure | undefined
  for (let tries = 1; ; tries += 1) {
    const result: AttemptResult<T> = await attempt(backend, unknown ? settlingCall(call) : call, 'change', attemptMs(call), run)
    if (result.ok) return result.value
    unknown ||= result.outcome === 'unknown'
    if (unknown ? await pauseWhileSettling(call, tries) : await pauseBeforeRetry(call, result, tries)) {
      before = telling(result, before)
      continue
    }
    throw unknown ? unknownOutcome(backend, call, result, { eventIds: [], retryable: true }) : giveUp(call, telling(result, before))
  }
}

/**
 * Time for one attempt at a change: not all there is, so that an answer that never comes leaves time to settle. The last stretch is
 * given whole.
 */
export function attemptMs(call: Call): number {
  const left = remainingMs(call)
  return call.once || left < 50 ? left : left * 0.6
}

/** Waits, with full jitter, before a further attempt at something not applied. False: there is to be none. */
export async function pauseBeforeRetry(call: Call, failure: AttemptFailure, tries: number): Promise<boolean> {
  if (call.once || failure.aborted || !failure.retry || tries >= maximumTries) return false
  await backOff(call, tries, call.signals)
  return abortOf(call) === undefined && remainingMs(call) > 0
}

/** Waits before a further attempt at settling, which goes on after an abort until the time is up. */
export async function pauseWhileSettling(call: Call, tries: number): Promise<boolean> {
  if (call.once) return false
  await backOff(call, tries, [])
  return remainingMs(call) > 0
}

/** Which of two failures says why: an attempt whose time was up says less than the one before it. */
export function telling(failure: AttemptFailure, before: AttemptFailure | undefined): AttemptFailure {
  return before !== undefined && failure.retry && isTimeoutError(failure.error) ? before : failure
}

/** What ends a change that was not applied: the caller's reason if there is one, else the last error. */
export function giveUp(call: Call, failure: AttemptFailure): unknown {
  const abort = abortOf(call)
  return abort === undefined ? failure.error : abort.reason
}

/** The error of a change that was sent and never settled. */
export function unknownOutcome(
  backend: Backend,
  call: Call,
  failure: Pick<AttemptFailure, 'error'>,
  details: { readonly eventIds: readonly string[]; readonly retryable: boolean },
): OutcomeUnknownError {
  const hint = details.retryable
    ? 'Call again with the same arguments and the same event ids: what was stored is recognised.'
    : 'Do not just call again, that could store the events twice: read the stream and look for the event ids.'
  const abort = abortOf(call)
  return new OutcomeUnknownError(`${call.method} was sent and could not be settled within ${call.timeoutMs} ms: it may be stored or not.`, {
    ...details,
    adapter: backend.name,
    streamId: call.streamId,
    hint,
    ...(abort === undefined ? { cause: failure.error } : { reason: abort.reason }),
  })
}

/** Full jitter: a random time up to a bound that doubles with each try. */
function backOff(call: Call, tries: number, signals: readonly Ending[]): Promise<void> {
  const bound = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries, 10))
  return pause(Math.min(remainingMs(call), Math.random() * bound), signals)
}
