import type { EventIterable, Subscription, SubscriptionMessage } from '../adapter.js'
import type { EventLike, RecordedEvent } from '../event.js'
import type { HistoryEvent, ReadAllOperation, ReadOperation, SubscribeOperation } from './history.js'
import type { Recording } from './recorder.js'

type Changing<T> = { -readonly [K in keyof T]: T[K] }

/** A subscription that is being followed. */
export interface OpenSubscription {
  readonly operation: Changing<SubscribeOperation>
  /** Calls back at each event and when it ends. @returns what lets go of it. */
  onChange(callback: () => void): () => void
}

/** Each iteration is a read of its own, from its first `next()` to its end, or to where it was left or broke off. */
export function recordRead<E extends EventLike>(
  recording: Recording,
  events: EventIterable<E>,
  limit: number | undefined,
  begin: () => Changing<ReadOperation> | Changing<ReadAllOperation>,
): EventIterable<E> {
  function record(): { readonly got: (event: RecordedEvent<E>) => void; readonly ended: (complete: boolean) => void } {
    const operation = begin()
    operation.outcome = 'rejected'
    const seen: HistoryEvent[] = []
    operation.events = seen
    let count = 0
    return {
      got(event) {
        count += 1
        if (recording.concerns(event.streamId)) seen.push(recording.seen(event))
      },
      ended(complete) {
        const cut = !complete || count === limit
        const says = recording.concerns(operation.op === 'read' ? operation.streamId : '') || operation.op === 'read-all'
        Object.assign(operation, { cut, return: recording.tick(), outcome: says && (complete || seen.length > 0) ? 'ok' : 'rejected' })
      },
    }
  }
  return {
    async toArray() {
      const { got, ended } = record()
      const all = await events.toArray()
      for (const event of all) got(event)
      ended(true)
      return all
    },
    [Symbol.asyncIterator]() {
      const inner = events[Symbol.asyncIterator]()
      let current: ReturnType<typeof record> | undefined
      let over = false
      function end(complete: boolean): void {
        if (!over) current?.ended(complete)
        over = true
      }
      return {
        async next() {
          current ??= record()
          try {
            const result = await inner.next()
            if (result.done === true) end(true)
            else current.got(result.value)
            return result
          } catch (error) {
            end(false)
            throw error
          }
        },
        return() {
          end(false)
          return inner.return?.() ?? Promise.resolve({ done: true, value: undefined })
        },
      }
    },
  }
}

/** Records what a subscription delivers; it is live until it ends or is left. */
export function recordSubscription<E extends EventLike>(
  recording: Recording,
  subscription: Subscription<E>,
  begin: () => Changing<SubscribeOperation>,
): Subscription<E> {
  function messages(): AsyncIterableIterator<SubscriptionMessage<E>> {
    const inner = subscription.messages()[Symbol.asyncIterator]()
    const callbacks = new Set<() => void>()
    const seen: HistoryEvent[] = []
    let open: OpenSubscription | undefined
    function told(): void {
      for (const callback of callbacks) callback()
    }
    function start(): OpenSubscription {
      const operation = begin()
      Object.assign(operation, { outcome: 'ok', live: true, events: seen })
      const started: OpenSubscription = {
        operation,
        onChange: (callback) => (callbacks.add(callback), () => void callbacks.delete(callback)),
      }
      recording.subscriptions.add(started)
      return started
    }
    function end(): void {
      if (open === undefined || !recording.subscriptions.delete(open)) return
      Object.assign(open.operation, { live: false, return: recording.tick() })
      told()
    }
    return {
      [Symbol.asyncIterator]() {
        return this
      },
      async next() {
        open ??= start()
        try {
          const result = await inner.next()
          if (result.done === true) end()
          else if (result.value.kind === 'event') {
            const { event } = result.value
            if (recording.concerns(event.streamId)) seen.push(recording.seen(event))
          } else if (result.value.kind === 'caughtUp') open.operation.caughtUp ??= recording.tick()
          told()
          return result
        } catch (error) {
          end()
          throw error
        }
      },
      return() {
        end()
        return (inner.return?.() ?? Promise.resolve({ done: true, value: undefined })) as Promise<IteratorReturnResult<undefined>>
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
    [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose](),
  }
}
