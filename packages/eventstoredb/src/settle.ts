import type { AppendOutcome, AppendRequest, BackendCall, Position, StreamHead } from '@millrace/core'
import type { Session } from './client.js'
import { compareTokens } from './event-data.js'
import { readStream } from './read-events.js'
import { readHead } from './stream-head.js'

/** What cannot be settled now, in the words of `map-error.ts`. */
const unsettled = (message: string): Error => Object.assign(new Error(message), { type: 'unsettled' })

/**
 * Settles an `'any'` or `'streamExists'` append whose answer was lost. The server would know the ids again only until it is restarted, which may
 * be just what lost the answer. So the stream is searched for them, back to where the log stood before the first sending; and when they are
 * not there, they are sent with the exact version that was searched. If the first sending is stored in between, that is refused, and the
 * search finds it; if it arrives later still, the leader has the ids fresh in its memory.
 */
export async function settleAny(
  session: Session,
  request: AppendRequest,
  since: Position | undefined,
  send: (expected: number | 'noStream') => Promise<AppendOutcome>,
  call: BackendCall,
): Promise<AppendOutcome> {
  const { streamId, expected } = request
  for (;;) {
    const head = await readHead(session, streamId, call)
    if (head.status === 'deleted' || head.status === 'tombstoned') throw unsettled('the stream was deleted since')
    const found = await search(session, request, head, since, call)
    if (found !== undefined) return found
    if (expected === 'streamExists' && head.status === 'missing') return { status: 'wrong-version', actualVersion: 0 }
    const outcome = await send(head.version === 0 ? 'noStream' : head.version)
    if (outcome.status !== 'wrong-version') return truly(outcome)
  }
}

/** Of an append with a version that is sent again: what hides its place leaves open whether the first sending was stored. */
export async function settleExact(
  session: Session,
  request: AppendRequest,
  outcome: AppendOutcome,
  call: BackendCall,
): Promise<AppendOutcome> {
  if (outcome.status !== 'wrong-version') return truly(outcome)
  const { status, firstVersion, baseVersion } = await readHead(session, request.streamId, call)
  const place = (typeof request.expected === 'number' ? request.expected : baseVersion) + 1
  if (status === 'deleted' || status === 'tombstoned' || place < firstVersion) throw unsettled('the place of the events was hidden since')
  return outcome
}

function truly(outcome: AppendOutcome): AppendOutcome {
  if (outcome.status === 'deleted' || outcome.status === 'tombstoned') throw unsettled('the stream was deleted since')
  return outcome
}

/** The ids, wherever they stand from the end of the stream back to `since`. Undefined: nowhere. */
async function search(
  session: Session,
  { streamId, events }: AppendRequest,
  { version, firstVersion }: StreamHead,
  since: Position | undefined,
  call: BackendCall,
): Promise<AppendOutcome | undefined> {
  const ids = new Map(events.map(({ id }, index) => [id, index]))
  const hits = new Map<number, { readonly version: number; readonly position: Position | undefined }>()
  for (let from = version; from >= firstVersion;) {
    const read = await readStream(
      session,
      streamId,
      { direction: 'backwards', from: BigInt(from - 1), maxCount: 100, maxBytes: 4 << 20 },
      call,
    )
    if (read.status !== 'found' || read.events.length === 0) throw unsettled('the stream was changed meanwhile')
    for (const event of read.events) {
      if (since !== undefined && event.position !== undefined && compareTokens(event.position, since) <= 0)
        return result(events.length, hits, version)
      const index = ids.get(event.id)
      if (index !== undefined && !hits.has(index)) hits.set(index, event)
    }
    from = (read.events.at(-1)?.version ?? 1) - 1
  }
  if (hits.size === 0 && firstVersion > 1) throw unsettled('a part of the stream was hidden since')
  return result(events.length, hits, version)
}

/** A part of the ids, or another order, was stored by others before. */
function result(
  count: number,
  hits: ReadonlyMap<number, { readonly version: number; readonly position: Position | undefined }>,
  actualVersion: number,
): AppendOutcome | undefined {
  if (hits.size === 0) return undefined
  const [first, last] = [hits.get(0), hits.get(count - 1)]
  const whole = first !== undefined && last !== undefined && hits.size === count && last.version - first.version === count - 1
  if (!whole) return { status: 'wrong-version', actualVersion, idsCompared: true }
  return { status: 'stored', firstVersion: first.version, version: last.version, position: last.position }
}
