import assert from 'node:assert/strict'
import { type EventStoreAdapter, type RecordedEvent, isConcurrencyError, openEventStore } from '@millrace/core'
import { memory } from '@millrace/core/memory'
import { type PostgresOptions, postgres } from '@millrace/postgres'

type OrderEvent = { type: 'OrderPlaced'; data: { customer: string; note?: string } } | { type: 'OrderClosed'; data: null }

const describe = (event: RecordedEvent<OrderEvent>): string =>
  event.type === 'OrderPlaced' ? `${event.version} placed by ${event.data.customer}` : `${event.version} closed`

const store: EventStoreAdapter = memory()
await store.appendToStream<OrderEvent>('order-1', [{ type: 'OrderPlaced', data: { customer: 'Ada' } }], { expectedVersion: 'noStream' })
await store.appendToStream<OrderEvent>('order-1', [{ type: 'OrderClosed', data: null }], { expectedVersion: 1 })
const conflict: unknown = await store
  .appendToStream<OrderEvent>('order-1', [{ type: 'OrderClosed', data: null }], { expectedVersion: 1 })
  .catch((error: unknown) => error)
assert(isConcurrencyError(conflict))
assert.equal(conflict.actualVersion, 2)
assert.deepEqual((await store.readStream<OrderEvent>('order-1').toArray()).map(describe), ['1 placed by Ada', '2 closed'])
await store.close()

// The way by configuration: core finds its own memory adapter, and the packages beside it.
await (await openEventStore('memory:')).close()
assert.equal((await openEventStore('postgres://127.0.0.1:1/shop')).name, 'postgres')

// A driver that is not installed: the error names the command.
const options: PostgresOptions = { connection: 'postgres://127.0.0.1:1/shop' }
const missing = (await postgres(options)
  .open()
  .catch((error: unknown) => error)) as Error
assert.match(missing.message, /npm i pg/)
console.log('memory ran')
