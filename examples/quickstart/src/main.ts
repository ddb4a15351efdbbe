import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isConcurrencyError, openEventStore } from '@millrace/core'
import { type OrderEvent, changeOrder, loadOrder } from './order.js'

const colours = process.stdout.isTTY && process.env.NO_COLOR === undefined
const paint = (code: number, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)
const title = (text: string): void => console.log(`\n${paint(1, text)}`)
const say = (text: string): void => console.log(`  ${text}`)

const folder = await mkdtemp(join(tmpdir(), 'millrace-demo-'))
const url = `pglite:${folder}`
try {
  title('An event store in a folder: PostgreSQL in WebAssembly, no server')
  let store = await openEventStore(url)
  const order = `order-${randomUUID().slice(0, 8)}`

  title('1. Append, only if the stream does not exist yet')
  const placed: OrderEvent[] = [
    { type: 'OrderPlaced', data: { customer: 'Ada' } },
    { type: 'ItemAdded', data: { sku: 'book', price: 40 } },
  ]
  const first = await store.appendToStream<OrderEvent>(order, placed, { expectedVersion: 'noStream' })
  say(`${order} is at version ${paint(32, String(first.version))}`)

  title('2. Optimistic concurrency: two writers decide on version 2, one wins')
  const add = (sku: string, price: number): OrderEvent => ({ type: 'ItemAdded', data: { sku, price } })
  await store.appendToStream<OrderEvent>(order, [add('lamp', 25)], { expectedVersion: 2 })
  try {
    await store.appendToStream<OrderEvent>(order, [add('chair', 90)], { expectedVersion: 2 })
  } catch (error) {
    if (!isConcurrencyError(error)) throw error
    say(`${paint(33, error.name)}: ${error.message}`)
  }
  const attempts = await changeOrder(store, order, ({ total }) => [add('chair', total > 60 ? 80 : 90)])
  say(`the loser read again, decided anew and succeeded at attempt ${attempts}`)

  title('3. A retry that does no harm: the same event ids, the same result, nothing stored twice')
  const payment = [{ id: randomUUID(), type: 'OrderPaid' as const, data: { amount: 145 } }]
  const paid = await store.appendToStream<OrderEvent>(order, payment, { expectedVersion: 4 })
  const again = await store.appendToStream<OrderEvent>(order, payment, { expectedVersion: 4 })
  say(`stored at version ${paid.version}; sent again: version ${again.version}`)

  title('4. Read back')
  for await (const event of store.readStream<OrderEvent>(order))
    say(`${event.version}  ${event.type.padEnd(12)} ${JSON.stringify(event.data)}`)

  title('5. Tail: history first, then what is appended while we watch')
  setTimeout(() => void store.appendToStream('shipment-1', [{ type: 'ParcelSent', data: { order } }]), 100)
  for await (const message of store.subscribeToAll().messages()) {
    if (message.kind === 'caughtUp') say(paint(2, '-- caught up, waiting --'))
    if (message.kind !== 'event') continue
    say(`${message.event.streamId}  ${message.event.type}`)
    if (message.event.type === 'ParcelSent') break
  }

  title('6. Restart: closed, opened again on the same folder')
  await store.close()
  store = await openEventStore(url)
  const { version, total, paid: isPaid } = await loadOrder(store, order)
  say(`${order}: version ${version}, total ${total}, ${isPaid ? 'paid' : 'open'}`)
  await store.close()

  title('The same program on another store: change one line')
  say(`${paint(2, "const store = await openEventStore('pglite:./data')")}`)
  for (const other of [
    'postgres://user:password@host/database',
    'dynamodb://eu-west-1/events?log=claimed',
    'esdb://user:password@host:2113',
  ])
    say(paint(32, `const store = await openEventStore('${other}')`))
} finally {
  await rm(folder, { recursive: true, force: true })
  await rm(`${folder}.lock`, { force: true })
}
