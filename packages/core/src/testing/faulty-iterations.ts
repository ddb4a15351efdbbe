import type { EventIterable, Subscription, SubscriptionMessage } from '../adapter.js'
import type { EventLike, Position, RecordedEvent } from '../event.js'
import type { FaultDice } from './with-faults.js'

/** A read that is refused breaks off at one of its first so many events. */
const cutsWithin = 10

/** Each iteration may be refused, or break off. */
export function faultyRead<E extends EventLike>(events: EventIterable<E>, roll: () => FaultDice): EventIterable<E> {
  async function* iterate(): AsyncGenerator<RecordedEvent<E>, void, undefined> {
    const chance = roll()
    await chance.delay()
    if (chance.strikes('unavailable')) throw chance.unavailable()
    let left = chance.strikes('cutRead') ? chance.int(cutsWithin) : Infinity
    if (left === 0) throw chance.unavailable()
    for await (const event of events) {
      yield event
      left -= 1
      if (left === 0) throw chance.unavailable()
    }
    // It broke off after the last event: the reader cannot know that this was all.
    if (left < Infinity) throw chance.unavailable()
  }
  return {
    [Symbol.asyncIterator]: iterate,
    async toArray() {
      const all: RecordedEvent<E>[] = []
      for await (const event of iterate()) all.push(event)
      return all
    },
  }
}

/** Where a subscription goes on: behind the last event that was delivered. */
export interface ResumePoint {
  readonly version: number
  readonly position: Position | undefined
}

/** A subscription that loses its source now and then, says so, and resumes by itself. */
export function faultySubscription<E extends EventLike>(
  subscribe: (after: ResumePoint | undefined) => Subscription<E>,
  roll: () => FaultDice,
): Subscription<E> {
  const first = subscribe(undefined)
  let current = first
  let chance: FaultDice | undefined
  let last: ResumePoint | undefined

  function messages(): AsyncIterableIterator<SubscriptionMessage<E>> {
    let inner = first.messages()[Symbol.asyncIterator]()
    let cut = false
    return {
      [Symbol.asyncIterator]() {
        return this
      },
      async next() {
        chance ??= roll()
        if (cut) {
          cut = false
          await inner.return?.()
          current = subscribe(last)
          inner = current.messages()[Symbol.asyncIterator]()
          return { done: false, value: { kind: 'disconnected', error: chance.unavailable() } }
        }
        const result = await inner.next()
        if (result.done !== true && result.value.kind === 'event') {
          const { version, position } = result.value.event
          last = { version, position }
          cut = chance.strikes('cutSubscription')
        }
        return result
      },
      async return() {
        await inner.return?.()
        return { done: true, value: undefined }
      },
    }
  }

  return {
    messages,
    [Symbol.asyncIterator]() {
      const inner = messages()
      return {
        async next() {
          for (;;) {
            const result = await inner.next()
            if (result.done === true) return { done: true, value: undefined }
            if (result.value.kind === 'event') return { done: false, value: result.value.event }
          }
        },
        async return() {
          await inner.return?.()
          return { done: true, value: undefined }
        },
      }
    },
    [Symbol.asyncDispose]: () => current[Symbol.asyncDispose](),
  }
}
