import type { EventIterable } from './adapter.js'
import type { StoredEvent } from './backend.js'
import { decodeEvent } from './decode-event.js'
import type { EventLike, RecordedEvent } from './event.js'
import { type Ending, createLeaving } from './on-abort.js'

/** Most payload bytes that a page should hold. */
export const pageBytes: number = 4 << 20

/** A source of pages: gives the next one, `undefined` at the end. It is called again only after its promise has resolved. */
export type NextPage = () => Promise<readonly StoredEvent[] | undefined>

/** A read in progress. */
interface PageSource {
  nextPage: NextPage
  /** Throws the reason why the reader may not go on, also with what was fetched before: an abort, or the adapter was closed. */
  guard(): void
}

/**
 * Starts a fresh read; what it throws rejects the first `next()`. `signal` tells when the reader is gone: what is under way is of no
 * use any more.
 */
export type StartPages = (signal: Ending) => PageSource

/**
 * Turns pages into events. Memory holds at most two pages: the one being read and, from the second on, the next, fetched meanwhile.
 * Leaving early ends what is under way at once. Cases: RDS-06, RDS-07, RDS-13, RDS-15.
 */
export function eventIterable<E extends EventLike>(start: StartPages): EventIterable<E> {
  return {
    [Symbol.asyncIterator]: () => iteratePages(start, decodeEvent<E>),
    async toArray() {
      const events: RecordedEvent<E>[] = []
      const source = prefetching(start)
      try {
        for (let page = await source.next(); page !== undefined; page = await source.next())
          for (const event of page) events.push(decodeEvent<E>(event))
        return events
      } finally {
        source.stop()
      }
    },
  }
}

/** Iterates over pages item by item. Calls of `next()` that overlap are served in order. */
function iteratePages<T>(start: StartPages, decode: (event: StoredEvent) => T): AsyncIterableIterator<T> {
  const source = prefetching(start)
  let page: readonly StoredEvent[] = []
  let index = 0
  let ended = false
  let queue: Promise<unknown> = Promise.resolve()
  let waiting = 0

  /** The next event of the page at hand; undefined: there is none. */
  function take(): IteratorResult<T, undefined> | undefined {
    const event = page[index]
    if (event === undefined) return undefined
    source.guard()
    index += 1
    return { done: false, value: decode(event) }
  }
  async function advance(): Promise<IteratorResult<T, undefined>> {
    while (!ended) {
      try {
        const taken = take()
        if (taken !== undefined) return taken
        source.guard()
        const fetched = await source.next()
        if (fetched === undefined) end()
        else [page, index] = [fetched, 0]
      } catch (error) {
        const wasEnded = ended
        end()
        if (!wasEnded) throw error
      }
    }
    return { done: true, value: undefined }
  }
  function end(): void {
    ended = true
    page = []
    source.stop()
  }

  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next() {
      if (waiting === 0) {
        // Nearly every event comes this way, without the cost of an async function.
        try {
          const taken = take()
          if (taken !== undefined) return Promise.resolve(taken)
        } catch (error) {
          end()
          return Promise.reject(error as Error)
        }
      }
      waiting += 1
      const result = queue.then(advance)
      queue = result.then(left, left)
      return result
    },
    return() {
      end()
      return Promise.resolve({ done: true, value: undefined })
    },
  }

  function left(): void {
    waiting -= 1
  }
}

/** Why a read ends whose reader has left; nobody gets to see it, and making an error each time would cost more than a short read may. */
const left = 'the reader has left'

function prefetching(start: StartPages): { next: NextPage; guard(): void; stop(): void } {
  const gone = createLeaving()
  let source: PageSource | undefined
  let fetched = 0
  let ahead: ReturnType<NextPage> | undefined

  function fetchPage(): ReturnType<NextPage> {
    source ??= start(gone.signal)
    return source.nextPage()
  }

  return {
    async next() {
      const page = await (ahead ?? fetchPage())
      ahead = undefined
      fetched += 1
      // A short read is one page: only a reader who comes back for a second is worth reading ahead for.
      if (page !== undefined && fetched > 1) {
        ahead = fetchPage()
        ahead.catch(() => undefined)
        // A pool lends its connection in the next tick, and a reader who waits for nothing but events would let none come before the page ends.
        await new Promise<void>((resolve) => process.nextTick(resolve))
      }
      return page
    },
    guard() {
      source?.guard()
    },
    stop() {
      gone.leave(left)
    },
  }
}
