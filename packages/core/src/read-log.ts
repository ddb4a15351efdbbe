import type { Direction, LogFilter } from './adapter.js'
import type { Backend, LogPage, LogPageRequest, StoredEvent } from './backend.js'
import type { Position } from './event.js'
import { type NextPage, pageBytes } from './paging.js'
import { firstPageSize, nextPageSize } from './read-stream.js'

export interface LogWindow {
  readonly direction: Direction
  readonly after: Position | undefined
  readonly limit: number
  readonly filter: LogFilter | undefined
}

/** The two questions of a log read, with the retries and the time of one `next()`. */
export interface FetchLog {
  /** Settled end of the log. Also refuses a position that this store did not make. */
  end(): Promise<Position | undefined>
  page(request: LogPageRequest): Promise<LogPage>
}

/**
 * Reads the log up to where it ended when the read began. A page without events ends nothing. Cases: ALL-01…05, ALL-12.
 */
export function logPages(backend: Backend, window: LogWindow, pageSize: number, fetch: FetchLog): NextPage {
  const { direction, filter } = window
  let after = window.after
  let upTo: Position | undefined
  let left = window.limit
  let size = firstPageSize(backend, pageSize)
  let ended = left === 0

  return async () => {
    if (ended) return undefined
    upTo ??= await fetch.end()
    if (upTo === undefined) return undefined
    for (;;) {
      const limit = backend.filters === true || filter === undefined ? Math.min(size, left) : size
      const page = await fetch.page({ direction, after, upTo, limit, maxBytes: pageBytes, filter })
      const events = filterEvents(backend, page.events, filter).slice(0, left)
      left -= events.length
      ended = page.end || left === 0
      after = page.next ?? after
      size = nextPageSize(page.events, size, pageSize)
      if (events.length > 0 || ended) return events
    }
  }
}

/** What core does for a backend that cannot filter. Exact strings, all parts and-ed. */
export function filterEvents(backend: Backend, events: readonly StoredEvent[], filter: LogFilter | undefined): readonly StoredEvent[] {
  return filter === undefined || backend.filters === true ? events : events.filter((event) => matches(event, filter))
}

/** Whether an event passes a filter. Source: contract §4. */
export function matches(event: Pick<StoredEvent, 'type' | 'streamType' | 'streamId'>, filter: LogFilter): boolean {
  const { eventTypes, streamTypes, streamIdPrefix } = filter
  return (
    (eventTypes === undefined || eventTypes.includes(event.type)) &&
    (streamTypes === undefined || (event.streamType !== undefined && streamTypes.includes(event.streamType))) &&
    (streamIdPrefix === undefined || event.streamId.startsWith(streamIdPrefix))
  )
}
