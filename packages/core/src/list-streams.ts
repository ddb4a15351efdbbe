import type { StreamInfo } from './adapter.js'
import { type Ending, createLeaving } from './on-abort.js'

export interface StreamListing {
  readonly prefix: string
  readonly limit: number
  guard(): void
  page(request: { readonly prefix: string; readonly after: string | undefined; readonly limit: number }): Promise<{
    readonly streams: readonly StreamInfo[]
    readonly next: string | undefined
  }>
}

/** Streams page by page; each iteration starts afresh. Cases: RDS-17. */
export function listStreams(start: (gone: Ending) => StreamListing, pageSize: number): AsyncIterable<StreamInfo> {
  return {
    async *[Symbol.asyncIterator]() {
      const gone = createLeaving()
      try {
        const listing = start(gone.signal)
        let left = listing.limit
        let after: string | undefined
        while (left > 0) {
          const page = await listing.page({ prefix: listing.prefix, after, limit: Math.min(left, pageSize) })
          for (const stream of page.streams.slice(0, left)) {
            left -= 1
            yield stream
            listing.guard()
          }
          if (page.next === undefined) return
          after = page.next
        }
      } finally {
        gone.leave('the reader has left')
      }
    },
  }
}
