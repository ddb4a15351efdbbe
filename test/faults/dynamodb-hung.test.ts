import { expect, test } from 'vitest'
import { delay, hang, isChange } from '../services/dynamodb-proxy.js'
import { failureOf } from './database.js'
import { events, idsIn, idsOf, table } from './dynamodb-table.js'

test("a server that hangs, under a caller's client without any time-out: every call ends in time, typed", async (context) => {
  const own = await table(context)
  await own.open().open()
  const store = own.open({ client: own.client({ maxAttempts: 3 }) })
  await store.appendToStream('s', events(2))
  own.proxy.inject({ fault: hang })
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    append: () => store.appendToStream('s', events(1), { expectedVersion: 2, timeoutMs: 500 }),
    read: () => store.readStream('s', { timeoutMs: 500 }).toArray(),
    state: () => store.getStreamState('s', { timeoutMs: 500 }),
    delete: () => store.deleteStream('s', { timeoutMs: 500 }),
    metadata: () => store.setStreamMetadata('s', {}, { timeoutMs: 500 }),
  }
  const codes: Record<string, unknown> = {}
  for (const [name, call] of Object.entries(calls)) {
    const startedAt = performance.now()
    codes[name] = (await failureOf(call())).code
    expect(performance.now() - startedAt, name).toBeLessThan(1500)
  }
  // Only the append was sent as a change: the others read first.
  expect(codes).toEqual({ append: 'outcome-unknown', read: 'timeout', state: 'timeout', delete: 'timeout', metadata: 'timeout' })
})

test("the adapter's own client gives a request up after requestTimeoutMs and settles: one copy", async (context) => {
  const own = await table(context)
  const store = own.open({ requestTimeoutMs: 200 })
  await store.open()
  const hung = own.proxy.inject({ when: isChange, times: 2, fault: hang })
  const sent = events(1)
  expect(await store.appendToStream('s', sent)).toMatchObject({ version: 1 })
  expect(hung.struck).toBe(2)
  expect(await idsIn(store, 's')).toEqual(idsOf(sent))
})

test('a refused append asks first whether a server is there: a deadline that passes then leaves nothing unknown', async (context) => {
  const own = await table(context)
  const client = own.client()
  let calls: 'answered' | 'refused' | 'hung' = 'answered'
  const store = own.open({
    client: {
      send(command, options) {
        if (calls === 'answered') return client.send(command, options)
        if (calls === 'hung') return new Promise(() => undefined)
        calls = 'hung'
        return Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
      },
    },
  })
  await store.open()
  calls = 'refused'
  const failure = await failureOf(store.appendToStream('s', events(1), { expectedVersion: 'noStream', timeoutMs: 500 }))
  expect(failure).toMatchObject({ code: 'unavailable', outcome: 'not-applied', retryable: true })
  calls = 'answered'
  expect(await own.items('STREAM#s')).toEqual([])
})

test('abort before sending: the reason, no request; while a read runs: the reason at once', async (context) => {
  const own = await table(context)
  const store = own.open()
  await store.appendToStream('s', events(1))
  const reason = new Error('enough')
  const before = [...own.proxy.counts.values()].reduce((sum, count) => sum + count, 0)
  await expect(store.appendToStream('s', events(1), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect([...own.proxy.counts.values()].reduce((sum, count) => sum + count, 0)).toBe(before)

  own.proxy.inject({ fault: delay(() => 2000) })
  for (const call of [
    (signal: AbortSignal) => store.readStream('s', { signal }).toArray(),
    (signal: AbortSignal) => store.getStreamState('s', { signal }),
    (signal: AbortSignal) => own.open().appendToStream('t', events(1), { signal, expectedVersion: 7 }),
  ]) {
    const control = new AbortController()
    const startedAt = performance.now()
    const work = call(control.signal)
    setTimeout(() => control.abort(reason), 50)
    await expect(work).rejects.toBe(reason)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  }
  expect(await own.items('STREAM#t')).toEqual([])
})

test('abort after an append was sent: it settles, and resolves since it is stored', async (context) => {
  const own = await table(context)
  const store = own.open()
  await store.open()
  const control = new AbortController()
  const sent = events(1)
  own.proxy.inject({
    when: isChange,
    times: 1,
    fault: async (_request, forward) => {
      control.abort(new Error('enough'))
      await forward()
      return 'reset'
    },
  })
  expect(await store.appendToStream('s', sent, { signal: control.signal })).toMatchObject({ version: 1 })
  expect(await idsIn(store, 's')).toEqual(idsOf(sent))
})

test("abort while an 'any' append waits for the one before it: the reason, and nothing of it is stored", async (context) => {
  const own = await table(context)
  const store = own.open()
  await store.open()
  own.proxy.inject({ when: isChange, times: 1, fault: delay(() => 300) })
  const [first, waiting] = [events(1), events(1)]
  const control = new AbortController()
  const reason = new Error('enough')
  const appended = store.appendToStream('s', first)
  const refused = store.appendToStream('s', waiting, { signal: control.signal })
  control.abort(reason)
  await expect(refused).rejects.toBe(reason)
  await appended
  expect(await idsIn(store, 's')).toEqual(idsOf(first))
})

test('close waits for an append under way; a client handed in stays open, one of our own is destroyed', async (context) => {
  const own = await table(context)
  const client = own.client()
  await own.open().open()
  for (const store of [own.open(), own.open({ client })]) {
    await store.open()
    own.proxy.inject({ when: isChange, times: 1, fault: delay(() => 200) })
    const sent = events(1)
    const appended = store.appendToStream('s', sent)
    const closed = store.close()
    await expect(store.getStreamState('s')).rejects.toMatchObject({ code: 'closed' })
    await appended
    await closed
    expect(await idsIn(own.open(), 's')).toEqual(expect.arrayContaining(idsOf(sent)))
  }
  const again = own.open({ client })
  expect((await again.getStreamState('s')).version).toBe(2)
})

test('the connections are lost under readers, followers and writers: all go on', async (context) => {
  const own = await table(context, { log: 'claimed' })
  const store = own.open()
  await store.open()
  const got: string[] = []
  const control = new AbortController()
  const following = (async () => {
    for await (const { id } of store.subscribeToAll({ signal: control.signal })) got.push(id)
  })().catch((error: unknown) => {
    if (error !== control.signal.reason) throw error
  })
  const sent: { readonly id: string }[] = []
  for (let n = 0; n < 20; n += 1) {
    const batch = events(1)
    sent.push(...batch)
    const appended = store.appendToStream('s', batch)
    if (n % 4 === 0) await own.proxy.killConnections()
    if (n === 10) await own.proxy.restart(300)
    await appended
  }
  while (got.length < sent.length) await new Promise((resolve) => setTimeout(resolve, 5))
  control.abort(new Error('the test is over'))
  await following
  expect(got).toEqual(idsOf(sent))
})
