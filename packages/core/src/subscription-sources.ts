import type { LogFilter } from './adapter.js'
import type { Backend, LogPage, LogPageRequest, StreamHead, StreamPage } from './backend.js'
import { StreamDeletedError } from './errors.js'
import type { Position } from './event.js'
import { pageBytes } from './paging.js'
import { filterEvents } from './read-log.js'
import { checkContiguous, firstPageSize, nextPageSize } from './read-stream.js'
import type { SubscriptionSource } from './subscription.js'

/** One attempt each, bounded by the adapter's own time; the subscription itself tries again. */
export interface FetchStream {
  head(signal: AbortSignal): Promise<StreamHead>
  page(from: number, limit: number, eventual: boolean, signal: AbortSignal): Promise<StreamPage>
}

/** Follows one stream by version. Events hidden before they were delivered are passed over. Cases: SUB-01…05, SUB-09, SUB-13. */
export function streamSource(
  backend: Backend,
  streamId: string,
  after: number | 'start' | 'end',
  pageSize: number,
  fetch: FetchStream,
): SubscriptionSource {
  let cursor = after === 'start' ? 0 : after === 'end' ? undefined : after
  let size = firstPageSize(backend, pageSize)
  return {
    async look(signal, seekEnd) {
      cursor ??= visible(await fetch.head(signal)).version
      // Only who has to say that everything was delivered must know.
      const { head, events } = await fetch.page(cursor + 1, size, !seekEnd, signal)
      if (visible(head).status === 'live' && head.version > cursor && head.version >= head.firstVersion) {
        const from = Math.max(cursor + 1, head.firstVersion)
        checkContiguous(backend, streamId, events, from, 1)
        cursor = from + events.length - 1
        size = nextPageSize(events, size, pageSize)
      } else cursor = Math.max(cursor, head.version)
      const more = head.status === 'live' && head.version > cursor
      return { events, more, caughtUp: events.length === 0 ? { version: head.version } : undefined }
    },
  }

  function visible(head: StreamHead): StreamHead {
    if (head.status === 'tombstoned') throw new StreamDeletedError({ streamId, tombstoned: true, adapter: backend.name })
    return head
  }
}

export interface FetchTail {
  end(settled: boolean, signal: AbortSignal): Promise<Position | undefined>
  page(request: LogPageRequest, signal: AbortSignal): Promise<LogPage>
  compare(a: Position, b: Position): number
}

/** Follows the whole log, only as far as it is settled. Cases: SUB-01…05, SUB-12, ALL-06…08, ALL-12. */
export function logSource(
  backend: Backend,
  after: Position,
  filter: LogFilter | undefined,
  pageSize: number,
  fetch: FetchTail,
): SubscriptionSource {
  let cursor: Position | undefined = after === 'start' || after === 'end' ? undefined : after
  let seekEndFirst = after === 'end'
  let size = firstPageSize(backend, pageSize)
  return {
    async look(signal, seekEnd) {
      if (seekEndFirst) {
        cursor = await fetch.end(true, signal)
        seekEndFirst = false
      }
      const request: LogPageRequest = { direction: 'forwards', after: cursor, upTo: undefined, limit: size, maxBytes: pageBytes, filter }
      const page = await fetch.page(request, signal)
      const events = filterEvents(backend, page.events, filter)
      const moved = page.next !== undefined && page.next !== cursor && page.next !== events.at(-1)?.position
      cursor = page.next ?? cursor
      size = nextPageSize(page.events, size, pageSize)
      const caughtUp = seekEnd && page.end && events.length === 0 && (await reachedEnd(signal)) ? { position: cursor } : undefined
      return { events, more: !page.end, checkpoint: moved && filter !== undefined ? cursor : undefined, caughtUp }
    },
  }

  /** Whether nothing visible lies behind the cursor: an append still open may hold back later ones. */
  async function reachedEnd(signal: AbortSignal): Promise<boolean> {
    const end = await fetch.end(false, signal)
    return end === undefined || (cursor !== undefined && fetch.compare(cursor, end) >= 0)
  }
}
