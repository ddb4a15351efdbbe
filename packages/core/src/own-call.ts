import { AttemptControl } from './attempt.js'
import type { BackendCall } from './backend.js'
import { UnavailableError } from './errors.js'
import { onAbort } from './on-abort.js'

/** Less than a call of a user has by default: one that waits for it can still ask again. */
const mostMs = 5000

/**
 * Runs what a backend asks for itself, for no call of a user or for several at once: bounded to five seconds, and ended by the signal.
 * For adapter authors.
 *
 * Errors: what `run` rejects with; the signal's reason; `unavailable` when the time is up, for a `run` that looks at its call.
 */
export async function ownCall<T>(signal: AbortSignal, run: (call: BackendCall) => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const control = new AttemptControl(performance.now() + mostMs)
  const timer = setTimeout(() => control.expire(new UnavailableError('the store did not answer in time.')), mostMs)
  const release = onAbort(signal, () => control.expire(signal.reason))
  try {
    return await run(control)
  } finally {
    clearTimeout(timer)
    release()
    control.end()
  }
}
