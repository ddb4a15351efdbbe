import type { EventStoreAdapter, Position, RecordedEvent, SubscriptionMessage } from '@millrace/core'
import { type OrderEvent, type OrderPlaced, type Same, type ShippedData, holds } from './events.js'

declare const store: EventStoreAdapter

function absurd(value: never): never {
  throw new Error(`not handled: ${JSON.stringify(value)}`)
}

/** `type` narrows `data`; the switch needs no default, and each branch has the exact type that was declared. */
export function apply(total: number, event: RecordedEvent<OrderEvent>): number {
  switch (event.type) {
    case 'OrderPlaced':
      holds<Same<typeof event.data, OrderPlaced['data']>>()
      holds<Same<typeof event.data.note, string | undefined>>()
      return total + event.data.lines.reduce((sum, { price }) => sum + price, 0)
    case 'OrderShipped':
      holds<Same<typeof event.data, ShippedData>>()
      holds<Same<(typeof event.data.route)[1], string | null>>()
      return total + (event.data.weight ?? 0)
    case 'OrderClosed':
      holds<Same<typeof event.data, null>>()
      return total
    default:
      return absurd(event)
  }
}

export async function read(after: Position): Promise<number> {
  let total = 0
  for await (const event of store.readStream<OrderEvent>('order-1', { from: 2, direction: 'backwards', limit: undefined }))
    total = apply(total, event)
  for await (const event of store.readAll<OrderEvent>({ after, filter: { eventTypes: ['OrderPlaced'], streamIdPrefix: undefined } }))
    total = apply(total, event)
  for (const event of await store.readStream<OrderEvent>('order-1').toArray()) total = apply(total, event)
  const last = (await store.readAll<OrderEvent>({ direction: 'backwards', limit: 1 }).toArray()).at(-1)
  return last === undefined ? total : apply(total, last)
}

export async function follow(): Promise<void> {
  for await (const event of store.subscribeToStream<OrderEvent>('order-1', { after: 'start' })) apply(0, event)
  await using all = store.subscribeToAll<OrderEvent>({ after: undefined, filter: undefined })
  for await (const message of all.messages()) handle(message)
}

function handle(message: SubscriptionMessage<OrderEvent>): void {
  switch (message.kind) {
    case 'event':
      apply(0, message.event)
      break
    case 'caughtUp':
      holds<Same<typeof message.position, string | undefined>>()
      break
    case 'checkpoint':
      holds<Same<typeof message.position, string>>()
      break
    case 'disconnected':
      holds<Same<typeof message.error.retryable, boolean>>()
      break
    default:
      absurd(message)
  }
}

type Recorded = RecordedEvent<OrderEvent>
holds<Same<Recorded['type'], OrderEvent['type']>>()
holds<Same<Recorded['version'], number>>()
holds<Same<Recorded['createdAt'], Date>>()
holds<Same<Recorded['id'], string>>()
holds<Same<Recorded['position'], string | undefined>>()

// Without an event type, data is unknown: nothing can be read off it unseen.
export async function untyped(): Promise<unknown> {
  for await (const event of store.readStream('order-1')) {
    holds<Same<typeof event.data, unknown>>()
    // @ts-expect-error data is unknown
    void event.data.customer
  }
  for await (const event of store.readStream<OrderEvent>('order-1')) {
    // @ts-expect-error not narrowed yet
    void event.data.customer
    // @ts-expect-error a type that is not in the union
    if (event.type === 'OrderLost') return event
    // @ts-expect-error what was stored does not change
    event.version = 1
  }
  // @ts-expect-error a version is no position
  void store.readAll({ after: 1 })
  // @ts-expect-error `from` is a version
  void store.readStream('order-1', { from: 'start' })
  return undefined
}
