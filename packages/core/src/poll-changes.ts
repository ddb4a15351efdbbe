import type { Backend } from './backend.js'
import { onAbort } from './on-abort.js'
import { ownCall } from './own-call.js'
import { pause } from './pause.js'

const [quickMs, slowestMs] = [5, 500]

/**
 * `waitForChange` by looking, one for all subscriptions of an adapter: resolves at the first change after the one it told last. Nobody
 * waits: nothing is asked.
 *
 * It looks again after a tenth of the time since the last change, 5 to 500 ms, with jitter: who appends five times a second is heard of
 * within 20 ms, and a quiet store costs three looks a second. A backend that can listen ends the waiting sooner.
 */
export function pollChanges(backend: Pick<Backend, 'lookForChange' | 'listenForChange'>): (signal: AbortSignal) => Promise<void> {
  const waiting = new Set<() => void>()
  let seen: string | undefined
  let [changedAt, dueAt] = [0, 0]
  let listening = false

  /** One listener as long as somebody waits; without it, and until it stands, there is still the looking. */
  function listen(signal: AbortSignal): void {
    if (backend.listenForChange === undefined || listening) return
    listening = true
    let stop: (() => void) | undefined
    let isOver = false
    const release = onAbort(signal, () => {
      over()
      stop?.()
    })
    function over(): void {
      if (isOver) return
      isOver = true
      listening = false
      release()
    }
    backend.listenForChange(heard, over).then((end) => {
      stop = end
      if (signal.aborted) end()
    }, over)
  }
  function heard(): void {
    ;[changedAt, dueAt] = [performance.now(), 0]
    for (const wake of waiting) wake()
  }

  return async (signal) => {
    listen(signal)
    for (;;) {
      const ms = dueAt - performance.now()
      if (ms > 0) await pause(ms, [signal], waiting)
      const now = await ownCall(signal, async (call) => backend.lookForChange?.(call))
      signal.throwIfAborted()
      const [changed, at] = [now !== seen, performance.now()]
      seen = now
      if (changed) changedAt = at
      dueAt = at + Math.min(slowestMs, Math.max(quickMs, (at - changedAt) / 10)) * (0.5 + Math.random() / 2)
      if (changed) return
    }
  }
}
