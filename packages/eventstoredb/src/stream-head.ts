import type { BackendCall, StreamHead } from '@millrace/core'
import type { Session } from './client.js'
import { isObject } from './event-data.js'
import { readStream } from './read-events.js'
import { readVersion } from './refused-append.js'

/** The metadata stream of a stream, as it stands. */
export interface Metastream {
  /** Revision + 1 of its last event; 0: none. */
  readonly version: number
  /** All of it, with the server's own `$` keys and ours. */
  readonly content: Readonly<Record<string, unknown>>
  /** The stream is soft-deleted: that is a truncation point no event ever reaches. */
  readonly deleted: boolean
  /** First visible version as far as the truncation point says. */
  readonly firstVersion: number
  /** Version at the last soft delete, 0 where there was none. */
  readonly baseVersion: number
}

/**
 * What of ours stands in stream metadata, under the key `$millrace`.
 *
 * The server re-creates a soft-deleted stream by a truncation point alone, `{ "$tb": version }`, in place of all metadata. So a point that
 * stands without our mark is where a life began; our own writes keep that version in `base`, and say in `set` whether the user has set
 * metadata, which may be an empty object. A truncation by another client reads as a new life: harmless, nothing but retries with
 * `'noStream'` look at it.
 */
export interface OwnMetadata {
  readonly base: number
  readonly set: boolean
}

/** Beyond every revision, also once a client has rounded it. */
const never = Number.MAX_SAFE_INTEGER

/** Undefined: the stream is tombstoned. The revision that the clients give with metadata is a position of the log, so the stream itself is read. */
export async function readMetastream(session: Session, streamId: string, call: BackendCall): Promise<Metastream | undefined> {
  const read = await readStream(session, `$$${streamId}`, lastOne, call)
  if (read.status === 'tombstoned') return undefined
  const event = read.status === 'found' ? read.events[0] : undefined
  const value = event !== undefined && 'value' in event.data ? event.data.value : undefined
  const content = isObject(value) ? value : {}
  const point = typeof content.$tb === 'number' ? content.$tb : 0
  const deleted = point >= never
  return {
    version: event?.version ?? 0,
    content,
    deleted,
    firstVersion: point + 1,
    baseVersion: deleted ? 0 : (ownMetadata(content)?.base ?? point),
  }
}

export function ownMetadata({ $millrace }: Readonly<Record<string, unknown>>): OwnMetadata | undefined {
  if (!isObject($millrace) || typeof $millrace.base !== 'number') return undefined
  return { base: $millrace.base, set: $millrace.set === true }
}

const lastOne = { direction: 'backwards', from: 'end', maxCount: 1 } as const
const firstOne = { direction: 'forwards', from: 'start', maxCount: 1 } as const
const tombstoned: StreamHead = { status: 'tombstoned', version: 0, firstVersion: 1, baseVersion: 0 }

/** The head, and the metadata that belongs to it. */
export interface Look {
  readonly head: StreamHead
  /** Undefined: tombstoned. */
  readonly metastream: Metastream | undefined
}

export async function readHead(session: Session, streamId: string, call: BackendCall): Promise<StreamHead> {
  return (await lookAtHead(session, streamId, call)).head
}

/**
 * One consistent state, of two reads: the end of the stream, and then its metadata. Whatever hides events writes metadata, so the two belong
 * together when the metadata was the same before; metadata that was never written was so at any time.
 */
export async function lookAtHead(session: Session, streamId: string, call: BackendCall): Promise<Look> {
  let before = 0
  for (;;) {
    const tip = await readStream(session, streamId, lastOne, call)
    if (tip.status === 'tombstoned') return { head: tombstoned, metastream: undefined }
    if (tip.status === 'not-found') {
      // Missing for certain, and no version has to be asked for, which takes the right to append.
      const metastream = await readMetastream(session, streamId, call)
      if (metastream?.version === 0) return { head: { ...tombstoned, status: 'missing' }, metastream }
      before = metastream?.version ?? before
    }
    const last = tip.status === 'found' ? tip.events[0] : undefined
    const version = last?.version ?? (await readVersion(session, streamId, call))
    const metastream = await readMetastream(session, streamId, call)
    if (metastream === undefined || version === undefined) return { head: tombstoned, metastream: undefined }
    const changed = metastream.version !== before
    before = metastream.version
    // A stream that was not found and has a version by now was appended to meanwhile.
    if (changed || (tip.status === 'not-found' && version > 0 && !metastream.deleted)) continue
    if (metastream.deleted) return { head: { status: 'deleted', version, firstVersion: version + 1, baseVersion: version }, metastream }
    if (version === 0) return { head: { ...tombstoned, status: 'missing' }, metastream }
    const firstVersion = last === undefined ? version + 1 : await firstVisible(session, streamId, metastream, call)
    return {
      head: { status: 'live', version, firstVersion: Math.min(firstVersion, version + 1), baseVersion: metastream.baseVersion },
      metastream,
    }
  }
}

/** Limits by count or age, which others may have set, hide events without a trace in the metadata: there the first event is read. */
async function firstVisible(session: Session, streamId: string, { content, firstVersion }: Metastream, call: BackendCall): Promise<number> {
  if (content.$maxCount === undefined && content.$maxAge === undefined) return firstVersion
  const read = await readStream(session, streamId, firstOne, call)
  return read.status === 'found' ? (read.events[0]?.version ?? firstVersion) : firstVersion
}
