import type { OwnCalls } from './own-calls.js'
import type { Names } from './schema.js'
import type { Engine } from './session.js'
import type { Horizon } from './settled.js'

/** Tells core when there may be something new; one for all subscriptions of an adapter. */
export interface Waker {
  /** Resolves at the first change after the one it told last. Nobody waits: nothing is asked. */
  waitForChange(signal: AbortSignal): Promise<void>
  /** An append of this adapter was stored. */
  appended(): void
}

export interface WakerOptions {
  readonly engine: Engine
  readonly names: Names
  readonly own: OwnCalls
  /** Undefined: what is visible is settled. */
  readonly horizon: Horizon | undefined
  /** Channel by which adapters wake each other; undefined: they do not. */
  readonly channel: (() => string) | undefined
}

const [quickMs, slowestMs] = [5, 500]
/** Appends within this time are told of once. */
const debounceMs = 5

/**
 * Looks again after a tenth of the time since the last change, 5 to 500 ms, with jitter: who appends five times a second is heard of within
 * 20 ms, and a quiet log costs three looks a second. As long as something visible is not settled yet, each look is a probe of the horizon,
 * otherwise it asks for the end of the log only.
 *
 * With a channel it is woken by other adapters. They tell after the commit, at most once in a while, on a connection of its own and
 * without waiting for the disk: a NOTIFY within an append, or a trigger, takes a lock of the whole cluster (measured 0.12–0.45 of the rate).
 */
export function createWaker({ engine, names, own, horizon, channel }: WakerOptions): Waker {
  const top = { text: `SELECT max(position) FROM ${names.events}` }
  const notify = { text: "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, '')" }
  let seen: string | undefined
  let behind = false
  let [changedAt, dueAt] = [0, 0]
  let wake: () => void = () => undefined
  let listening: Promise<(() => void) | undefined> | undefined
  let telling: NodeJS.Timeout | undefined

  async function look(): Promise<string> {
    if (horizon === undefined || !behind) {
      const [row] = await own.run((call) => engine.read(top, [], call))
      const end = row?.[0] ?? '0'
      behind = horizon !== undefined && String(horizon.settled ?? -1n) !== end
      return `${end} ${behind}`
    }
    const end = (await own.run((call) => horizon.look(call))) ?? 0n
    behind = horizon.settled !== end
    return `${end} ${horizon.settled}`
  }

  /** Until the next look is due, a notification arrives, or nobody waits any more. */
  function pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(end, Math.max(0, dueAt - performance.now()))
      wake = end
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
      function end(): void {
        clearTimeout(timer)
        wake = () => undefined
        signal.removeEventListener('abort', end)
        if (signal.aborted) reject(signal.reason as Error)
        else resolve()
      }
    })
  }

  /** One listener as long as somebody waits; without it, and until it stands, there is still the polling. */
  function listen(signal: AbortSignal): void {
    if (channel === undefined || engine.listen === undefined || listening !== undefined) return
    const lost = (): undefined => (listening = undefined)
    const mine = engine.listen(channel(), woken, lost).catch(lost)
    listening = mine
    signal.addEventListener('abort', () => {
      void mine.then((stop) => stop?.())
      if (listening === mine) listening = undefined
    })
  }
  function woken(): void {
    ;[changedAt, dueAt] = [performance.now(), 0]
    wake()
  }

  return {
    async waitForChange(signal) {
      listen(signal)
      for (;;) {
        if (dueAt > performance.now()) await pause(signal)
        const now = await look()
        signal.throwIfAborted()
        const changed = now !== seen
        seen = now
        const at = performance.now()
        if (changed) changedAt = at
        dueAt = at + Math.min(slowestMs, Math.max(quickMs, (at - changedAt) / 10)) * (0.5 + Math.random() / 2)
        if (changed) return
      }
    },
    appended() {
      if (channel === undefined || telling !== undefined) return
      telling = setTimeout(() => {
        telling = undefined
        // Who is not told finds out by looking.
        own.run((call) => engine.read(notify, [channel()], call)).catch(() => undefined)
      }, debounceMs)
      telling.unref()
    },
  }
}
