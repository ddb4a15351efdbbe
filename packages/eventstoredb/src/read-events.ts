import { type BackendCall, type StoredEvent, payloadBytes } from '@millrace/core'
import type { Session } from './client.js'
import type { DriverRead, DriverReadable, DriverResolvedEvent } from './driver.js'
import { fromDriverEvent, saw } from './event-data.js'
import { mayHideTombstone, typeOf } from './map-error.js'
import { isTombstoned } from './refused-append.js'

/** What a read of a stream came to. */
export type StreamRead =
  /** `cut`: what came after these did not fit. Otherwise the stream had no more in this direction, or as many as asked for were there. */
  | { readonly status: 'found'; readonly events: readonly StoredEvent[]; readonly cut: boolean }
  /** Missing, soft-deleted, or with nothing but metadata. */
  | { readonly status: 'not-found' }
  | { readonly status: 'tombstoned' }

export interface StreamWindow {
  readonly direction: 'forwards' | 'backwards'
  /** Revision of the first event wanted. `'start'` only forwards, `'end'` only backwards: the server and 1.3.1 answer anything else with nonsense. */
  readonly from: bigint | 'start' | 'end'
  /** At least 1: the server fails on 0. */
  readonly maxCount: number
}

/** One call: all of its events, or what fits `maxBytes`. */
export async function readStream(
  session: Session,
  streamName: string,
  window: StreamWindow,
  call: BackendCall,
  maxBytes: number = Infinity,
): Promise<StreamRead> {
  const { direction, from: fromRevision, maxCount } = window
  const options = { direction, fromRevision, maxCount, requiresLeader: true, resolveLinkTos: false }
  try {
    return { status: 'found', ...(await collect(session, session.reader().readStream(streamName, options), maxBytes, call)) }
  } catch (error) {
    if (typeOf(error) === 'stream-not-found') return { status: 'not-found' }
    if (typeOf(error) === 'stream-deleted') return { status: 'tombstoned' }
    if (mayHideTombstone(error, streamName) && (await isTombstoned(session, streamName, call))) return { status: 'tombstoned' }
    throw error
  }
}

/** Takes all events of a read, or what fits `maxBytes`, and at least one. Whatever ends it early leaves the call, see {@link Source}. */
export async function collect(
  session: Session,
  read: DriverRead,
  maxBytes: number,
  call: BackendCall,
): Promise<{ readonly events: readonly StoredEvent[]; readonly cut: boolean }> {
  const source = 'read' in read ? pullReadable(read) : pullGenerator(read[Symbol.asyncIterator]())
  const { nativeReads } = session
  const reader = session.reader()
  const events: StoredEvent[] = []
  let ended = false

  async function take(): Promise<void> {
    let bytes = 0
    let last: DriverResolvedEvent['event']
    while (bytes < maxBytes) {
      const pulled = source.next()
      const next = pulled instanceof Promise ? await pulled : pulled
      if (next.done === true) {
        ended = true
        break
      }
      const { event } = next.value
      if (event === undefined) continue
      const stored = fromDriverEvent(event, nativeReads)
      events.push(stored)
      bytes += payloadBytes(stored)
      if (last === undefined) saw(session, event.position)
      last = event
    }
    saw(session, last?.position)
  }

  try {
    await call.unlessAborted('signal', take())
    return { events, cut: !ended }
  } catch (error) {
    session.readFailed(reader, error)
    throw error
  } finally {
    if (!ended) source.leave().catch(() => undefined)
  }
}

/** Where events come from, pulled: an iterator whose answers are promises only where they have to be waited for. */
interface Source {
  next(): IteratorResult<DriverResolvedEvent> | Promise<IteratorResult<DriverResolvedEvent>>
  /**
   * Ends the call on the server, if it goes on: 100 reads that are merely left make every further call of the process to that server hang.
   * Nobody needs to wait for it: of 1.3.1 the next events, or the error, may be long in coming.
   *
   * 6.2.1 cancels the call. Nothing cancels one of 1.3.1, whose native code lets go of it when the garbage collector finds it; until then what
   * has come and was not taken fills the window of the connection, and three such calls make every read of the client hang. So it is taken
   * to its end.
   */
  leave(): Promise<unknown>
}

function pullGenerator(events: AsyncIterator<DriverResolvedEvent>): Source {
  return {
    next: () => events.next(),
    async leave() {
      while ((await events.next()).done !== true);
    },
  }
}

/** Reads of 6.2.1 are streams of Node.js; the iterator that these have costs more than all else about a short read. */
function pullReadable(read: DriverReadable): Source {
  let wake: (() => void) | undefined
  let failed: { readonly error: unknown } | undefined
  let ended = false
  // Also that an error that comes when nobody reads any more does not end the process.
  read.on('error', (error: unknown) => {
    failed ??= { error }
    wake?.()
  })
  const readable = (): void => wake?.()
  read.on('readable', readable)
  read.on('end', () => {
    ended = true
    wake?.()
  })
  const ready = (): IteratorResult<DriverResolvedEvent> | undefined => {
    const value = read.read() as DriverResolvedEvent | null
    return value === null ? undefined : { done: false, value }
  }
  async function wait(): Promise<IteratorResult<DriverResolvedEvent>> {
    while (failed === undefined && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      const next = ready()
      if (next !== undefined) return next
    }
    if (failed !== undefined) throw failed.error
    return { done: true, value: undefined }
  }
  return {
    next: () => ready() ?? wait(),
    leave() {
      // Run dry, not destroyed: what has come already is never at its end while nobody takes it, and the client's `dispose()` waits for that.
      read.off('readable', readable)
      read.resume()
      return read.cancel()
    },
  }
}
