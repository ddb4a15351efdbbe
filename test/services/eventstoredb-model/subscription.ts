import { type NodeData, type StoredEvent, firstVisibleOf, indexAt, isSoftDeleted, isTombstoned, tipOf } from './node-data.js'
import { type From, isInLog } from './read.js'

export type SubscriptionMessage =
  | { readonly kind: 'confirmation' }
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'checkpoint'; readonly position: bigint }
  | { readonly kind: 'caughtUp' }

/**
 * A subscription as a cursor: `next` gives what there is to say now, or nothing until the node has written more. `'deleted'` is the end.
 * A reader who is slow leaves the cursor where it is.
 */
export interface Cursor {
  next(): SubscriptionMessage | 'deleted' | undefined
}

/** What a subscription says whether it follows a stream or the log: confirmation, history, caughtUp, live. */
function cursorOf(
  data: NodeData,
  advance: () => SubscriptionMessage | 'deleted' | undefined,
  atCaughtUp: () => SubscriptionMessage | undefined,
): Cursor {
  const { confirmed, caughtUp } = data.rules.subscriptions
  const before: SubscriptionMessage[] = confirmed ? [{ kind: 'confirmation' }] : []
  if (caughtUp === 'before history') before.push({ kind: 'caughtUp' })
  let live = caughtUp !== 'after history'
  return {
    next() {
      const first = before.shift()
      if (first !== undefined) return first
      const message = advance()
      if (message !== undefined || live) return message
      live = true
      before.push({ kind: 'caughtUp' })
      return atCaughtUp() ?? before.shift()
    },
  }
}

/** Follows a stream from after a revision. A stream that is missing or deleted is waited for. */
export function followStream(data: NodeData, stream: string, from: From): Cursor | 'deleted' {
  const rules = data.rules.subscriptions
  if (isTombstoned(data, stream) && rules.ofTombstoned === 'deleted') return 'deleted'
  const tip = tipOf(data, stream)
  let next = 0n
  if (from.kind === 'at') next = rules.streamStart === 'exclusive' ? from.at + 1n : from.at
  if (from.kind === 'at' && from.at > tip && rules.future === 'deliver') next = tip + 1n
  if (from.kind === 'end' && rules.fromEnd === 'live only') next = tip + 1n
  let ended = false
  const advance = (): SubscriptionMessage | 'deleted' | undefined => {
    if (ended) return rules.tombstoneEnds ? 'deleted' : undefined
    const hidden = isSoftDeleted(data, stream) ? tipOf(data, stream) + 1n : firstVisibleOf(data, stream)
    if (next < hidden) next = hidden
    const event = data.streams.get(stream)?.[Number(next)]
    if (event !== undefined) {
      next += 1n
      return { kind: 'event', event }
    }
    if (!data.tombstoned.has(stream)) return undefined
    ended = true
    const shown = data.log.find((one) => one.stream === stream && one.revision === data.rules.all.tombstone.revision)
    return rules.tombstoneShown && shown !== undefined ? { kind: 'event', event: shown } : advance()
  }
  return cursorOf(data, advance, () => undefined)
}

export interface LogFilter {
  matches(event: StoredEvent): boolean
  /** A checkpoint at least so often, in records looked at; undefined: no checkpoints. */
  readonly checkpointEvery: number | undefined
}

/** Follows the log from after a position. A position that is no record's start starts after it. */
export function followAll(data: NodeData, from: From, { matches, checkpointEvery }: LogFilter): Cursor {
  const rules = data.rules.subscriptions
  let index = 0
  if (from.kind === 'end') index = data.log.length
  let after = -1n
  if (from.kind === 'at') {
    after = rules.allStart === 'exclusive' ? from.at : from.at - 1n
    index = indexAt(data, after + 1n)
  }
  let considered = 0
  let seen = -1n
  let said = -1n
  const waiting: SubscriptionMessage[] = []
  const checkpoint = (): SubscriptionMessage | undefined => {
    if (checkpointEvery === undefined || seen < 0n || seen === said) return undefined
    said = seen
    return { kind: 'checkpoint', position: seen }
  }
  const advance = (): SubscriptionMessage | undefined => {
    for (;;) {
      const first = waiting.shift()
      if (first !== undefined) return first
      const event = data.log[index]
      if (event === undefined) return undefined
      index += 1
      // A start that lies ahead: what comes before it was not asked for.
      if (event.position <= after) continue
      considered += 1
      seen = event.position
      if (isInLog(data, event) && matches(event)) waiting.push({ kind: 'event', event })
      if (checkpointEvery !== undefined && considered >= checkpointEvery) {
        considered = 0
        const due = checkpoint()
        if (due !== undefined && rules.checkpoint === 'before the event') waiting.unshift(due)
        else if (due !== undefined) waiting.push(due)
      }
    }
  }
  const atCaughtUp = (): SubscriptionMessage | undefined => {
    // Live events are counted anew.
    considered = 0
    return rules.checkpointAtCaughtUp ? checkpoint() : undefined
  }
  return cursorOf(data, advance, atCaughtUp)
}
