const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when the signal aborts. A signal that many calls share (the application's, or that of `close()`) has one listener, however
 * many wait: Node.js warns of a leak at the eleventh.
 *
 * @returns what lets go of it.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = waiting.get(signal) ?? listen(signal)
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
