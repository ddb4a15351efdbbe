import type { BackendCall, StoredEvent, StreamHead, StreamPage, StreamPageRequest } from '@millrace/core'
import type { Session } from './client.js'
import { readStream } from './read-events.js'
import { readHead } from './stream-head.js'

/**
 * A page in one call, as far as the answer itself tells what core has to know of the head:
 * - fewer events than asked for: the stream ends here, forwards at its tip, backwards at its first visible event;
 * - the window is full, or the read ends with this page: its events are all that matters;
 * - a later page that begins where it should: an event is visible, so nothing up to it was hidden since.
 *
 * Otherwise the head is looked up after the events, and both are looked up again when something was hidden meanwhile. So versions and
 * `firstVersion` of a page's head are true as far as the window reaches, not beyond it.
 */
export async function readPage(session: Session, request: StreamPageRequest, call: BackendCall): Promise<StreamPage> {
  const { streamId, direction, from, to, limit, maxBytes, known, wanted = limit } = request
  const forwards = direction === 'forwards'
  const room = forwards ? (to ?? Infinity) - (from ?? 1) + 1 : (from ?? Infinity) - (to ?? 1) + 1
  if (room < 1) return { head: await readHead(session, streamId, call), events: [] }

  // One more of a first page tells whether the stream ends there.
  const maxCount = Math.min(wanted, room, known === undefined ? limit + 1 : limit)
  const first = from === undefined ? (forwards ? 'start' : 'end') : BigInt(from - 1)
  for (;;) {
    const read = await readStream(session, streamId, { direction, from: first, maxCount }, call, maxBytes)
    if (read.status !== 'found')
      return { head: { ...nothing, status: read.status === 'tombstoned' ? 'tombstoned' : 'missing' }, events: [] }
    const given = untilGap(read.events, forwards)
    // The window may begin or end where nothing is visible, and then the server gives what lies beyond.
    const within = given.filter(({ version }) => to === undefined || (forwards ? version <= to : version >= to))
    const events = within.length > limit ? within.slice(0, limit) : within
    const [top, last] = [events[0]?.version, events.at(-1)?.version]
    if (top === undefined || last === undefined) {
      const head = await readHead(session, streamId, call)
      // Empty because there was nothing: or there is by now, so look again.
      if (!overlaps(head, direction, from, to)) return { head, events }
      continue
    }
    if (known !== undefined && top === from) return { head: known, events }
    const [high, low] = forwards ? [last, top] : [top, last]
    if (!read.cut && read.events.length <= limit && given.length === read.events.length) {
      const reachesFirst = forwards ? top > (from ?? 1) : given.length < maxCount
      return { head: { status: 'live', version: high, firstVersion: reachesFirst ? low : 1, baseVersion: 0 }, events }
    }
    const head = await readHead(session, streamId, call)
    if (head.status !== 'live') return { head, events: [] }
    if (head.firstVersion > low) continue
    // Backwards from the end, the end is where the first event stood, whatever was appended since.
    return { head: forwards || top === from ? head : { ...head, version: top }, events }
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
