import type { Backend, BackendCall } from './backend.js'
import { traceAttempt } from './diagnostics.js'
import { type Outcome, TimeoutError } from './errors.js'
import { type Ending, onAbort } from './on-abort.js'
import { translateError } from './translate-error.js'

/** One call of the user: who may cancel it, and how much time it has. */
export interface Call {
  /** Name of the public method, for messages and diagnostics. */
  readonly method: string
  readonly streamId: string | undefined
  /** What ends the call: the user's signal, and for iterations the one that `close()` aborts and the leaving of the reader. */
  readonly signals: readonly Ending[]
  readonly timeoutMs: number
  /** Only one attempt is made. */
  readonly once: boolean
  /** `performance.now()` at which the time is up. */
  readonly endsAt: number
}

export function remainingMs(call: Call): number {
  return Math.max(0, call.endsAt - performance.now())
}

/** The reason of the first signal that has aborted, in a box since a reason can be anything. */
export function abortOf(call: Call): { readonly reason: unknown } | undefined {
  const signal = call.signals.find((one) => one.aborted)
  return signal === undefined ? undefined : { reason: signal.reason as unknown }
}

/** The same call, once something was sent: it is settled until its time is up, whoever gave up meanwhile. */
export function settlingCall(call: Call): Call {
  return { ...call, signals: [] }
}

/** How an attempt failed. */
export interface AttemptFailure {
  readonly ok: false
  /** What to throw if the call ends with this attempt. */
  readonly error: unknown
  /** Of a change; a read always has `not-applied`. */
  readonly outcome: Outcome
  /** A further attempt may succeed. */
  readonly retry: boolean
  /** The caller (or `close()`) wants no further attempt. */
  readonly aborted: boolean
}

export type AttemptResult<T> = { readonly ok: true; readonly value: T } | AttemptFailure

/** How long a backend may take to free its connection and say so, after the time was up. */
const graceMs = 100

/**
 * Makes one attempt at the backend and bounds it, even if the backend never answers. Never rejects.
 *
 * A read ends at once on abort. A change ends on abort only when the backend says, by rejecting with the signal's reason, that it had
 * sent nothing; otherwise the answer is waited for until the time is up.
 */
export function attempt<T>(
  backend: Backend,
  call: Call,
  kind: 'read' | 'change',
  ms: number,
  run: (call: BackendCall) => Promise<T>,
): Promise<AttemptResult<T>> {
  const before = abortOf(call)
  if (before !== undefined) return Promise.resolve({ ok: false, error: before.reason, outcome: 'not-applied', retry: false, aborted: true })
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const control = new AttemptControl(startedAt + ms)
    let timer = setTimeout(expire, ms)
    const releases = call.signals.map((signal) => onAbort(signal, abort))

    function finish(result: AttemptResult<T>): void {
      clearTimeout(timer)
      for (const release of releases) release()
      control.end()
      traceAttempt(backend, call, startedAt, result)
      resolve(result)
    }
    function abort(): void {
      const reason = abortOf(call)?.reason
      control.stop(reason)
      if (kind === 'read') finish({ ok: false, error: reason, outcome: 'not-applied', retry: false, aborted: true })
    }
    function expire(): void {
      const error = expired(call, backend, 'not-applied')
      control.expire(error, expired(call, backend, 'unknown'))
      const result: AttemptFailure = { ok: false, error, outcome: kind === 'read' ? 'not-applied' : 'unknown', retry: true, aborted: false }
      if (kind === 'read') finish(result)
      else timer = setTimeout(() => finish(result), graceMs)
    }
    function fail(error: unknown): void {
      if (control.stoppedWith(error)) {
        const aborted = abortOf(call) !== undefined
        finish({ ok: false, error, outcome: 'not-applied', retry: !aborted, aborted })
        return
      }
      finish({ ok: false, ...translateError(error, backend, kind, call.streamId), aborted: false })
    }

    try {
      void Promise.resolve(run(control)).then((value) => finish({ ok: true, value }), fail)
    } catch (error) {
      fail(error)
    }
  })
}

/** The error of a call whose time is up: `unknown` of a change that had been sent. */
function expired(call: Call, backend: Backend, outcome: Outcome): TimeoutError {
  return new TimeoutError(`${call.method} did not finish within ${call.timeoutMs} ms.`, {
    adapter: backend.name,
    streamId: call.streamId,
    outcome,
    hint: 'Call again, or give more time with timeoutMs.',
  })
}

/** The signals of one attempt, made only when the backend asks for them: most memory reads never do. */
export class AttemptControl implements BackendCall {
  readonly #endsAt: number
  #ended = false
  #stop: AbortController | undefined
  #deadline: AbortController | undefined
  #stopReason: { readonly reason: unknown } | undefined
  #deadlineReason: { readonly reason: unknown } | undefined
  readonly #waiting: { readonly which: 'signal' | 'deadline'; readonly reject: (reason: unknown) => void }[] = []

  constructor(endsAt: number) {
    this.#endsAt = endsAt
  }
  get signal(): AbortSignal {
    this.#stop ??= new AbortController()
    if (this.#stopReason !== undefined) this.#stop.abort(this.#stopReason.reason)
    return this.#stop.signal
  }
  get deadline(): AbortSignal {
    this.#deadline ??= new AbortController()
    if (this.#deadlineReason !== undefined) this.#deadline.abort(this.#deadlineReason.reason)
    return this.#deadline.signal
  }
  remainingMs(): number {
    return Math.max(0, this.#endsAt - performance.now())
  }
  unlessAborted<T>(which: 'signal' | 'deadline', work: Promise<T>, tooLate?: (value: T) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      let late = false
      const giveUp = (reason: unknown): void => {
        late = true
        reject(reason as Error)
      }
      const waiter = { which, reject: giveUp }
      this.#waiting.push(waiter)
      const leave = (): void => {
        const place = this.#waiting.indexOf(waiter)
        if (place !== -1) this.#waiting.splice(place, 1)
      }
      work.then(
        (value) => {
          leave()
          if (late) tooLate?.(value)
          else resolve(value)
        },
        (error: unknown) => {
          leave()
          reject(error as Error)
        },
      )
      const aborted = which === 'signal' ? this.#stopReason : this.#deadlineReason
      if (aborted !== undefined) giveUp(aborted.reason)
    })
  }
  stop(reason: unknown): void {
    if (this.#ended) return
    this.#stopReason ??= { reason }
    this.#stop?.abort(this.#stopReason.reason)
    this.#reject('signal', this.#stopReason.reason)
  }
  /** @param unanswered the reason of `deadline`: another one, which says that the outcome is unknown. */
  expire(reason: unknown, unanswered: unknown = reason): void {
    this.stop(reason)
    this.#deadlineReason = { reason: unanswered }
    this.#deadline?.abort(unanswered)
    this.#reject('deadline', unanswered)
  }
  #reject(which: 'signal' | 'deadline', reason: unknown): void {
    for (const waiter of this.#waiting) if (waiter.which === which) waiter.reject(reason)
  }
  end(): void {
    this.#ended = true
  }
  /** Whether a rejection is the backend's word that it stopped before sending anything. */
  stoppedWith(error: unknown): boolean {
    return this.#stopReason !== undefined && this.#stopReason.reason === error
  }
}
