import { type Ending, onAbort } from './on-abort.js'

/** Resolves when `ms` have passed, when a signal aborts, or when woken by what stands in `wakers` meanwhile. Who waits looks which it was. */
export function pause(ms: number, signals: readonly Ending[], wakers?: Set<() => void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    const releases = signals.map((signal) => onAbort(signal, done))
    wakers?.add(done)
    if (signals.some(({ aborted }) => aborted)) done()

    function done(): void {
      clearTimeout(timer)
      for (const release of releases) release()
      wakers?.delete(done)
      resolve()
    }
  })
}
