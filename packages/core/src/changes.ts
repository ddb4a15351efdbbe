import type { Backend } from './backend.js'
import type { Lifecycle } from './lifecycle.js'
import { onAbort } from './on-abort.js'
import { ownCall } from './own-call.js'
import { pause } from './pause.js'
import { pollChanges } from './poll-changes.js'

/** Tells waiting subscriptions of one adapter that something may have changed. */
export interface Changes {
  /** Says that an append of this adapter was stored, to its own subscriptions and to other adapters. */
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

/** Appends within this time are told of once. */
const debounceMs = 5

/** Nothing is asked of the backend before the adapter is open, nor after it is closed. */
export function createChanges(backend: Backend, { closing, isOpen }: Pick<Lifecycle, 'closing' | 'isOpen'>): Changes {
  const waiters = new Set<() => void>()
  const waitForChange = backend.lookForChange === undefined ? backend.waitForChange?.bind(backend) : pollChanges(backend)
  let [count, attached, telling] = [0, 0, false]
  let watching: AbortController | undefined
  onAbort(closing, () => watching?.abort(closing.reason))

  function notify(): void {
    count += 1
    for (const wake of waiters) wake()
    if (backend.tellOfChange === undefined || telling) return
    telling = true
    setTimeout(tell, debounceMs)
  }
  /** Who is not told finds out by looking. */
  function tell(): void {
    telling = false
    ownCall(closing, async (call) => backend.tellOfChange?.(call)).catch(() => undefined)
  }

  /** Keeps one `waitForChange` under way. A backend that fails to tell is looked at again by the waiters, and asked anew by the next. */
  function watch(): void {
    if (waitForChange === undefined || watching !== undefined || !isOpen() || closing.aborted) return
    const mine = new AbortController()
    watching = mine
    const again = (): void => {
      waitForChange(mine.signal).then(
        () => {
          if (mine.signal.aborted) return
          notify()
          again()
        },
        () => {
          mine.abort()
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
      return count === mark ? pause(ms, [signal], waiters) : Promise.resolve()
    },
  }
}
