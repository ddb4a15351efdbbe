import type { BackendCall, StoredEvent, StreamHead, StreamPage, StreamPageRequest } from '@millrace/core'
import type { Session } from './client.js'
import { type OpenRead, openStream } from './read-events.js'
import { readHead } from './stream-head.js'

/** Pages that one call is asked for. So what is hidden while a stream is read is noticed that many pages later at most. */
const pagesPerCall = 5
/** A server lets a process have about a hundred calls at a time; appends wait behind the others. */
const mostKept = 20
/** A call that nobody takes from for so long is given back. */
const keptMs = 5000

/** Pages of streams of one adapter. */
export type ReadPage = (request: StreamPageRequest, call: BackendCall) => Promise<StreamPage>

/**
 * A page, and how its reader goes on: a call is asked for several pages, and kept for the next one. It ends with its read; of a reader who takes
 * his time it is given back, and each of his further pages is a call of its own. With 1.3.1 that is so from the first page on: what is open
 * there and not taken from holds up the other reads, see {@link OpenRead}.
 *
 * As far as the answer itself tells what core has to know of the head, nothing else is asked:
 * - fewer events than asked for: the stream ends here, forwards at its tip, backwards at its first visible event;
 * - the window is full, or the read ends with this page: its events are all that matters;
 * - a later page that begins where it should: an event is visible, so nothing up to it was hidden since.
 *
 * Otherwise the head is looked up after the first events, and both are looked up again when something was hidden meanwhile. So versions and
 * `firstVersion` of a page's head are true as far as the window reaches, not beyond it. What the call gives after that belongs to the same
 * life of the stream up to the head's version, which core reads no further than: were that life over, nothing of it would be given.
 */
export function createReadPage(session: Session, pageSize: number): ReadPage {
  /** By the head that core gives back, which is of one read only. */
  const kept = new Map<StreamHead, Pick<OpenRead, 'take' | 'leave'>>()
  const slow = new WeakSet<StreamHead>()

  function keep(head: StreamHead, open: OpenRead, whenOver: NonNullable<StreamPageRequest['whenOver']>): void {
    const leave = (): void => {
      kept.delete(head)
      clearTimeout(timer)
      release()
      open.leave()
    }
    const release = whenOver(leave)
    const timer = setTimeout(() => {
      slow.add(head)
      leave()
    }, keptMs)
    timer.unref()
    kept.set(head, {
      leave,
      async take(part, call) {
        timer.refresh()
        const events = await open.take(part, call).catch(() => [])
        if (open.isOpen()) timer.refresh()
        else leave()
        return events
      },
    })
  }

  return async (request, call) => {
    const { streamId, direction, from, to, limit, maxBytes, known, wanted = limit } = request
    const forwards = direction === 'forwards'
    const room = forwards ? (to ?? Infinity) - (from ?? 1) + 1 : (from ?? Infinity) - (to ?? 1) + 1
    if (room < 1) return { head: await readHead(session, streamId, call), events: [] }

    const before = known && kept.get(known)
    if (known !== undefined && before !== undefined) {
      const events = await before.take({ count: Math.min(limit, room), maxBytes }, call)
      if (events[0]?.version === from) return { head: known, events: untilGap(events, forwards) }
      // It failed, has ended, or shows that something was hidden: a call of its own says what.
      before.leave()
      call.signal.throwIfAborted()
    }
    const keeps =
      !session.nativeReads && request.whenOver !== undefined && kept.size < mostKept && !(known !== undefined && slow.has(known))
    const most = keeps ? Math.max(limit + 1, pagesPerCall * pageSize) : known === undefined ? limit + 1 : limit
    const maxCount = Math.min(wanted, room, most)
    const first = from === undefined ? (forwards ? 'start' : 'end') : BigInt(from - 1)
    for (;;) {
      const read = await openStream(session, streamId, { direction, from: first, maxCount }, { count: limit, maxBytes }, call)
      if (read.status !== 'found')
        return { head: { ...nothing, status: read.status === 'tombstoned' ? 'tombstoned' : 'missing' }, events: [] }
      let page: StreamPage | undefined
      try {
        page = await toPage(read.events, read.open === undefined, maxCount)
      } finally {
        if (page === undefined) read.open?.leave()
      }
      if (page === undefined) continue
      if (read.open !== undefined && request.whenOver !== undefined && keeps && kept.size < mostKept)
        keep(page.head, read.open, request.whenOver)
      else read.open?.leave()
      return page
    }

    /** Undefined: something was hidden meanwhile. */
    async function toPage(all: readonly StoredEvent[], isEnd: boolean, asked: number): Promise<StreamPage | undefined> {
      // The window may begin or end where nothing is visible, and then the server gives what lies beyond.
      const given = untilGap(all, forwards)
      const within = given.filter(({ version }) => to === undefined || (forwards ? version <= to : version >= to))
      const [top, last] = [within[0]?.version, within.at(-1)?.version]
      if (top === undefined || last === undefined) {
        const head = await readHead(session, streamId, call)
        // Empty because there was nothing: or there is by now, so look again.
        return overlaps(head, direction, from, to) ? undefined : { head, events: [] }
      }
      if (known !== undefined && top === from) return { head: known, events: within }
      const [high, low] = forwards ? [last, top] : [top, last]
      if (isEnd && given.length === all.length) {
        const reachesFirst = forwards ? top > (from ?? 1) : all.length < asked
        return { head: { status: 'live', version: high, firstVersion: reachesFirst ? low : 1, baseVersion: 0 }, events: within }
      }
      const head = await readHead(session, streamId, call)
      if (head.status !== 'live') return { head, events: [] }
      if (head.firstVersion > low) return undefined
      // Backwards from the end, the end is where the first event stood, whatever was appended since.
      return { head: forwards || top === from ? head : { ...head, version: top }, events: within }
    }
  }
}

/** Without what comes after a gap: something was hidden while the server read. */
function untilGap(events: readonly StoredEvent[], forwards: boolean): readonly StoredEvent[] {
  const [first, last] = [events[0], events.at(-1)]
  if (first === undefined || last === undefined) return events
  const step = forwards ? 1 : -1
  if (last.version === first.version + step * (events.length - 1)) return events
  const gap = events.findIndex(({ version }, index) => version !== first.version + step * index)
  return gap === -1 ? events : events.slice(0, gap)
}

const nothing: Omit<StreamHead, 'status'> = { version: 0, firstVersion: 1, baseVersion: 0 }

/** Whether a window has visible events. */
function overlaps(head: StreamHead, direction: 'forwards' | 'backwards', from: number | undefined, to: number | undefined): boolean {
  if (head.status !== 'live') return false
  const [low, high] = direction === 'forwards' ? [from, to] : [to, from]
  return Math.max(low ?? 1, head.firstVersion) <= Math.min(high ?? head.version, head.version)
}
