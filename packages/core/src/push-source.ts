import type { LogFilter } from './adapter.js'
import type { Backend, Followed, StreamHead } from './backend.js'
import { StreamDeletedError, UnavailableError } from './errors.js'
import type { Position } from './event.js'
import { onAbort } from './on-abort.js'
import { filterEvents } from './read-log.js'
import type { Look, SubscriptionSource } from './subscription.js'
import { translateError } from './translate-error.js'

/** What following a stream needs of the adapter: both open it first, and are bounded by its own time. */
export interface FollowStream {
  head(signal: AbortSignal): Promise<StreamHead>
  open(after: number, signal: AbortSignal): Promise<AsyncIterable<Followed>>
}

/**
 * Follows one stream by what its store sends. `'end'` is looked up once, before the source is opened: a source lost before its first event
 * is opened after the same version again. Cases: SUB-01…05, SUB-09, SUB-10, SUB-13.
 */
export function pushedStream(
  backend: Backend,
  streamId: string,
  after: number | 'start' | 'end',
  follow: FollowStream,
): SubscriptionSource {
  let cursor = after === 'start' ? 0 : after === 'end' ? undefined : after
  return pushSource(backend, streamId, {
    async open(signal, life) {
      cursor ??= versionOf(await follow.head(signal))
      return follow.open(cursor, life)
    },
    take(followed) {
      if (followed.kind !== 'events')
        return { events: [], more: true, caughtUp: followed.kind === 'caughtUp' ? { version: cursor ?? 0 } : undefined }
      cursor = followed.events.at(-1)?.version ?? cursor
      return { events: followed.events, more: true }
    },
  })

  function versionOf({ status, version }: StreamHead): number {
    if (status === 'tombstoned') throw new StreamDeletedError({ streamId, tombstoned: true, adapter: backend.name })
    return version
  }
}

/** As {@link FollowStream}, of the log. */
export interface FollowLog {
  end(signal: AbortSignal): Promise<Position | undefined>
  open(after: Position | undefined, signal: AbortSignal): Promise<AsyncIterable<Followed>>
}

/** Follows the whole log by what its store sends; a checkpoint moves it on as an event does. Cases: SUB-01…05, SUB-10, SUB-12, ALL-12. */
export function pushedLog(backend: Backend, after: Position, filter: LogFilter | undefined, follow: FollowLog): SubscriptionSource {
  let cursor: Position | undefined = after === 'start' || after === 'end' ? undefined : after
  let seekEndFirst = after === 'end'
  return pushSource(backend, undefined, {
    async open(signal, life) {
      if (seekEndFirst) cursor = await follow.end(signal)
      seekEndFirst = false
      return follow.open(cursor, life)
    },
    take(followed) {
      if (followed.kind === 'caughtUp') return { events: [], more: true, caughtUp: { position: cursor } }
      const events = followed.kind === 'events' ? filterEvents(backend, followed.events, filter) : []
      const reached = followed.kind === 'events' ? (followed.events.at(-1)?.position ?? cursor) : followed.position
      const moved = reached !== cursor && reached !== events.at(-1)?.position
      cursor = reached
      return { events, more: true, checkpoint: moved && filter !== undefined ? cursor : undefined }
    },
  })
}

interface Steps {
  /** Opens the source after what was taken last. `signal` bounds the opening, `life` the source. */
  open(signal: AbortSignal, life: AbortSignal): Promise<AsyncIterable<Followed>>
  take(followed: Followed): Look
}

/** One look is what the source gives next. A failure closes it; the next look opens it again. */
function pushSource(backend: Backend, streamId: string | undefined, steps: Steps): SubscriptionSource {
  let source: { readonly iterator: AsyncIterator<Followed>; end(): void } | undefined

  async function open(signal: AbortSignal): Promise<typeof source> {
    const life = new AbortController()
    // Not by the one who iterates: it may be suspended when the subscription ends.
    const release = onAbort(signal, () => life.abort(signal.reason))
    const end = (): void => {
      release()
      life.abort()
    }
    try {
      return { iterator: (await steps.open(signal, life.signal))[Symbol.asyncIterator](), end }
    } catch (error) {
      end()
      throw error
    }
  }

  return {
    async look(signal) {
      try {
        source ??= await open(signal)
        const next = await unlessAborted(source?.iterator.next(), signal)
        if (next?.done === false) return steps.take(next.value)
        throw new UnavailableError('the store ended the subscription.', { adapter: backend.name, streamId })
      } catch (error) {
        source?.end()
        source = undefined
        throw signal.aborted ? error : translateError(error, backend, 'read', streamId).error
      }
    },
  }
}

function unlessAborted<T>(work: Promise<T> | undefined, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, () => reject(signal.reason as Error))
    if (signal.aborted) reject(signal.reason as Error)
    Promise.resolve(work).then(resolve, reject).finally(release)
  })
}
