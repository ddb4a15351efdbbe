import { isConcurrencyError, openEventStore } from '@millrace/core'

// One application file. Which store it runs on is said by EVENT_STORE_URL alone:
//   memory:   pglite:./data   postgres://user:password@host/database?schema=shop
const store = await openEventStore()

type AccountEvent = { type: 'Deposited'; data: { amount: number } } | { type: 'Withdrawn'; data: { amount: number } }

const account = `account-${crypto.randomUUID()}`

async function balance(): Promise<{ version: number; amount: number }> {
  let [version, amount] = [0, 0]
  for await (const event of store.readStream<AccountEvent>(account)) {
    version = event.version
    amount += event.type === 'Deposited' ? event.data.amount : -event.data.amount
  }
  return { version, amount }
}

/** Withdraws if there is enough, whatever others do at the same time. */
async function withdraw(amount: number): Promise<boolean> {
  for (;;) {
    const now = await balance()
    if (now.amount < amount) return false
    try {
      await store.appendToStream<AccountEvent>(account, [{ type: 'Withdrawn', data: { amount } }], { expectedVersion: now.version })
      return true
    } catch (error) {
      if (!isConcurrencyError(error)) throw error
    }
  }
}

await store.appendToStream<AccountEvent>(account, [{ type: 'Deposited', data: { amount: 100 } }], { expectedVersion: 'noStream' })
// Eight withdrawals of 30 at once: three fit.
const outcomes = await Promise.all(Array.from({ length: 8 }, () => withdraw(30)))
const { version, amount } = await balance()
const log = await store.readAll({ filter: { streamIdPrefix: account } }).toArray()
console.log(JSON.stringify({ store: store.name, granted: outcomes.filter(Boolean).length, version, balance: amount, logged: log.length }))
await store.close()
