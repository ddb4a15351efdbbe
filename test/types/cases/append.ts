import type { AppendResult, EventStoreAdapter, NewEvent, StreamAppend } from '@millrace/core'
import { type OrderEvent, type OrderShipped, type Same, holds } from './events.js'

declare const store: EventStoreAdapter
declare const signal: AbortSignal
declare const maybe: string | undefined

const placed: OrderEvent = { type: 'OrderPlaced', data: { customer: 'Ada', lines: [{ sku: 'book', price: 40 }] } }
const shipped: OrderShipped = { type: 'OrderShipped', data: { route: ['Turin', null] } }

// Unions, one member, literals, envelopes, with the event type given or inferred.
export const results: Promise<AppendResult>[] = [
  store.appendToStream<OrderEvent>('order-1', [placed, shipped, { type: 'OrderClosed', data: null }]),
  store.appendToStream('order-1', [placed]),
  store.appendToStream('order-1', [shipped]),
  store.appendToStream('order-1', []),
  store.appendToStream('order-1', [{ type: 'Anything', data: { list: [1, 'a', null, { deep: true }] } }]),
  store.appendToStream('order-1', [{ type: 'Bytes', data: new Uint8Array([1, 2]) }]),
  store.appendToStream('order-1', [{ ...placed, id: '5b1ba0d6-6a0f-4f1c-8a0c-3a6c3a6f2d11', metadata: { by: 'test' } }]),
  store.appendToStream<OrderEvent>('order-1', [{ ...placed, metadata: { by: 'test' } }]),
  store.appendToStream<OrderEvent>(
    'order-1',
    [shipped].map((event) => ({ ...event, id: maybe, metadata: undefined })),
  ),
  // @ts-expect-error known defect of StorableEvent, which has no `id`: with an event type given, an id inline is refused. Fixed? Delete this line.
  store.appendToStream<OrderEvent>('order-1', [{ ...placed, id: '5b1ba0d6-6a0f-4f1c-8a0c-3a6c3a6f2d11' }]),
]

// Every option may be undefined, with exactOptionalPropertyTypes too.
void store.appendToStream<OrderEvent>('order-1', [placed], {
  expectedVersion: undefined,
  streamType: maybe,
  signal: undefined,
  timeoutMs: undefined,
})
void store.appendToStream<OrderEvent>('order-1', [placed], { expectedVersion: 3, signal, timeoutMs: 500 })
void store.appendToStream<OrderEvent>('order-1', [placed], { expectedVersion: 'noStream' })
void store.appendToStream<OrderEvent>('order-1', [placed], { expectedVersion: 'streamExists' })

// A function that decides returns new events; they go in as they are.
function decide(close: boolean): NewEvent<OrderEvent>[] {
  return close ? [{ type: 'OrderClosed', data: null, id: maybe, metadata: { why: 'done' } }] : [placed, shipped]
}
void store.appendToStream<OrderEvent>('order-1', decide(true))

const part: StreamAppend<OrderEvent> = { streamId: 'order-1', events: [placed], expectedVersion: 0 + 1, streamType: undefined }
void store.appendToStreams<OrderEvent>([part, { streamId: 'order-2', events: [shipped] }])

holds<Same<Awaited<(typeof results)[number]>['version'], number>>()
holds<Same<Awaited<(typeof results)[number]>['position'], string | undefined>>()

// @ts-expect-error a type that is not in the union
void store.appendToStream<OrderEvent>('order-1', [{ type: 'OrderLost', data: null }])
// @ts-expect-error data of another member
void store.appendToStream<OrderEvent>('order-1', [{ type: 'OrderClosed', data: { customer: 'Ada', lines: [] } }])
// @ts-expect-error a member of data is missing
void store.appendToStream<OrderEvent>('order-1', [{ type: 'OrderPlaced', data: { customer: 'Ada' } }])
// @ts-expect-error an event without data
void store.appendToStream('order-1', [{ type: 'Noted' }])
// @ts-expect-error a single event instead of a list
void store.appendToStream<OrderEvent>('order-1', placed)
// @ts-expect-error an expectation that does not exist
void store.appendToStream<OrderEvent>('order-1', [placed], { expectedVersion: 'empty' })
// @ts-expect-error an option that does not exist
void store.appendToStream<OrderEvent>('order-1', [placed], { expected: 1 })
// @ts-expect-error one bad part
void store.appendToStreams<OrderEvent>([{ streamId: 'order-2', events: [{ type: 'OrderLost', data: null }] }])
