import type { CaseContext, ConformanceCase } from '../../case.js'
import type { EventStoreAdapter, Subscription } from '../../../adapter.js'
import type { Position } from '../../../event.js'
import { follow, timesCaughtUp } from '../follow.js'
import { endOfLog, filledLog } from '../log-views.js'
import { inverseOf } from '../../inverse.js'
import { eventIds, filled } from '../views.js'

/** A subscription of each kind that the adapter has, to what the case has stored. */
function kinds(
  t: CaseContext,
  adapter: EventStoreAdapter,
  streamId: string,
  since: Position | undefined,
  options: { signal?: AbortSignal } = {},
): Subscription[] {
  return [
    adapter.subscribeToStream(streamId, options),
    ...(t.declares('readAll') ? [adapter.subscribeToAll({ after: since, ...options })] : []),
  ]
}

export const sub06: ConformanceCase = {
  id: 'SUB-06',
  title: 'a slow consumer loses nothing and slows nobody but itself',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A buffer without a bound, or one that drops what does not fit.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 2 })
    const { streamId, events } = await filled(t, adapter, 3)
    const slow = adapter.subscribeToStream(streamId)[Symbol.asyncIterator]()
    const first = await slow.next()
    await using quick = follow(t, adapter.subscribeToStream(streamId))
    for (let n = 0; n < 60; n += 1) {
      const more = t.events(1)
      await adapter.appendToStream(streamId, more)
      events.push(...more)
    }
    await quick.until('everything', () => quick.events.length === events.length)
    t.deepEqual(eventIds(quick.events), eventIds(events), 'the quick one has everything, while the slow one stands still')
    const seen = [first.value]
    while (seen.length < events.length) seen.push((await t.within(10_000, slow.next(), 'the slow one goes on')).value)
    t.deepEqual(
      seen.map((event) => event?.id),
      eventIds(events),
      'the slow one misses nothing',
    )
    await slow.return?.()
  },
}

export const sub07: ConformanceCase = {
  id: 'SUB-07',
  title: "an error in the loop's body reaches the caller and frees all; resuming redelivers; an error of the source is thrown",
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A subscription that swallows errors: the projection stands still and nobody knows.',
  async run(t) {
    const adapter = await t.adapter()
    const since = t.declares('readAll') ? await endOfLog(adapter) : undefined
    const { streamId, events } = await filled(t, adapter, 5)
    for (const make of [
      () => adapter.subscribeToStream(streamId),
      ...(t.declares('readAll') ? [() => adapter.subscribeToAll({ after: since })] : []),
    ]) {
      const failure = new Error('the handler fails')
      let handled = 0
      const handling = (async () => {
        for await (const { streamId: of } of make()) {
          if (of === streamId) handled += 1
          if (handled === 3) throw failure
        }
      })()
      await t.rejectsWith(handling, failure, 'the error of the body reaches the caller')
      t.equal(handled, 3, 'nothing is delivered after it')
    }
    await using reader = follow(t, adapter.subscribeToStream(streamId, { after: 2 }))
    await reader.until('caught up', () => timesCaughtUp(reader) === 1)
    t.deepEqual(eventIds(reader.events), eventIds(events.slice(2)), 'resumed after the last that was handled: it comes again')
    for (const after of [-1, 1.5, Number.NaN, 'x' as never])
      await t.rejects(() => adapter.subscribeToStream(streamId, { after }), 'invalid-argument', {}, `after ${String(after)} is thrown`)
    await t.part({ capability: 'readAll' }, async () => {
      await t.rejects(() => adapter.subscribeToAll({ after: 'no position' }), 'invalid-argument', {}, 'a malformed position is thrown')
    })
  },
}

export const sub08: ConformanceCase = {
  id: 'SUB-08',
  title: 'abort rejects with its reason; break and dispose end quietly; within 1 s, while waiting too',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A worker that cannot be stopped, or that takes a shutdown for an error.',
  async run(t) {
    const adapter = await t.adapter()
    const since = t.declares('readAll') ? await endOfLog(adapter) : undefined
    const { streamId } = await filled(t, adapter, 3)
    const control = (): { readonly abort: AbortController; readonly reason: Error } => ({
      abort: new AbortController(),
      reason: new Error('the caller has had enough'),
    })
    for (const index of kinds(t, adapter, streamId, since).keys()) {
      const { abort, reason } = control()
      const reader = follow(t, kinds(t, adapter, streamId, since, { signal: abort.signal })[index] as Subscription)
      await reader.until('caught up, so waiting', () => timesCaughtUp(reader) === 1)
      abort.abort(reason)
      const ended = await t.within(1000, reader.ended, 'an abort ends a waiting subscription')
      t.ok(ended !== 'quietly' && ended.error === reason, 'an abort rejects with its reason')

      const inside = control()
      const body = (async () => {
        for await (const _event of kinds(t, adapter, streamId, since, { signal: inside.abort.signal })[index] as Subscription)
          inside.abort.abort(inside.reason)
      })()
      await t.rejectsWith(
        t.within(1000, body, 'an abort in the body ends it'),
        inside.reason,
        'an abort in the body rejects with its reason',
      )

      const before = control()
      before.abort.abort(before.reason)
      const never = kinds(t, adapter, streamId, since, { signal: before.abort.signal })[index] as Subscription
      await t.rejectsWith(never[Symbol.asyncIterator]().next(), before.reason, 'an abort before the start rejects with its reason')

      let seen = 0
      const broken = (async () => {
        for await (const _event of kinds(t, adapter, streamId, since)[index] as Subscription) {
          seen += 1
          if (seen === 2) break
        }
      })()
      await t.within(1000, broken, 'break ends it')
      t.equal(seen, 2, 'nothing is delivered after a break')

      const disposed = kinds(t, adapter, streamId, since)[index] as Subscription
      const waiting = follow(t, disposed)
      await waiting.until('caught up, so waiting', () => timesCaughtUp(waiting) === 1)
      await t.within(1000, Promise.resolve(disposed[Symbol.asyncDispose]()), 'dispose resolves')
      t.equal(await t.within(1000, waiting.ended, 'dispose ends it'), 'quietly', 'dispose ends it quietly')
    }
  },
}

export const sub09: ConformanceCase = {
  id: 'SUB-09',
  title: 'a missing stream is waited for, a soft-deleted one too',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A subscription that ends, or throws, because nothing is there yet.',
  async run(t) {
    const adapter = await t.adapter()
    const missing = t.stream('missing')
    await using reader = follow(t, adapter.subscribeToStream(missing))
    await reader.until('caught up', () => timesCaughtUp(reader) === 1)
    const events = t.events(2)
    await adapter.appendToStream(missing, events)
    await reader.until('its first events', () => reader.events.length === 2)
    t.deepEqual(eventIds(reader.events), eventIds(events), 'the first events of a stream that was missing')
    await t.part({ capability: 'deleteStream' }, async () => {
      const { streamId } = await filled(t, adapter, 3)
      await adapter.deleteStream(streamId)
      await using again = follow(t, adapter.subscribeToStream(streamId))
      await again.until('caught up', () => timesCaughtUp(again) === 1)
      t.deepEqual(eventIds(again.events), [], 'a deleted stream has no history')
      const late = t.events(1)
      await adapter.appendToStream(streamId, late)
      await again.until('the event that re-creates it', () => again.events.length === 1)
      t.deepEqual([again.events[0]?.id, again.events[0]?.version], [late[0]?.id, 4], 'the event that re-creates it')
    })
  },
}

export const sub11: ConformanceCase = {
  id: 'SUB-11',
  title: 'close() ends every subscription within 1 s with ClosedError, waiting ones and ones that are not being read too',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A process that does not end, since a subscription waits for ever.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 3 })
    const since = t.declares('readAll') ? await endOfLog(adapter) : undefined
    const { streamId } = await filled(t, adapter, 5)
    const waiting = kinds(t, adapter, streamId, since).map((subscription) => follow(t, subscription))
    for (const reader of waiting) await reader.until('caught up', () => timesCaughtUp(reader) === 1)
    const suspended = adapter.subscribeToStream(streamId)[Symbol.asyncIterator]()
    await suspended.next()
    await t.within(1000, adapter.close(), 'close does not wait for subscriptions')
    for (const reader of waiting) {
      const ended = await t.within(1000, reader.ended, 'close ends a waiting subscription')
      await t.rejects(
        () => (ended === 'quietly' ? undefined : Promise.reject(ended.error as Error)),
        'closed',
        {},
        'it ends with ClosedError',
      )
    }
    await t.rejects(() => suspended.next(), 'closed', {}, 'the next next() of one that was not being read')
  },
}

export const sub12: ConformanceCase = {
  id: 'SUB-12',
  title: 'messages() tells the events as iterated; checkpoints of a filtered log rise and are safe to resume from',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'A checkpoint beyond an event that was not delivered.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 2 })
    const since = await endOfLog(adapter)
    const streamId = t.stream()
    for (let n = 0; n < 24; n += 1) await adapter.appendToStream(streamId, t.events(1, { type: n % 8 === 3 ? 'Rare' : 'Common' }))
    const filter = { eventTypes: ['Rare'], streamIdPrefix: streamId }
    await using reader = follow(t, adapter.subscribeToAll({ after: since, filter }))
    await reader.until('caught up', () => timesCaughtUp(reader) === 1)
    const iterated: string[] = []
    for await (const { id } of adapter.subscribeToAll({ after: since, filter })) {
      iterated.push(id)
      if (iterated.length === 3) break
    }
    t.deepEqual(eventIds(reader.events), iterated, 'messages() and the subscription itself give the same events')
    const checkpoints = reader.messages.flatMap((message) => (message.kind === 'checkpoint' ? [message.position] : []))
    t.ok(checkpoints.length > 0, 'there are checkpoints where nothing matched')
    const falls = checkpoints.filter(
      (position, index) => index > 0 && adapter.comparePositions(checkpoints[index - 1] ?? '', position) >= 0,
    )
    t.deepEqual(falls, [], 'checkpoints rise')
    for (const [index, message] of reader.messages.entries()) {
      if (message.kind !== 'checkpoint') continue
      const left = reader.messages.slice(index).flatMap((later) => (later.kind === 'event' ? [later.event.id] : []))
      t.deepEqual(eventIds(await adapter.readAll({ after: message.position, filter }).toArray()), left, 'resumed from a checkpoint')
    }
  },
  inverse: inverseOf('readAll'),
}

export const sub13: ConformanceCase = {
  id: 'SUB-13',
  title: 'a tombstone under a live subscription, or before it, ends it with StreamDeletedError',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'tombstoneStream' },
  rationale: 'Waiting for ever for a stream that cannot come back.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 2)
    const reader = follow(t, adapter.subscribeToStream(streamId))
    await reader.until('caught up', () => timesCaughtUp(reader) === 1)
    await adapter.tombstoneStream(streamId)
    const ended = await t.within(10_000, reader.ended, 'a tombstone ends a live subscription')
    const members = { streamId, tombstoned: true }
    await t.rejects(() => (ended === 'quietly' ? undefined : Promise.reject(ended.error as Error)), 'stream-deleted', members, 'it ends so')
    await t.rejects(() => adapter.subscribeToStream(streamId), 'stream-deleted', members, 'one that starts on a tombstone')
  },
  inverse: inverseOf('tombstoneStream'),
}

export const sub14: ConformanceCase = {
  id: 'SUB-14',
  title: 'nothing happens before the first next(); a second iterator of one subscription is refused',
  section: 'SUB',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Subscriptions that start when made: what comes before somebody listens is lost, or kept for nobody.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId, events } = await filled(t, adapter, 2)
    const subscription = adapter.subscribeToStream(streamId, { after: 'end' })
    const more = t.events(2)
    await adapter.appendToStream(streamId, more)
    await using reader = follow(t, subscription)
    await reader.until('caught up', () => timesCaughtUp(reader) === 1)
    t.deepEqual(eventIds(reader.events), [], "'end' is where the stream ended at the first next()")
    const late = t.events(1)
    await adapter.appendToStream(streamId, late)
    await reader.until('what came', () => reader.events.length === 1)
    t.deepEqual(eventIds(reader.events), eventIds(late), 'the first iterator goes on undisturbed')
    const unused = adapter.subscribeToStream(streamId)
    await t.within(1000, Promise.resolve(unused[Symbol.asyncDispose]()), 'one that was never iterated is disposed of')
    const taken = adapter.subscribeToStream(streamId)
    await using first = follow(t, taken)
    await first.until('its history', () => first.events.length >= events.length)
    await t.rejects(() => taken, 'invalid-argument', {}, 'a second iterator of events')
    await t.rejects(() => taken.messages(), 'invalid-argument', {}, 'a second iterator of messages')
    await adapter.appendToStream(streamId, t.events(1))
    await first.until('what came', () => first.events.length === events.length + more.length + late.length + 1)
    await t.part({ capability: 'readAll' }, async () => {
      const log = await filledLog(t, adapter, 3)
      const all = adapter.subscribeToAll({ after: log.since })
      await using following = follow(t, all)
      await following.until('caught up', () => timesCaughtUp(following) === 1)
      await t.rejects(() => all, 'invalid-argument', {}, 'a second iterator of the log')
    })
  },
}
