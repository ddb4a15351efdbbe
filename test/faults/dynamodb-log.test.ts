import type { EventStoreAdapter } from '@millrace/core'
import { expect, test } from 'vitest'
import { type ProxyRequest, delay, hang, isChange, loseAnswer, loseRequest } from '../services/dynamodb-proxy.js'
import { type TestTable, events, idsIn, idsOf, table } from './dynamodb-table.js'

const logged = { log: 'claimed', fillAfterMs: 500 } as const
const cells = ({ operation, body }: ProxyRequest): boolean => operation === 'UpdateItem' && body.Key?.PK?.S === 'SEQ#0'
const transactions = ({ operation }: ProxyRequest): boolean => operation === 'TransactWriteItems'

/** Takes a cell and dies. */
async function dieAfterTakingCell(own: TestTable): Promise<void> {
  const doomed = own.open()
  await doomed.open()
  const fault = own.proxy.inject({ when: transactions, fault: loseRequest })
  await doomed.appendToStream('doomed', events(1), { timeoutMs: 200 }).catch(() => undefined)
  expect(fault.struck).toBeGreaterThan(0)
  fault.end()
}

async function idsOfLog(store: EventStoreAdapter): Promise<string[]> {
  return (await store.readAll().toArray()).map(({ id }) => id)
}

test('a writer that died with its cell taken: readers wait, then go on, all in one order; the tail is not touched', async (context) => {
  const own = await table(context, logged)
  const store = own.open()
  const [one, two] = [events(1), events(2)]
  await store.appendToStream('s', one)
  await dieAfterTakingCell(own)
  // The hole is at the tail: nobody has to pass it, so nobody fills it.
  expect(await idsOfLog(store)).toEqual(idsOf(one))
  expect((await own.items('LOG#0')).length).toBe(1)
  await store.appendToStream('s', two)
  const readers = [store, own.open(), own.open()]
  for (const ids of await Promise.all(readers.map(idsOfLog))) expect(ids).toEqual(idsOf([...one, ...two]))
  expect((await own.items('LOG#0')).map(({ voided }) => voided?.BOOL === true)).toEqual([false, true, false])
  expect((await store.readAll({ direction: 'backwards' }).toArray()).map(({ id }) => id)).toEqual(idsOf([...one, ...two]).reverse())
})

test('a slow writer whose cell was voided alive takes another: stored once, after what was read', async (context) => {
  const own = await table(context, logged)
  const [store, slow] = [own.open(), own.open()]
  await Promise.all([store.open(), slow.open()])
  const [held, quick] = [events(2), events(1)]
  let release = (): void => undefined
  const word = new Promise<void>((resolve) => (release = resolve))
  own.proxy.inject({
    when: transactions,
    times: 1,
    fault: async (_request, forward) => {
      await word
      return forward()
    },
  })
  const appended = slow.appendToStream('slow', held)
  while (own.proxy.struck === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await store.appendToStream('quick', quick)
  expect(await idsOfLog(store)).toEqual(idsOf(quick))
  release()
  const { position } = await appended
  expect(await idsOfLog(own.open())).toEqual(idsOf([...quick, ...held]))
  expect(await idsIn(store, 'slow')).toEqual(idsOf(held))
  expect((await store.readStream('slow').toArray()).at(-1)?.position).toBe(position)
})

test('the control: a reader that passes over a hole loses what comes there; ours waits for it', async (context) => {
  const own = await table(context, { log: 'claimed', fillAfterMs: 60_000 })
  const [store, slow] = [own.open(), own.open()]
  await Promise.all([store.open(), slow.open()])
  const [held, quick, last] = [events(2), events(1), events(1)]
  let release = (): void => undefined
  const word = new Promise<void>((resolve) => (release = resolve))
  own.proxy.inject({
    when: transactions,
    times: 1,
    fault: async (_request, forward) => {
      await word
      return forward()
    },
  })
  const appended = slow.appendToStream('slow', held)
  while (own.proxy.struck === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await store.appendToStream('quick', quick)
  // Everything above the last cell seen, as most people write it.
  const seen: (string | undefined)[] = []
  const lookPast = async (): Promise<void> => {
    for (const { SK } of await own.items('LOG#0')) if ((SK?.S ?? '') > (seen.at(-1) ?? '')) seen.push(SK?.S)
  }
  await lookPast()
  const reading = idsOfLog(own.open())
  release()
  await appended
  await store.appendToStream('quick', last)
  await lookPast()
  expect(seen.length).toBe(2)
  expect((await own.items('LOG#0')).length).toBe(3)
  expect(idsOf([...held, ...quick, ...last]).slice(0, (await reading).length)).toEqual(await reading)
  expect(await idsOfLog(store)).toEqual(idsOf([...held, ...quick, ...last]))
})

test('two readers that void the same hole, and a claim that comes first: each agrees with what stands there', async (context) => {
  const own = await table(context, logged)
  const store = own.open()
  for (let round = 0; round < 3; round += 1) {
    await dieAfterTakingCell(own)
    await store.appendToStream(`s-${round}`, events(1))
    const readers = [own.open(), own.open(), own.open()]
    const [first, ...others] = await Promise.all(readers.map(idsOfLog))
    for (const ids of others) expect(ids).toEqual(first)
    expect(first?.length).toBe(round + 1)
  }
})

test('the answer that gave the cell is lost: another is taken, the hole filled, one copy', async (context) => {
  const own = await table(context, logged)
  const store = own.open()
  await store.open()
  own.proxy.inject({ when: cells, times: 1, fault: loseAnswer })
  const [one, two] = [events(1), events(1)]
  await store.appendToStream('s', one)
  await store.appendToStream('s', two)
  expect(await idsOfLog(store)).toEqual(idsOf([...one, ...two]))
})

test('a conflict, and a lost race, give their cells back at once: readers do not wait for them', async (context) => {
  const own = await table(context, { ...logged, fillAfterMs: 60_000 })
  const [one, two] = [own.open(), own.open()]
  await one.appendToStream('s', events(1))
  await two.appendToStream('s', events(1))
  // The first process has an old end: its puts meet the second's event.
  await expect(one.appendToStream('s', events(1), { expectedVersion: 1 })).rejects.toMatchObject({ code: 'concurrency' })
  await two.appendToStream('s', events(1))
  await one.appendToStream('s', events(1))
  const read = await one.readAll().toArray()
  expect(read.map(({ version }) => version)).toEqual([1, 2, 3, 4])
  expect((await own.items('LOG#0')).filter(({ voided }) => voided?.BOOL === true).length).toBeGreaterThan(0)
})

test('an append acknowledged before another began has the lower position, whoever is slow', async (context) => {
  const own = await table(context, logged)
  own.proxy.inject({ when: isChange, fault: delay(() => Math.random() * 20) })
  const writers = Array.from({ length: 6 }, () => own.open())
  const done: { readonly began: number; readonly ended: number; readonly position: string }[] = []
  await writers[0]?.open()
  await Promise.all(
    writers.map(async (writer, index) => {
      for (let n = 0; n < 8; n += 1) {
        const began = performance.now()
        const { position } = await writer.appendToStream(n % 2 === 0 ? 'shared' : `own-${index}`, events(1))
        done.push({ began, ended: performance.now(), position: position ?? '' })
      }
    }),
  )
  const [store] = writers
  for (const early of done)
    for (const late of done) if (early.ended < late.began) expect(store?.comparePositions(early.position, late.position)).toBeLessThan(0)
})

test('a hung append holds a reader no longer than fillAfterMs, and then finds itself voided', async (context) => {
  const own = await table(context, logged)
  const [store, hung] = [own.open(), own.open()]
  await Promise.all([store.open(), hung.open()])
  const held = events(1)
  own.proxy.inject({ when: transactions, times: 1, fault: hang })
  const appended = hung.appendToStream('hung', held, { timeoutMs: 20_000 })
  while (own.proxy.struck === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const quick = events(1)
  await store.appendToStream('quick', quick)
  const startedAt = performance.now()
  expect(await idsOfLog(store)).toEqual(idsOf(quick))
  expect(performance.now() - startedAt).toBeLessThan(4000)
  await appended
  expect(await idsOfLog(store)).toEqual(idsOf([...quick, ...held]))
})
