import type { EventStoreAdapter, Subscription, SubscriptionMessage } from '../../../adapter.js'
import type { CaseContext, ConformanceCase, TestEvent } from '../../case.js'
import type { Position } from '../../../event.js'
import { pausePart } from '../../pause.js'
import { type Following, follow, timesCaughtUp } from '../follow.js'
import { endOfLog, positionOf } from '../log-views.js'
import { eventIds } from '../views.js'

/** Few enough for any buffer, and more than one batch of a source that pushes. */
const histories = [6, 130]

export const sub15: ConformanceCase = {
  id: 'SUB-15',
  title: 'to a slow consumer neither a checkpoint nor caughtUp overtakes events that wait to be delivered',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Notices that do not go the way of the events: who resumes from one that came too early loses what still waited.',
  async run(t) {
    const adapter = await t.adapter()
    for (const count of histories) {
      t.step(`a stream of ${count}`)
      const streamId = t.stream()
      const wanted = await append(t, adapter, streamId, count)
      const subscribe = (): Subscription => adapter.subscribeToStream(streamId)
      const messages = await slowly(t, subscribe, wanted, () => append(t, adapter, streamId, 40))
      t.deepEqual(idsIn(messages), eventIds(wanted), 'the slow one gets every event of the stream once, in order')
      for (const { delivered, message } of said(messages, 'caughtUp'))
        t.ok(
          (message.version ?? Infinity) <= delivered,
          `caughtUp comes after every event up to there: version ${message.version ?? 'unknown'}, ${delivered} were delivered`,
        )
    }
    await t.part({ capability: 'readAll' }, async () => {
      for (const count of histories) {
        t.step(`a log of ${count}`)
        await slowOnTheLog(t, adapter, count)
      }
    })
  },
}

async function slowOnTheLog(t: CaseContext, adapter: EventStoreAdapter, count: number): Promise<void> {
  const since = await endOfLog(adapter)
  const streamId = t.stream()
  const filter = { eventTypes: [`Wanted-${streamId}`] }
  const appendMixed = (some: number): Promise<TestEvent[]> => append(t, adapter, streamId, some, filter.eventTypes[0])
  const wanted = await appendMixed(count)
  const subscribe = (after = since): Subscription => adapter.subscribeToAll({ after, filter })
  const messages = await slowly(t, subscribe, wanted, () => appendMixed(40))
  t.deepEqual(idsIn(messages), eventIds(wanted), 'the slow one gets every event of the filter once, in order')
  const stored = await adapter.readAll({ after: since, filter }).toArray()
  const upTo = (position: Position | undefined): number =>
    position === undefined ? 0 : stored.filter((event) => adapter.comparePositions(positionOf(event), position) <= 0).length
  for (const { delivered, message } of [...said(messages, 'checkpoint'), ...said(messages, 'caughtUp')]) {
    const reached = upTo(message.position)
    t.ok(reached <= delivered, `${message.kind} comes after every event up to there: ${reached} lie there, ${delivered} were delivered`)
  }
  // As a projection does that stopped there.
  const checkpoints = said(messages, 'checkpoint')
  for (const { delivered, message } of [checkpoints[0], checkpoints[Math.floor(checkpoints.length / 2)]].filter(
    (one) => one !== undefined,
  )) {
    await using resumed = follow(t, subscribe(message.position))
    await resumed.until('the rest', () => resumed.events.length >= wanted.length - delivered)
    t.deepEqual(eventIds(resumed.events), eventIds(wanted.slice(delivered)), 'resumed from a checkpoint: all that was not delivered comes')
  }
}

/** Appends so many events of the type; among those of a filter, others that it passes over. */
async function append(t: CaseContext, adapter: EventStoreAdapter, streamId: string, count: number, type = 'Wanted'): Promise<TestEvent[]> {
  const wanted: TestEvent[] = []
  for (let at = 0; at < count; at += 20) {
    const batch = t.events(Math.min(20, count - at), { type })
    // Fewer than a server looks through between two checkpoints, and more.
    const others = type === 'Wanted' ? [] : t.events(1 + 16 * ((at / 20) % 4), { type: 'Other' })
    for (const part of [batch.slice(0, 10), others, batch.slice(10)]) if (part.length > 0) await adapter.appendToStream(streamId, part)
    wanted.push(...batch)
  }
  return wanted
}

/**
 * Follows slowly: after the first event, and again amid what came meanwhile, it stands still while more is appended, until somebody quicker
 * has that. So events wait wherever there is a place to wait, and notices behind them.
 */
async function slowly(
  t: CaseContext,
  subscribe: () => Subscription,
  wanted: TestEvent[],
  appendMore: () => Promise<TestEvent[]>,
): Promise<SubscriptionMessage[]> {
  const messages: SubscriptionMessage[] = []
  await using quick: Following = follow(t, subscribe())
  const stops = [1, wanted.length + 5]
  const iterator = subscribe().messages()[Symbol.asyncIterator]()
  let events = 0
  while (events < wanted.length || !messages.some(({ kind }) => kind === 'caughtUp')) {
    const next = await t.within(10_000, iterator.next(), 'the slow one goes on')
    if (next.done === true) break
    messages.push(next.value)
    if (next.value.kind !== 'event') continue
    events += 1
    if (events === stops[0]) {
      stops.shift()
      wanted.push(...(await appendMore()))
      await quick.until('all so far', () => quick.events.length >= wanted.length && timesCaughtUp(quick) === 1)
    }
    await pausePart(t.random, 0)
  }
  await iterator.return?.()
  return messages
}

/** Each message of this kind, and how many events came before it. */
function said<K extends 'checkpoint' | 'caughtUp'>(messages: readonly SubscriptionMessage[], kind: K) {
  return messages.flatMap((message, index) =>
    message.kind === kind
      ? [{ message: message as Extract<SubscriptionMessage, { kind: K }>, delivered: idsIn(messages.slice(0, index)).length }]
      : [],
  )
}

function idsIn(messages: readonly SubscriptionMessage[]): string[] {
  return messages.flatMap((message) => (message.kind === 'event' ? [message.event.id] : []))
}
