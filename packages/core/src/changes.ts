import type { Backend } from './backend.js'

/** Tells waiting subscriptions of one adapter that something may have changed. */
export interface Changes {
  /** Says that an append of this adapter was stored. */
  notify(): void
  /** Has the backend watched from now on; the function returned ends that. */
  attach(): () => void
  /** A mark to be taken before looking, so that no change between looking and waiting is missed. */
  mark(): number
  /** Whether the backend tells of changes by itself, so that looking now and then is a mere safety. */
  told(): boolean
  /** Resolves when something has changed since the mark, when `ms` have passed, or when the signal aborts. */
  wait(mark: number, ms: number, signal: AbortSignal): Promise<void>
}

export function createChanges(backend: Backend): Changes {
  const waiters = new Set<() => void>()
  let [count, attached] = [0, 0]
  let watching: AbortController | undefined

  function notify(): void {
    count += 1
    for (const wake of waiters) wake()
  }

  /** Keeps one `waitForChange` under way. A backend that fails to tell is looked at again by the waiters, and asked anew by the next. */
  function watch(): void {
    if (backend.waitForChange === undefined || watching !== undefined) return
    const mine = new AbortController()
    watching = mine
    const again = (): void => {
      backend.waitForChange?.(mine.signal).then(
        () => {
          if (mine.signal.aborted) return
          notify()
          again()
        },
        () => {
          if (watching === mine) watching = undefined
        },
      )
    }
    again()
  }

  return {
    notify,
    mark: () => count,
    told: () => watching !== undefined,
    attach() {
      attached += 1
      watch()
      let gone = false
      return () => {
        if (gone) return
        gone = true
        attached -= 1
        if (attached > 0) return
        watching?.abort()
        watching = undefined
      }
    },
    wait(mark, ms, signal) {
      watch()
      return new Promise((resolve) => {
        const timer = setTimeout(done, ms)
        waiters.add(done)
        signal.addEventListener('abort', done)
        if (count !== mark || signal.aborted) done()

        function done(): void {
          clearTimeout(timer)
          waiters.delete(done)
          signal.removeEventListener('abort', done)
          resolve()
        }
      })
    },
  }
}
