/** What ends a call: an abort signal, or the {@link Leaving} of a reader. */
export type Ending = Pick<AbortSignal, 'aborted' | 'reason'>

/**
 * Tells that a reader has left. An `AbortController` and the events of its signal cost more than all else of core about a short read, and
 * nobody outside core gets to see this one.
 */
export interface Leaving {
  readonly signal: Ending
  leave(reason: unknown): void
}

export function createLeaving(): Leaving {
  const signal: { aborted: boolean; reason: unknown } = { aborted: false, reason: undefined }
  const callbacks = new Set<() => void>()
  waiting.set(signal, callbacks)
  return {
    signal,
    leave(reason) {
      if (signal.aborted) return
      signal.aborted = true
      signal.reason = reason
      for (const callback of [...callbacks]) callback()
    },
  }
}

const waiting = new WeakMap<Ending, Set<() => void>>()

/**
 * Calls back when the signal aborts. A signal that many calls share (the application's, or that of `close()`) has one listener, however
 * many wait: Node.js warns of a leak at the eleventh.
 *
 * @returns what lets go of it.
 */
export function onAbort(signal: Ending, callback: () => void): () => void {
  const callbacks = waiting.get(signal) ?? listen(signal as AbortSignal)
  // A function of its own, so that the same callback may wait twice.
  const own = (): void => callback()
  callbacks.add(own)
  return () => void callbacks.delete(own)
}

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  waiting.set(signal, callbacks)
  signal.addEventListener(
    'abort',
    () => {
      for (const callback of [...callbacks]) callback()
    },
    { once: true },
  )
  return callbacks
}
