import type { AppendOutcome, AppendRequest, BackendCall, StoredEvent, StreamHead } from '@millrace/core'
import type { Session } from './client.js'
import type { DriverPosition } from './driver.js'
import { fromToken } from './event-data.js'
import { type StreamRead, collect, readStream } from './read-events.js'
import { readHead } from './stream-head.js'

/** Events from before the first sending that are searched too. Ids that the server still recognised then are of an earlier call, and stored there. */
const recent = 1000

/** Where the events of a lost call need not be looked for. It moves on with each search, so that no round and no further attempt searches anew. */
export interface Searched {
  /** Nothing of the call lies up to here. Undefined: nothing is known of the log. */
  since: DriverPosition | undefined
  /** But for so many events of the stream, which are searched all the same. */
  earlier: number
}

export function searchedBefore(since: DriverPosition | undefined): Searched {
  return { since, earlier: recent }
}

/** What cannot be settled now, in the words of `map-error.ts`. */
const unsettled = (message: string): Error => Object.assign(new Error(message), { type: 'unsettled' })

/**
 * Settles an `'any'` or `'streamExists'` append whose answer was lost. The server would know the ids again only until it is restarted, which may
 * be just what lost the answer. So the stream is searched for them, back to where the log stood before the first sending, and a little further;
 * and when they are not there, they are sent with the exact version that was searched, by which the server would store known ids again. If the
 * first sending is stored in between, that is refused, and the search finds it; if it arrives later still, the leader has the ids fresh in its
 * memory. The price: a soft delete by another between search and sending is undone, since the server takes the exact version of a deleted stream,
 * also where `'streamExists'` was asked for. Sent as that, it could be stored twice after a failover.
 */
export async function settleAny(
  session: Session,
  request: AppendRequest,
  searched: Searched,
  send: (expected: number | 'noStream') => Promise<AppendOutcome>,
  call: BackendCall,
): Promise<AppendOutcome> {
  const { expected } = request
  for (;;) {
    const { head, found } = await search(session, request, searched, call)
    if (found !== undefined) return found
    if (head.status === 'tombstoned') return { status: 'tombstoned' }
    if (expected === 'streamExists' && head.status === 'deleted') return { status: 'deleted' }
    if (expected === 'streamExists' && head.status === 'missing') return { status: 'wrong-version', actualVersion: 0 }
    const outcome = await send(head.version === 0 ? 'noStream' : head.version)
    if (outcome.status === 'appended' || outcome.status === 'stored') return outcome
  }
}

/** Of an append with a version that was sent again: where its place is hidden, or the stream gone, the log tells whether the first one was stored. */
export async function settleExact(
  session: Session,
  request: AppendRequest,
  searched: Searched,
  outcome: AppendOutcome,
  call: BackendCall,
): Promise<AppendOutcome> {
  if (outcome.status === 'appended' || outcome.status === 'stored') return outcome
  const { status, firstVersion, baseVersion } = await readHead(session, request.streamId, call)
  const place = (typeof request.expected === 'number' ? request.expected : baseVersion) + 1
  // Core looks at what can be seen.
  if (outcome.status === 'wrong-version' && status !== 'deleted' && status !== 'tombstoned' && place >= firstVersion) return outcome
  const { since } = searched
  const found = await searchLog(session, request, searched, call)
  // Of a log searched to its beginning it may be an earlier call with the same ids.
  if (since === undefined && found?.status === 'stored' && found.firstVersion !== place) throw unsettled('the place cannot be seen')
  if (found !== undefined) return found
  return outcome.status === 'wrong-version' ? { ...outcome, idsCompared: true } : outcome
}

/** Events that are asked for in a call. */
const maxCount = 100

interface Search {
  readonly head: Pick<StreamHead, 'status' | 'version'>
  /** Undefined: nowhere. */
  readonly found: AppendOutcome | undefined
}

/** The events of a call that were found, by their place in it. */
type Hits = Map<number, StoredEvent>

/**
 * The ids in the stream, from its end as far back as they may be; in the log where a part of the stream cannot be seen. The head is the one from before
 * the search, mostly as its last event tells it: the fewer calls between the two and the sending, the better its chance against other writers.
 */
async function search(session: Session, request: AppendRequest, searched: Searched, call: BackendCall): Promise<Search> {
  const { since } = searched
  const hits: Hits = new Map()
  let { earlier } = searched
  let tip: StoredEvent | undefined
  let hidden = false
  for (let from: bigint | 'end' = 'end'; ;) {
    const read: StreamRead = await readStream(session, request.streamId, { direction: 'backwards', from, maxCount }, call, 4 << 20)
    if (read.status !== 'found' && tip !== undefined) throw unsettled('the stream was changed meanwhile')
    const events = read.status === 'found' ? read.events : []
    tip ??= events[0]
    if (tip === undefined) return searchUnseen(session, request, searched, call)
    for (const event of events) {
      if (since !== undefined && isBefore(event, since) && (earlier -= 1) < 0) break
      collectHit(request, hits, event)
    }
    const last = events.at(-1)
    hidden = last === undefined
    if (earlier < 0 || last === undefined || last.version === 1) break
    from = BigInt(last.version - 2)
  }
  const head = { status: 'live', version: tip.version } as const
  const found = result(request, hits)
  // A part of the batch may be hidden too.
  if (found === undefined && hidden) return { head, found: await searchLog(session, request, searched, call) }
  if (found === undefined) moveOn(searched, tip)
  return { head, found }
}

/** The same of a stream of which nothing can be seen. */
async function searchUnseen(session: Session, request: AppendRequest, searched: Searched, call: BackendCall): Promise<Search> {
  const head = await readHead(session, request.streamId, call)
  const { status, version, firstVersion } = head
  if (status === 'live' && version >= firstVersion) throw unsettled('the stream was changed meanwhile')
  return { head, found: status === 'missing' ? undefined : await searchLog(session, request, searched, call) }
}

/**
 * The ids in the log, from its end as far back as they may be: it shows what is hidden in the stream. Where nothing is known of the log, back to its
 * beginning, as far as the time allows.
 */
async function searchLog(
  session: Session,
  request: AppendRequest,
  searched: Searched,
  call: BackendCall,
): Promise<AppendOutcome | undefined> {
  const { since } = searched
  const hits: Hits = new Map()
  let newest: StoredEvent | undefined
  for (let fromPosition: DriverPosition | 'end' = 'end'; ;) {
    const read = session.reader().readAll({ direction: 'backwards', fromPosition, maxCount, requiresLeader: true })
    const { events, cut } = await collect(session, read, 4 << 20, call)
    newest ??= events[0]
    const reached = events.findIndex((event) => since !== undefined && isBefore(event, since))
    for (const event of reached === -1 ? events : events.slice(0, reached))
      if (event.streamId === request.streamId) collectHit(request, hits, event)
    const found = result(request, hits)
    if (found !== undefined) return found
    const last = events.at(-1)?.position
    if (reached !== -1 || last === undefined || (!cut && events.length < maxCount)) break
    fromPosition = fromToken(last)
  }
  moveOn(searched, newest)
  return undefined
}

/** All up to this event was searched, and nothing found. */
function moveOn(searched: Searched, newest: StoredEvent | undefined): void {
  if (newest?.position === undefined) return
  searched.earlier = 0
  if (searched.since === undefined || !isBefore(newest, searched.since)) searched.since = fromToken(newest.position)
}

function isBefore({ position }: StoredEvent, since: DriverPosition): boolean {
  return position !== undefined && fromToken(position).commit <= since.commit
}

function collectHit({ events }: AppendRequest, hits: Hits, event: StoredEvent): void {
  const index = events.findIndex(({ id }) => id === event.id)
  if (index !== -1 && !hits.has(index)) hits.set(index, event)
}

/** Only one sending of the call puts all its ids side by side. */
function result({ events }: AppendRequest, hits: Hits): AppendOutcome | undefined {
  const [first, last] = [hits.get(0), hits.get(events.length - 1)]
  if (first === undefined || last === undefined || hits.size < events.length || last.version - first.version !== events.length - 1)
    return undefined
  return { status: 'stored', firstVersion: first.version, version: last.version, position: last.position }
}
