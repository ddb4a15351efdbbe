import type { Subscription, SubscriptionMessage } from './adapter.js'
import type { StoredEvent } from './backend.js'
import type { Changes } from './changes.js'
import { decodeEvent } from './decode-event.js'
import { type EventStoreError, InvalidArgumentError, isEventStoreError, isTimeoutError, isUnavailableError } from './errors.js'
import type { EventLike, Position } from './event.js'
import { onAbort } from './on-abort.js'

/** What one look at the source brought. */
export interface Look {
  readonly events: readonly StoredEvent[]
  /** More is there already. */
  readonly more: boolean
  /** Filtered log: all events up to here were considered, and the last of `events` lies before it. */
  readonly checkpoint?: Position | undefined
  /** There was nothing to deliver at the moment of this look: everything appended before it was delivered. */
  readonly caughtUp?: { readonly version: number } | { readonly position: Position | undefined } | undefined
}

/** Looks from where it stands, and moves on past what it returns. */
export interface SubscriptionSource {
  /** Goes on after the last event it returned, also after a failure. `seekEnd`: `caughtUp` is wanted. `signal` is the same each time. */
  look(signal: AbortSignal, seekEnd: boolean): Promise<Look>
}

export interface SubscriptionOptions {
  /** Makes the source; what it throws rejects the first `next()`. */
  readonly start: () => SubscriptionSource
  readonly changes: Changes
  /** The caller's; what it throws rejects the first `next()`. */
  readonly signal: () => AbortSignal | undefined
  readonly closing: AbortSignal
}

const quickPollMs = 5
const slowestPollMs = 500
/** How long a backend's own wake-up is trusted. */
const safetyMs = 5000
const slowestResumeMs = 5000

/**
 * History, then live events, pulled by the consumer: at most a page is held, so a slow consumer slows only itself.
 *
 * Polls quickly after activity and ever slower without, and is woken by appends of the same adapter and by the backend. A source that
 * cannot answer now is said to be `disconnected` and resumed after the last delivered event; what cannot heal ends the subscription
 * with that error. Cases: SUB-01…15.
 */
export function createSubscription<E extends EventLike>(options: SubscriptionOptions): Subscription<E> {
  const disposed = new AbortController()
  let taken = false

  /** The one iteration that a subscription has; a second one rejects at its first `next()`. */
  async function* messages(): AsyncGenerator<SubscriptionMessage<E>, void, undefined> {
    if (taken) throw new InvalidArgumentError('it is iterated already; subscribe again.', { path: 'subscription' })
    taken = true
    const signal = options.signal()
    const gone = anySignal([disposed.signal, options.closing, ...(signal === undefined ? [] : [signal])])
    try {
      for await (const message of follow(options, gone.signal)) {
        yield message as SubscriptionMessage<E>
        // What was fetched before an abort is not delivered after it.
        if (gone.signal.aborted) break
      }
    } catch (error) {
      if (!gone.signal.aborted) throw error
    } finally {
      gone.release()
    }
    if (disposed.signal.aborted) return
    if (signal?.aborted === true) throw signal.reason
    if (options.closing.aborted) throw options.closing.reason
  }

  return {
    messages: () => endingQuietly(messages(), disposed),
    [Symbol.asyncIterator]: () => endingQuietly(onlyEvents(messages()), disposed),
    [Symbol.asyncDispose]() {
      disposed.abort()
      return Promise.resolve()
    },
  }
}

async function* onlyEvents<E extends EventLike>(messages: AsyncGenerator<SubscriptionMessage<E>, void, undefined>) {
  for await (const message of messages) if (message.kind === 'event') yield message.event
}

/** A generator's `return()` waits for a pending `next()`; this one ends that too. */
function endingQuietly<T>(generator: AsyncGenerator<T, void, undefined>, disposed: AbortController): AsyncIterableIterator<T> {
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => generator.next(),
    return() {
      disposed.abort()
      return generator.return() as Promise<IteratorResult<T>>
    },
  }
}

/** Ends by returning or throwing once `signal` has aborted. */
async function* follow({ start, changes }: SubscriptionOptions, signal: AbortSignal): AsyncGenerator<SubscriptionMessage> {
  const source = start()
  const detach = changes.attach()
  let [pollMs, failures, saidCaughtUp] = [quickPollMs, 0, false]
  try {
    while (!signal.aborted) {
      const mark = changes.mark()
      const look = await tryLook(source, signal, !saidCaughtUp)
      if (signal.aborted) return
      if ('error' in look) {
        if (failures === 0) yield { kind: 'disconnected', error: look.error }
        ;[failures, saidCaughtUp] = [failures + 1, false]
        await changes.wait(changes.mark(), jittered(Math.min(slowestResumeMs, 50 * 2 ** Math.min(failures, 10))), signal)
        continue
      }
      failures = 0
      for (const event of look.events) yield { kind: 'event', event: decodeEvent(event) }
      if (look.checkpoint !== undefined) yield { kind: 'checkpoint', position: look.checkpoint }
      if (look.caughtUp !== undefined && !saidCaughtUp) {
        saidCaughtUp = true
        yield { kind: 'caughtUp', ...look.caughtUp }
      }
      // After events one more look is due at once: only an empty one proves that there is nothing left.
      if (look.more || look.events.length > 0) {
        pollMs = quickPollMs
        continue
      }
      await changes.wait(mark, changes.told() ? safetyMs : jittered(pollMs), signal)
      pollMs = Math.min(slowestPollMs, pollMs * 2)
    }
  } finally {
    detach()
  }
}

/** What heals by itself is returned, everything else is thrown. */
async function tryLook(
  source: SubscriptionSource,
  signal: AbortSignal,
  seekEnd: boolean,
): Promise<Look | { readonly error: EventStoreError }> {
  try {
    return await source.look(signal, seekEnd)
  } catch (error) {
    if (isEventStoreError(error) && (isUnavailableError(error) || isTimeoutError(error))) return { error }
    throw error
  }
}

/** Between half and all of the time, so that many processes do not look at the same moment. */
function jittered(ms: number): number {
  return ms * (0.5 + Math.random() / 2)
}

/** A signal that aborts with the first of several, and lets go of them when released. */
function anySignal(signals: readonly AbortSignal[]): { readonly signal: AbortSignal; release(): void } {
  const control = new AbortController()
  if (signals.some(({ aborted }) => aborted)) control.abort()
  const releases = signals.map((signal) => onAbort(signal, () => control.abort()))
  return {
    signal: control.signal,
    release() {
      for (const release of releases) release()
      control.abort()
    },
  }
}
