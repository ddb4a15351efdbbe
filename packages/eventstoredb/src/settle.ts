import type { AppendOutcome, AppendRequest, BackendCall, StoredEvent, StreamHead } from '@millrace/core'
import type { Session } from './client.js'
import type { DriverPosition } from './driver.js'
import { fromToken } from './event-data.js'
import { collect, readStream } from './read-events.js'
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
 * memory.
 */
export async function settleAny(
  session: Session,
  request: AppendRequest,
  searched: Searched,
  send: (expected: number | 'noStream') => Promise<AppendOutcome>,
  call: BackendCall,
): Promise<AppendOutcome> {
  const { streamId, expected } = request
  for (;;) {
    const head = await readHead(session, streamId, call)
    const found = await search(session, request, head, searched, call)
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

/** The events of a call that were found, by their place in it. */
type Hits = Map<number, StoredEvent>

/** The ids in the stream, from its end as far back as they may be; in the log where a part of the stream cannot be seen. Undefined: nowhere. */
async function search(
  session: Session,
  request: AppendRequest,
  { status, version, firstVersion }: StreamHead,
  searched: Searched,
  call: BackendCall,
): Promise<AppendOutcome | undefined> {
  if (status === 'deleted' || status === 'tombstoned') return searchLog(session, request, searched, call)
  const { since } = searched
  const hits: Hits = new Map()
  let { earlier } = searched
  let newest: StoredEvent | undefined
  for (let from = version; from >= firstVersion && earlier >= 0;) {
    const window = { direction: 'backwards', from: BigInt(from - 1), maxCount: 100 } as const
    const read = await readStream(session, request.streamId, window, call, 4 << 20)
    if (read.status !== 'found' || read.events.length === 0) throw unsettled('the stream was changed meanwhile')
    newest ??= read.events[0]
    for (const event of read.events) {
      if (since !== undefined && isBefore(event, since) && (earlier -= 1) < 0) break
      collectHit(request, hits, event)
    }
    from = (read.events.at(-1)?.version ?? 1) - 1
  }
  const found = result(request, hits)
  // A part of the batch may be hidden too.
  if (found === undefined && firstVersion > 1 && earlier >= 0) return searchLog(session, request, searched, call)
  if (found === undefined) moveOn(searched, newest)
  return found
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
  const maxCount = 100
  let newest: StoredEvent | undefined
  for (let fromPosition: DriverPosition | 'end' = 'end'; ;) {
    const read = session.client().readAll({ direction: 'backwards', fromPosition, maxCount, requiresLeader: true })
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
