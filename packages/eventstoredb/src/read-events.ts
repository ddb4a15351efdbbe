import type { BackendCall, StoredEvent } from '@millrace/core'
import type { Session } from './client.js'
import type { DriverRead, DriverReadable, DriverResolvedEvent } from './driver.js'
import { fromDriverEvent, roughSize, saw } from './event-data.js'
import { mayHideTombstone, typeOf } from './map-error.js'
import { isTombstoned } from './refused-append.js'

/** What a read of a stream came to. */
export type StreamRead =
  /** `open`: more may come, from where this came from. Undefined: the stream had no more in this direction, or as many as asked for were there. */
  | { readonly status: 'found'; readonly events: readonly StoredEvent[]; readonly open: OpenRead | undefined }
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

/** What is taken of a read at once. */
export interface Part {
  readonly count: number
  /** About the most bytes of payload. */
  readonly maxBytes: number
}

/** One call, and the first part of its answer; who is given it `open` leaves it. */
export async function openStream(
  session: Session,
  streamName: string,
  window: StreamWindow,
  part: Part,
  call: BackendCall,
): Promise<StreamRead> {
  const { direction, from: fromRevision, maxCount } = window
  const options = { direction, fromRevision, maxCount, requiresLeader: true, resolveLinkTos: false }
  const open = openRead(session, session.client().readStream(streamName, options))
  try {
    const events = await open.take(part, call)
    const found = { status: 'found', events, open: open.isOpen() ? open : undefined } as const
    if (session.nativeReads) open.leave()
    return found
  } catch (error) {
    if (typeOf(error) === 'stream-not-found') return { status: 'not-found' }
    if (typeOf(error) === 'stream-deleted') return { status: 'tombstoned' }
    if (mayHideTombstone(error, streamName) && (await isTombstoned(session, streamName, call))) return { status: 'tombstoned' }
    throw error
  }
}

/** As {@link openStream}, for few events: all of them, or what fits `maxBytes`. */
export async function readStream(
  session: Session,
  streamName: string,
  window: StreamWindow,
  call: BackendCall,
  maxBytes: number = Infinity,
): Promise<StreamRead> {
  const read = await openStream(session, streamName, window, { count: Infinity, maxBytes }, call)
  if (read.status === 'found') read.open?.leave()
  return read
}

/** Takes all events of a read, or what fits `maxBytes`. */
export async function collect(
  session: Session,
  read: DriverRead,
  maxBytes: number,
  call: BackendCall,
): Promise<{ readonly events: readonly StoredEvent[]; readonly cut: boolean }> {
  const open = openRead(session, read)
  const events = await open.take({ count: Infinity, maxBytes }, call)
  const cut = open.isOpen()
  open.leave()
  return { events, cut }
}

/** A read that is taken part by part, one after the other; in between, the buffers of client and connection fill, and the server waits. */
export interface OpenRead {
  /** The next events. A failure, also by `call.signal`, ends the read. */
  take(part: Part, call: BackendCall): Promise<readonly StoredEvent[]>
  /** False: there is no more, or it was left. */
  isOpen(): boolean
  /**
   * Ends the call on the server, if it goes on: 100 reads that are merely left make every further call of the process to that server hang.
   * Nothing is waited for.
   *
   * 6.2.1 cancels it. Nothing cancels one of 1.3.1, whose native code lets go of a call when the garbage collector finds it; until then what
   * has come and was not taken fills the window of the connection, and three such calls make every read of the client hang. So it is taken
   * to its end.
   */
  leave(): void
}

function openRead(session: Session, read: DriverRead): OpenRead {
  const source = 'read' in read ? pullReadable(read) : pullGenerator(read[Symbol.asyncIterator]())
  let next: IteratorResult<DriverResolvedEvent> | undefined
  let state: 'open' | 'ended' | 'left' = 'open'

  async function takeNext({ count, maxBytes }: Part): Promise<StoredEvent[]> {
    const events: StoredEvent[] = []
    const { nativeReads } = session
    let bytes = 0
    let last: DriverResolvedEvent['event']
    for (;;) {
      if (next === undefined) {
        const pulled = source.next()
        next = pulled instanceof Promise ? await pulled : pulled
      }
      if (next.done === true) {
        state = 'ended'
        break
      }
      // One more than wanted was looked at, to know whether there is one.
      if (events.length >= count || bytes >= maxBytes) break
      const { event } = next.value
      next = undefined
      if (event === undefined) continue
      events.push(fromDriverEvent(event, nativeReads))
      bytes += roughSize(event.data) + roughSize(event.metadata)
      if (events.length === 1) saw(session, event.position)
      last = event
    }
    saw(session, last?.position)
    return events
  }
  function leave(): void {
    if (state !== 'open') return
    state = 'left'
    source.leave().catch(() => undefined)
  }

  return {
    async take(part, call) {
      try {
        return await call.unlessAborted('signal', takeNext(part))
      } catch (error) {
        leave()
        throw error
      }
    },
    isOpen: () => state === 'open',
    leave,
  }
}

/** Where events come from, pulled: an iterator whose answers are promises only where they have to be waited for. */
interface Source {
  next(): IteratorResult<DriverResolvedEvent> | Promise<IteratorResult<DriverResolvedEvent>>
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
