import type { Direction } from './adapter.js'
import type { Backend, StoredEvent, StreamHead, StreamPage, StreamPageRequest } from './backend.js'
import { payloadBytes } from './decode-event.js'
import { CorruptStreamError, StreamDeletedError, UnavailableError } from './errors.js'
import { type NextPage, pageBytes } from './paging.js'

export interface StreamWindow {
  readonly streamId: string
  readonly direction: Direction
  readonly from: number | undefined
  readonly to: number | undefined
  readonly limit: number
}

/** Fetches one page, with the retries and the time of one `next()`. */
export type FetchStreamPage = (part: Pick<StreamPageRequest, 'from' | 'to' | 'limit' | 'known' | 'wanted'>) => Promise<StreamPage>

/**
 * Reads a window of a stream page by page, as of its first page: later events are not looked at, so a reader sees whole appends.
 * A stream that was deleted, re-created, tombstoned or truncated past the cursor meanwhile ends the read with `unavailable`; a hole is
 * `corrupt-stream`. Cases: RDS-03…11, RDS-18.
 */
export function streamPages(backend: Backend, window: StreamWindow, pageSize: number, fetch: FetchStreamPage): NextPage {
  const { streamId, direction } = window
  const step = direction === 'forwards' ? 1 : -1
  let first: StreamHead | undefined
  let [cursor, last, left] = [window.from, window.to, window.limit]
  let size = firstPageSize(backend, pageSize)

  return async () => {
    if (left === 0 || (cursor !== undefined && last !== undefined && first !== undefined && (last - cursor) * step < 0)) return undefined
    const limit = Math.min(size, left)
    const page = await fetch({ from: cursor, to: last, limit, known: first, wanted: left })
    if (first === undefined) {
      first = page.head
      if (first.status === 'tombstoned') throw new StreamDeletedError({ streamId, tombstoned: true, adapter: backend.name })
      if (first.status !== 'live') return undefined
      ;[cursor, last] = visibleWindow(first, direction, cursor, last)
      if ((last - cursor) * step < 0) return undefined
    } else refuseChanged(backend, streamId, first, page.head, cursor ?? 0)
    checkContiguous(backend, streamId, page.events, cursor ?? 0, step)
    left -= page.events.length
    cursor = (cursor ?? 0) + step * page.events.length
    size = nextPageSize(page.events, size, pageSize)
    return page.events
  }
}

/** The part of a window that is there to be read; empty when it ends before it begins. */
function visibleWindow(
  head: StreamHead,
  direction: Direction,
  from: number | undefined,
  to: number | undefined,
): [from: number, to: number] {
  const { firstVersion, version } = head
  if (direction === 'forwards') return [Math.max(from ?? 1, firstVersion), Math.min(to ?? version, version)]
  return [Math.min(from ?? version, version), Math.max(to ?? 1, firstVersion)]
}

function refuseChanged(backend: Backend, streamId: string, first: StreamHead, now: StreamHead, cursor: number): void {
  if (now.status === first.status && now.baseVersion === first.baseVersion && now.firstVersion <= cursor) return
  const what = now.status === 'live' && now.baseVersion === first.baseVersion ? 'truncated' : 'deleted'
  throw new UnavailableError(`stream ${JSON.stringify(streamId)} was ${what} while it was read.`, {
    adapter: backend.name,
    streamId,
    hint: 'Read it again.',
  })
}

/** Every event stands where it has to; a page may be short, not empty. */
export function checkContiguous(backend: Backend, streamId: string, events: readonly StoredEvent[], from: number, step: number): void {
  let wanted = from
  for (const { version } of events) {
    if (version !== wanted) break
    wanted += step
  }
  if (events.length > 0 && wanted === from + step * events.length) return
  const found = events[Math.abs(wanted - from)]
  const instead = found === undefined ? 'nothing' : `version ${found.version}`
  throw new CorruptStreamError(
    `stream ${JSON.stringify(streamId)} has a hole: version ${wanted} is missing, and ${instead} stands in its place.`,
    {
      adapter: backend.name,
      streamId,
      hint: 'Restore it from a backup; do not append until it is mended.',
    },
  )
}

/** A first page is small, since nothing is known of the events yet, unless the backend counts their bytes itself. */
export function firstPageSize(backend: Backend, pageSize: number): number {
  return backend.pageSize === undefined ? Math.min(pageSize, 100) : pageSize
}

/** As many events as should fit {@link pageBytes}, going by those seen. */
export function nextPageSize(events: readonly StoredEvent[], size: number, pageSize: number): number {
  if (events.length === 0) return Math.min(pageSize, size * 4)
  let bytes = 0
  for (const event of events) bytes += payloadBytes(event)
  const fitting = Math.floor(pageBytes / Math.max(1, bytes / events.length))
  return Math.max(1, Math.min(pageSize, fitting))
}
