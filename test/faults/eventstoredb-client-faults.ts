import { type SubscriptionMessage, isStreamDeletedError } from '@millrace/core'
import { eventStoreDB } from '@millrace/eventstoredb'
import { describe, expect, test } from 'vitest'
import type { Driver } from '../services/eventstoredb.js'
import { errorOf, setUpModel } from './eventstoredb-setup.js'

/**
 * What breaks under an adapter: answers, connections, subscriptions, on the protocol model, since a real node breaks nothing on order. Both
 * clients are put through all of it, each in a process of its own.
 */
export async function describeClientFaults(driver: Driver): Promise<void> {
  const { url, model, stream, event, open, makeClient, idle } = await setUpModel(driver)

  /** Messages until one that ends it; each is waited for. */
  async function until(messages: AsyncIterable<SubscriptionMessage>, last: (message: SubscriptionMessage) => boolean): Promise<unknown[]> {
    const seen: unknown[] = []
    for await (const message of messages) {
      seen.push(message.kind === 'event' ? message.event.data : message.kind)
      if (last(message)) break
    }
    return seen
  }

  describe('calls that are left', () => {
    test('150 subscriptions that are left: all calls end', async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      await adapter.appendToStream(streamId, [event(), event()])
      for (let n = 0; n < 150; n += 1) for await (const _event of adapter.subscribeToStream(streamId)) break
      expect((await adapter.appendToStream(streamId, [event()])).version).toBe(3)
      await idle()
    })
    test('a client handed in stays usable; closing one of our own ends its calls', async (context) => {
      const client = await makeClient(context)
      const [adapter, own, streamId] = [eventStoreDB({ client }), eventStoreDB(url), stream()]
      await adapter.appendToStream(streamId, [event()])
      const following = own.subscribeToStream(streamId)[Symbol.asyncIterator]()
      await following.next()
      await adapter.close()
      await own.close()
      await idle()
      expect((await eventStoreDB({ client }).getStreamState(streamId)).version).toBe(1)
    })
  })

  describe('a call that gets no answer', () => {
    test.each(['append', 'delete', 'tombstone'] as const)('%s ends at its deadline', async (method) => {
      const adapter = eventStoreDB(url)
      const streamId = stream()
      await adapter.appendToStream(streamId, [event()])
      await model.addFault({ does: 'hang', calls: [method] })
      const options = { timeoutMs: 600 }
      const startedAt = performance.now()
      const error = await errorOf(
        method === 'append'
          ? adapter.appendToStream(streamId, [event()], options)
          : method === 'delete'
            ? adapter.deleteStream(streamId, options)
            : adapter.tombstoneStream(streamId, options),
      )
      expect([error.code, error.outcome]).toEqual(['outcome-unknown', 'unknown'])
      expect(performance.now() - startedAt).toBeLessThan(5000)
      await model.clearFaults()
      await adapter.close()
    })
    test('a read ends at its deadline', async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      await adapter.appendToStream(streamId, [event()])
      await model.addFault({ does: 'hang', calls: ['read'] })
      expect((await errorOf(adapter.readStream(streamId, { timeoutMs: 300 }).toArray())).code).toBe('timeout')
    })
  })

  describe('answers', () => {
    test.each(['any', 'noStream', 'streamExists', 1] as const)(
      'an answer lost, expected %s: the original result, one copy',
      async (expectedVersion) => {
        const adapter = eventStoreDB(url)
        const streamId = stream()
        if (expectedVersion !== 'noStream') await adapter.appendToStream(streamId, [event()])
        const first = expectedVersion === 'noStream' ? 1 : 2
        for (const does of ['lose answer', 'cut after', 'cut before', 'reset after'] as const)
          await model.addFault({ does, calls: ['append'], times: 1 })
        const events = [event(), event()]
        expect(await adapter.appendToStream(streamId, events, { expectedVersion })).toMatchObject({
          firstVersion: first,
          version: first + 1,
        })
        expect((await adapter.readStream(streamId, { from: first }).toArray()).map(({ id }) => id)).toEqual(events.map(({ id }) => id))
        await adapter.close()
      },
    )
    test("'any' whose answer is lost by a restart, which makes the node forget the ids: one copy", async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      await adapter.appendToStream(streamId, [event()])
      await model.addFault({ does: 'cut after', calls: ['append'], times: 1 })
      const sent = adapter.appendToStream(streamId, [event('once')])
      while ((await model.faultCount()) === 0) await new Promise((resolve) => setImmediate(resolve))
      await model.restart()
      expect((await sent).version).toBe(2)
      expect((await adapter.readStream(streamId).toArray()).map(({ data }) => data)).toEqual([1, 'once'])
    })
    test("known ids again with 'any', and that answer lost: the original versions, one copy", async (context) => {
      const [adapter, streamId, events] = [open(context), stream(), [event(1), event(2)]]
      await adapter.appendToStream(streamId, events)
      await adapter.appendToStream(streamId, [event(3)])
      await model.addFault({ does: 'lose answer', calls: ['append'], times: 1 })
      expect(await adapter.appendToStream(streamId, events)).toMatchObject({ firstVersion: 1, version: 2 })
      expect((await adapter.readStream(streamId).toArray()).map(({ data }) => data)).toEqual([1, 2, 3])
    })
    test('a rival in between: the search finds what was stored, or sends behind it', async (context) => {
      const [adapter, rival, streamId] = [open(context), open(context), stream()]
      await adapter.appendToStream(streamId, [event('first')])
      await model.addFault({ does: 'lose answer', calls: ['append'], stream: streamId, times: 1 })
      const [mine] = await Promise.all([
        adapter.appendToStream(streamId, [event('mine')]),
        rival.appendToStream(streamId, [event('rival')]),
      ])
      const stored = await adapter.readStream(streamId).toArray()
      expect(new Set(stored.map(({ data }) => data))).toEqual(new Set(['first', 'mine', 'rival']))
      expect(stored[mine.version - 1]?.data).toBe('mine')
    })
    test('not-leader is tried again and goes to the leader', async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      await adapter.open()
      await model.addFault({ does: 'not leader', times: 2 })
      expect((await adapter.appendToStream(streamId, [event()])).version).toBe(1)
    })
    test('32 callers over a connection that keeps breaking: nothing is lost, doubled, or thrown where nobody catches it', async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      await model.addFault({ does: 'cut after', calls: ['append'], share: 0.1 })
      const results = await Promise.all(
        Array.from({ length: 32 }, async (_, caller) => {
          for (let n = 0; n < 5; n += 1) await adapter.appendToStream(streamId, [event(`${caller}.${n}`)], { timeoutMs: 60_000 })
        }),
      )
      await model.clearFaults()
      const stored = (await adapter.readStream(streamId).toArray()).map(({ data }) => data as string)
      expect([results.length, stored.length, new Set(stored).size]).toEqual([32, 160, 160])
    })
  })

  describe('subscriptions', () => {
    test.each([
      ['ends with OK', () => model.endSubscriptions()],
      ['is cut', () => model.killConnections()],
      ['loses its node', () => model.restart()],
    ] as const)('a source that %s is resumed: nothing lost, nothing double', async (_how, breaks) => {
      const adapter = eventStoreDB(url)
      const streamId = stream()
      await adapter.appendToStream(streamId, [event(1), event(2)])
      for (const subscription of [adapter.subscribeToStream(streamId), adapter.subscribeToAll({ filter: { streamIdPrefix: streamId } })]) {
        const version = (await adapter.getStreamState(streamId)).version ?? 0
        let broken = false
        const seen: unknown[] = []
        for await (const message of subscription.messages()) {
          if (message.kind === 'event') seen.push(message.event.version)
          if (message.kind === 'caughtUp' && !broken) {
            broken = true
            await breaks()
            await adapter.appendToStream(streamId, [event(3)])
          }
          if (seen.includes(version + 1)) break
        }
        expect(seen).toEqual(Array.from({ length: version + 1 }, (_, index) => index + 1))
      }
      await adapter.close()
    })
    test('a connection that is silent is noticed by keep-alive', async (context) => {
      const { warn } = console
      // The client finds the interval short.
      console.warn = () => undefined
      context.onTestFinished(() => {
        console.warn = warn
      })
      const [adapter, other, streamId] = [open(context, `${url}&keepAliveInterval=200&keepAliveTimeout=200`), open(context), stream()]
      await other.appendToStream(streamId, [event(1)])
      const seen = await until(adapter.subscribeToStream(streamId).messages(), (message) => {
        if (message.kind === 'caughtUp') void model.freeze()
        if (message.kind === 'disconnected') void model.thaw().then(() => other.appendToStream(streamId, [event('after')]))
        return message.kind === 'event' && message.event.data === 'after'
      })
      expect(seen.filter((one) => one !== 'caughtUp' && one !== 'disconnected')).toEqual([1, 'after'])
      expect(seen).toContain('disconnected')
    })
    test('refused access ends it', async (context) => {
      const adapter = open(context)
      await adapter.open()
      await model.addFault({ does: 'access denied', calls: ['subscribe'] })
      expect((await errorOf(until(adapter.subscribeToStream(stream()).messages(), () => false))).code).toBe('access-denied')
    })
    test('a slow consumer holds no more than the buffers of client and connection', async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      const large = 'x'.repeat(100_000)
      for (let n = 0; n < 20; n += 1)
        await adapter.appendToStream(
          streamId,
          [1, 2, 3, 4, 5].map(() => event(large)),
        )
      const before = process.memoryUsage().heapUsed
      const reader = adapter.subscribeToStream(streamId)[Symbol.asyncIterator]()
      for (let n = 1; n <= 3; n += 1) expect((await reader.next()).value?.version).toBe(n)
      for (let n = 0; n < 5; n += 1) await model.openCalls()
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(40 << 20)
      for (let n = 4; n <= 100; n += 1) expect((await reader.next()).value?.version).toBe(n)
      await reader.return?.()
    })
  })

  describe('a tombstone whose name no trailer takes', () => {
    test('is a StreamDeletedError in every method', async (context) => {
      const adapter = open(context)
      const streamId = `${stream()}-nämé-😀`
      await adapter.appendToStream(streamId, [event()])
      await adapter.tombstoneStream(streamId)
      expect(await adapter.getStreamState(streamId)).toEqual({ status: 'tombstoned' })
      const subscribed = until(adapter.subscribeToStream(streamId).messages(), () => false)
      const calls = [
        adapter.readStream(streamId).toArray(),
        adapter.appendToStream(streamId, [event()]),
        adapter.deleteStream(streamId),
        adapter.truncateStream(streamId, { before: 1 }),
        adapter.getStreamMetadata(streamId),
        adapter.setStreamMetadata(streamId, {}),
        subscribed,
      ]
      for (const error of await Promise.all(calls.map((call) => errorOf(call))))
        expect([isStreamDeletedError(error) && error.tombstoned, error.message]).toEqual([true, expect.stringContaining('tombstoned')])
      await adapter.tombstoneStream(streamId)
    })
  })
}
