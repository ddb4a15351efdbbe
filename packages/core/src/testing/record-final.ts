import type { EventStoreAdapter } from '../adapter.js'
import { isStreamDeletedError } from '../errors.js'
import type { Position } from '../event.js'
import { matches } from '../read-log.js'
import type { History, HistoryEvent, Operation } from './history.js'
import type { OpenSubscription } from './record-iterations.js'
import type { Recording } from './recorder.js'

type Final = Pick<History, 'streams' | 'log'>

/** How long subscriptions, and reads of a store without strong ones, may take to get everything. */
const settleMs = 10_000
/** Looks at a store that does not come to rest. */
const mostLooks = 20

/** What is stored once all has come to rest: two looks, one after the other, that are the same and hold everything acknowledged. */
export async function readFinal(recording: Recording, adapter: EventStoreAdapter, since: Position | undefined): Promise<Final> {
  const { operations, subscriptions } = recording
  const streamIds = [...new Set(operations.flatMap(streamsOf))].filter((streamId) => recording.concerns(streamId))
  const endsAt = performance.now() + settleMs
  let final = await look(recording, adapter, streamIds, since)
  for (let looks = 1; looks < mostLooks; looks += 1) {
    const again = await look(recording, adapter, streamIds, since)
    const same = JSON.stringify(final) === JSON.stringify(again)
    final = again
    if (same && (adapter.capabilities.strongReads || performance.now() > endsAt || holdsAcknowledged(operations, final))) break
  }
  await Promise.all([...subscriptions].map((one) => untilDelivered(one, final, operations, endsAt)))
  return final
}

async function look(
  recording: Recording,
  adapter: EventStoreAdapter,
  streamIds: readonly string[],
  since: Position | undefined,
): Promise<Final> {
  const streams: Record<string, readonly HistoryEvent[]> = Object.create(null) as Record<string, never>
  for (const streamId of streamIds) {
    try {
      streams[streamId] = (await adapter.readStream(streamId).toArray()).map((event) => recording.seen(event))
    } catch (error) {
      // Tombstoned: it shows nothing any more.
      if (!isStreamDeletedError(error)) throw error
    }
  }
  if (adapter.capabilities.readAll === false) return { streams }
  const log: HistoryEvent[] = []
  for await (const event of adapter.readAll({ after: since })) if (recording.concerns(event.streamId)) log.push(recording.seen(event))
  return { streams, log }
}

function streamsOf(operation: Operation): string[] {
  if (operation.op === 'append') return operation.parts.map(({ streamId }) => streamId)
  return 'streamId' in operation && operation.streamId !== undefined ? [operation.streamId] : []
}

/** A store without strong reads shows what was acknowledged within some time. */
function holdsAcknowledged(operations: readonly Operation[], { streams }: Final): boolean {
  const stored = new Map(Object.entries(streams).map(([streamId, events]) => [streamId, new Set(events.map(({ id }) => id))]))
  return operations.every(
    (one) =>
      one.op !== 'append' ||
      one.outcome !== 'ok' ||
      one.parts.every(({ streamId, ids }) => ids.every((id) => stored.get(streamId)?.has(id) !== false)),
  )
}

/** Waits until a subscription has the last event that it should get, has ended, or the time is up: then the checker says `unseen`. */
async function untilDelivered(
  subscription: OpenSubscription,
  final: Final,
  operations: readonly Operation[],
  endsAt: number,
): Promise<void> {
  const last = lastDue(subscription, final, operations)
  if (last === undefined) return
  const { operation } = subscription
  let release = (): void => undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, endsAt - performance.now()))
    const check = (): void => {
      if (!operation.live || operation.events.some(({ id, streamId }) => id === last.id && streamId === last.streamId)) resolve()
    }
    release = subscription.onChange(check)
    check()
  })
  clearTimeout(timer)
  release()
}

/** The last event that a subscription has to deliver, if there is one behind its beginning. */
function lastDue({ operation }: OpenSubscription, { streams, log }: Final, operations: readonly Operation[]): HistoryEvent | undefined {
  const { streamId, after, filter, caughtUp } = operation
  const events = (streamId === undefined ? log : streams[streamId]) ?? []
  const start = typeof after === 'number' ? after : events.findIndex(({ position }) => position === after) + 1
  const due = events
    .slice(start)
    .filter(({ type = '', ...event }) => filter === undefined || matches({ ...event, type, streamType: event.streamType }, filter))
  const last = due.at(-1)
  if (after !== 'end' || last === undefined) return last
  const append = operations.find(
    (one) => one.op === 'append' && one.parts.some((part) => part.streamId === last.streamId && part.ids.includes(last.id)),
  )
  return append !== undefined && caughtUp !== undefined && append.invoke > caughtUp ? last : undefined
}
