import { type EventStoreAdapter, type NewEvent, type RecordedEvent, isConcurrencyError } from '@millrace/core'

/** What can happen to an order. The union goes through append and read: a wrong payload does not compile. */
export type OrderEvent =
  | { type: 'OrderPlaced'; data: { customer: string } }
  | { type: 'ItemAdded'; data: { sku: string; price: number; note?: string } }
  | { type: 'OrderPaid'; data: { amount: number } }

export interface Order {
  readonly version: number
  readonly total: number
  readonly paid: boolean
}

/** State is a fold over the events. `switch` narrows `data` by `type`. */
function apply(order: Order, event: RecordedEvent<OrderEvent>): Order {
  const { version } = event
  switch (event.type) {
    case 'OrderPlaced':
      return { ...order, version }
    case 'ItemAdded':
      return { ...order, version, total: order.total + event.data.price }
    case 'OrderPaid':
      return { ...order, version, paid: true }
  }
}

export async function loadOrder(store: EventStoreAdapter, streamId: string): Promise<Order> {
  let order: Order = { version: 0, total: 0, paid: false }
  for await (const event of store.readStream<OrderEvent>(streamId)) order = apply(order, event)
  return order
}

/**
 * The loop of optimistic concurrency: read, decide, append only if nobody was faster, else read again and decide anew.
 *
 * @returns how many attempts it took.
 */
export async function changeOrder(
  store: EventStoreAdapter,
  streamId: string,
  decide: (order: Order) => NewEvent<OrderEvent>[],
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const order = await loadOrder(store, streamId)
    try {
      await store.appendToStream<OrderEvent>(streamId, decide(order), { expectedVersion: order.version })
      return attempt
    } catch (error) {
      if (!isConcurrencyError(error) || attempt >= 10) throw error
    }
  }
}
