import { type Followed, type LogFilter, type Position, type StoredEvent, StreamDeletedError, ownCall } from '@millrace/core'
import type { Session } from './client.js'
import type { DriverPosition, DriverResolvedEvent, DriverSubscription } from './driver.js'
import { fromDriverEvent, fromToken, toToken } from './event-data.js'
import { mayHideTombstone, typeOf } from './map-error.js'
import { isSystemEvent } from './read-all.js'
import { isTombstoned } from './refused-append.js'

/** Events that one message holds at most. */
const batch = 100
/** Records between two checkpoints of a filtered subscription: the server's own default. */
const searchWindow = 32

/** The push source of a stream: `after` is exclusive, as the server has it. A missing or soft-deleted stream is waited for. */
export async function* followStream(
  session: Session,
  { streamId, after }: { readonly streamId: string; readonly after: number },
  signal: AbortSignal,
): AsyncGenerator<Followed, void, undefined> {
  const fromRevision = after === 0 ? 'start' : BigInt(after - 1)
  const open = (): DriverSubscription =>
    session.client().subscribeToStream(streamId, { fromRevision, requiresLeader: true, resolveLinkTos: false })
  const gone = (): StreamDeletedError => new StreamDeletedError({ streamId, tombstoned: true, adapter: 'eventstoredb' })
  try {
    for await (const followed of follow(session, open, signal)) {
      // A tombstone is told twice: as an event of the stream, and as its end.
      if (followed.kind === 'events' && followed.events.some(({ type }) => type === '$streamDeleted')) {
        const events = followed.events.filter(({ type }) => type !== '$streamDeleted')
        if (events.length > 0) yield { kind: 'events', events }
        throw gone()
      }
      yield followed
    }
  } catch (error) {
    if (typeOf(error) === 'stream-deleted') throw gone()
    if (mayHideTombstone(error, streamId) && (await ownCall(signal, (call) => isTombstoned(session, streamId, call)))) throw gone()
    throw error
  }
}

/**
 * The push source of the log. The server filters by the name of the stream: not its own, or the caller's prefix; or by the event types. What else
 * a filter asks is left to core. Checkpoints say how far the server has looked, and are resumed from.
 */
export async function* followLog(
  session: Session,
  { after, filter }: { readonly after: Position | undefined; readonly filter: LogFilter | undefined },
  signal: AbortSignal,
): AsyncGenerator<Followed, void, undefined> {
  const fromPosition = after === undefined ? 'start' : fromToken(after)
  const open = (checkpointReached: Checkpoint): DriverSubscription =>
    session.client().subscribeToAll({
      fromPosition,
      requiresLeader: true,
      resolveLinkTos: false,
      filter: { ...toServerFilter(filter), maxSearchWindow: searchWindow, checkpointInterval: 1, checkpointReached },
    })
  for await (const followed of follow(session, open, signal)) {
    if (followed.kind !== 'events') yield followed
    else {
      const events = followed.events.filter((event) => !isSystemEvent(event))
      if (events.length > 0) yield { kind: 'events', events }
    }
  }
}

/**
 * By regular expression, not by the server's lists of prefixes, which it compares as its culture sees fit. Every character that is no ASCII letter
 * or digit is written by its code.
 */
function toServerFilter(filter: LogFilter | undefined): { readonly filterOn: 'streamName' | 'eventType'; readonly regex: string } {
  const { streamIdPrefix = '', eventTypes } = filter ?? {}
  if (streamIdPrefix !== '') return { filterOn: 'streamName', regex: `^${literal(streamIdPrefix)}` }
  if (eventTypes !== undefined) return { filterOn: 'eventType', regex: `^(?:${eventTypes.map(literal).join('|')})$` }
  return { filterOn: 'streamName', regex: '^[^$]' }
}

function literal(text: string): string {
  return text.replaceAll(/[^0-9A-Za-z]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

type Checkpoint = (subscription: unknown, position: DriverPosition) => Promise<void>

/**
 * What a subscription gives, pulled: it is read only as fast as it is iterated, so the buffers of client and connection fill, and the
 * server waits.
 *
 * `caughtUp` may overtake events that are still in the client's buffer, so it is said once that is empty. A checkpoint holds the client until it
 * was given, so that nothing after it comes before. That the source ended, or how it failed, is told after what came before.
 */
async function* follow(
  session: Session,
  open: (checkpointReached: Checkpoint) => DriverSubscription,
  signal: AbortSignal,
): AsyncGenerator<Followed, void, undefined> {
  signal.throwIfAborted()
  let wake: (() => void) | undefined
  let told = false
  let caughtUp = false
  let failed: { readonly error: unknown } | undefined
  let ended = false
  let checkpoint: { readonly position: DriverPosition; given(): void } | undefined
  const tell = (): void => {
    told = true
    wake?.()
  }
  const subscription = open((_subscription, position) => {
    return new Promise((given) => {
      checkpoint = { position, given }
      tell()
    })
  })
  // One that comes when nobody listens any more would end the process.
  subscription.on('error', (error: unknown) => {
    failed ??= { error }
    tell()
  })
  // The server confirms a subscription before all else. One that it never answers, over a connection that is well, nobody else ends.
  const unanswered = setTimeout(() => {
    failed ??= { error: Object.assign(new Error('the subscription was not confirmed in time'), { type: 'deadline-exceeded' }) }
    tell()
  }, session.timeoutMs)
  subscription.on('confirmation', () => clearTimeout(unanswered))
  subscription.on('caughtUp', () => {
    caughtUp = true
    tell()
  })
  subscription.on('readable', tell)
  subscription.on('end', () => {
    ended = true
    tell()
  })
  let left = false
  const leave = (): void => {
    if (left) return
    left = true
    clearTimeout(unanswered)
    checkpoint?.given()
    subscription.unsubscribe().catch(() => undefined)
    subscription.destroy()
    tell()
  }
  signal.addEventListener('abort', leave)
  try {
    for (;;) {
      signal.throwIfAborted()
      told = false
      const events = take(session, subscription)
      if (events.length > 0) {
        yield { kind: 'events', events }
        // Meanwhile more has come, and whatever was told since comes after it.
        continue
      }
      if (caughtUp) {
        caughtUp = false
        yield { kind: 'caughtUp' }
        // As above: a checkpoint that was reached meanwhile covers events that have come meanwhile.
        continue
      }
      if (checkpoint !== undefined) {
        const { position, given } = checkpoint
        checkpoint = undefined
        yield { kind: 'checkpoint', position: toToken(position) }
        given()
      }
      if (told) continue
      if (failed !== undefined) throw failed.error
      if (ended) return
      await new Promise<void>((resolve) => {
        wake = resolve
        if (told) resolve()
      })
      wake = undefined
    }
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
  }
}

/** What the client has ready, up to a batch. */
function take(session: Session, subscription: DriverSubscription): StoredEvent[] {
  const events: StoredEvent[] = []
  while (events.length < batch) {
    const next = subscription.read() as DriverResolvedEvent | null
    if (next === null) break
    if (next.event !== undefined) events.push(fromDriverEvent(next.event, session.nativeReads))
  }
  return events
}
