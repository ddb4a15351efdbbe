import type { BackendCall, StoredEvent } from '@millrace/core'
import type { Session } from './client.js'
import type { CancellableRead, DriverResolvedEvent } from './driver.js'
import { fromDriverEvent, roughSize, saw } from './event-data.js'
import { mayHideTombstone, typeOf } from './map-error.js'
import { isTombstoned } from './refused-append.js'

/** What a read of a stream came to. */
export type StreamRead =
  /** `end`: the stream had no more in this direction, as many as asked for were there, or the bytes were full. */
  | { readonly status: 'found'; readonly events: readonly StoredEvent[]; readonly end: 'whole' | 'count' | 'bytes' }
  /** Missing, soft-deleted, or with nothing but metadata. */
  | { readonly status: 'not-found' }
  | { readonly status: 'tombstoned' }

export interface StreamWindow {
  readonly direction: 'forwards' | 'backwards'
  /** Revision of the first event wanted. `'start'` only forwards, `'end'` only backwards: the server and 1.3.1 answer anything else with nonsense. */
  readonly from: bigint | 'start' | 'end'
  /** At least 1: the server fails on 0. */
  readonly maxCount: number
  readonly maxBytes: number
}

/** One call. */
export async function readStream(session: Session, streamName: string, window: StreamWindow, call: BackendCall): Promise<StreamRead> {
  const { direction, from: fromRevision, maxCount, maxBytes } = window
  try {
    const read = session.client().readStream(streamName, { direction, fromRevision, maxCount, requiresLeader: true, resolveLinkTos: false })
    const { events, cut } = await collect(session, read, maxBytes, call)
    return { status: 'found', events, end: cut ? 'bytes' : events.length < maxCount ? 'whole' : 'count' }
  } catch (error) {
    if (typeOf(error) === 'stream-not-found') return { status: 'not-found' }
    if (typeOf(error) === 'stream-deleted') return { status: 'tombstoned' }
    if (mayHideTombstone(error, streamName) && (await isTombstoned(session, streamName, call))) return { status: 'tombstoned' }
    throw error
  }
}

/**
 * Takes all events of a read, or what fits `maxBytes`. Whatever ends it early cancels the call on the server: 100 reads that are merely left
 * make every further call of the process to that server hang.
 */
export async function collect(
  session: Session,
  read: AsyncIterable<DriverResolvedEvent>,
  maxBytes: number,
  call: BackendCall,
): Promise<{ readonly events: readonly StoredEvent[]; readonly cut: boolean }> {
  const iterator = read[Symbol.asyncIterator]()
  const events: StoredEvent[] = []
  let bytes = 0
  let ended = false
  const take = async (): Promise<void> => {
    while (bytes < maxBytes) {
      const next = await iterator.next()
      if (next.done === true) {
        ended = true
        return
      }
      const { event } = next.value
      if (event === undefined) continue
      saw(session, event.position)
      events.push(fromDriverEvent(event, session.wholeSeconds))
      bytes += roughSize(event.data) + roughSize(event.metadata)
    }
  }
  // An error that comes when nobody reads any more would end the process.
  ;(read as { on?(event: 'error', listener: () => void): unknown }).on?.('error', () => undefined)
  try {
    await call.unlessAborted('signal', take())
    return { events, cut: !ended }
  } finally {
    if (!ended) leave(read, iterator)
  }
}

/** Cancels a read without waiting for it: of 1.3.1 the next events, or the error, may be long in coming. */
function leave(read: AsyncIterable<DriverResolvedEvent>, iterator: AsyncIterator<DriverResolvedEvent>): void {
  const { cancel, destroy } = read as CancellableRead
  cancel?.call(read).catch(() => undefined)
  if (destroy !== undefined) destroy.call(read)
  else iterator.return?.().catch(() => undefined)
}
