import { type Call, abortOf, attempt, remainingMs } from './attempt.js'
import type { Backend } from './backend.js'
import { ClosedError } from './errors.js'
import { retried } from './retry.js'

/** Opens once, closes once, and knows who is still at work. */
export interface Lifecycle {
  /** Aborts when `close()` is called, with the {@link ClosedError} that iterations and subscriptions reject with. */
  readonly closing: AbortSignal
  /** Resolves when the backend is open. A failure is not remembered. */
  open(call: Call): Promise<void>
  isOpen(): boolean
  /** Runs a promise method: opens if need be, and makes `close()` wait for it. Throws when it may not begin any more. */
  during<T>(call: Call, run: () => Promise<T>): Promise<T>
  /** Throws {@link ClosedError} after `close()` was called. */
  refuseClosed(): void
  close(): Promise<void>
}

export function createLifecycle(backend: Backend, openTimeoutMs: number): Lifecycle {
  const closing = new AbortController()
  let opened = false
  let opening: Promise<void> | undefined
  let touched = false
  let closed: Promise<void> | undefined
  let atWork = 0
  let onIdle: (() => void) | undefined

  function refuseClosed(): void {
    if (closed !== undefined) throw closing.signal.reason
  }

  function open(call: Call): Promise<void> {
    refuseClosed()
    if (opened) return Promise.resolve()
    // A call that was aborted before it began must not be the one that connects.
    const abort = abortOf(call)
    if (abort !== undefined) return Promise.reject(abort.reason as Error)
    touched = true
    // Callers share one opening; it has its own time, so that one impatient caller does not fail the others. It ends a little before
    // theirs, so that they are told why nothing could be opened, and not that it took long.
    const timeoutMs = openTimeoutMs - Math.min(100, openTimeoutMs / 10)
    const shared: Call = {
      method: 'open',
      streamId: undefined,
      signals: [],
      once: false,
      timeoutMs,
      endsAt: performance.now() + timeoutMs,
    }
    opening ??= retried(backend, shared, (one) => backend.open(one)).then(
      () => {
        opened = true
        opening = undefined
      },
      (error: unknown) => {
        opening = undefined
        throw error
      },
    )
    return untilOpen(opening, call)
  }

  /** Waits for the shared opening no longer than the call lasts. */
  async function untilOpen(shared: Promise<void>, call: Call): Promise<void> {
    const result = await attempt(backend, call, 'read', remainingMs(call), () => shared)
    if (!result.ok) throw result.error
  }

  /** No `async`, and no more promises than it needs: every append comes through here. */
  function during<T>(call: Call, run: () => Promise<T>): Promise<T> {
    refuseClosed()
    const abort = abortOf(call)
    if (abort !== undefined) throw abort.reason
    const running = opened ? run() : open(call).then(run)
    atWork += 1
    running.then(leave, leave)
    return running
  }
  function leave(): void {
    atWork -= 1
    if (atWork === 0) onIdle?.()
  }

  async function end(): Promise<void> {
    closing.abort(new ClosedError({ adapter: backend.name }))
    if (atWork > 0)
      await new Promise<void>((resolve) => {
        onIdle = resolve
      })
    // Nobody may be waiting for it any more.
    await opening?.catch(() => undefined)
    if (touched) await backend.close()
  }

  return {
    closing: closing.signal,
    open,
    isOpen: () => opened,
    during,
    refuseClosed,
    close: () => (closed ??= end()),
  }
}
