import { type SubscriptionMessage, isConcurrencyError, isEventStoreError } from '@millrace/core'
import { eventStoreDB } from '@millrace/eventstoredb'
import { describe, expect, test } from 'vitest'
import type { Driver } from '../services/eventstoredb.js'
import { describeReadDefects } from './eventstoredb-read-defects.js'
import { setUpModel } from './eventstoredb-setup.js'
import { describeTombstones } from './eventstoredb-tombstones.js'

/**
 * What the clients of EventStoreDB do wrong, one test for each rule by which the adapter lives with it: without the rule it fails. Both clients
 * are put through all of it, each in a process of its own; what is about reads is in eventstoredb-read-defects.ts, what is about tombstones in eventstoredb-tombstones.ts. The README beside this file says which test is whose.
 */
export async function describeDefects(driver: Driver): Promise<void> {
  const setup = await setUpModel(driver)
  const { url, model, stray, stream, event, open, idle } = setup

  describe(driver, () => {
    describeReadDefects(setup)
    describeTombstones(setup)

    test('an append that is not answered ends at its deadline, and does not drag others with it', async (context) => {
      const [adapter, streamId, hanging] = [open(context), stream(), stream()]
      await model.addFault({ does: 'hang', calls: ['append'], stream: hanging })
      const unanswered = adapter.appendToStream(hanging, [event()], { timeoutMs: 1500 })
      expect((await adapter.appendToStream(streamId, [event()])).version).toBe(1)
      await expect(unanswered).rejects.toMatchObject({ code: 'outcome-unknown' })
      expect((await adapter.appendToStream(streamId, [event()])).version).toBe(2)
    })

    test('an append whose call breaks off does not break off those of others', async (context) => {
      const [adapter, slow, broken, before] = [open(context), stream(), stream(), await model.faultCount()]
      // The first append of a client makes the call that its others would go through.
      await adapter.appendToStream(stream(), [event()])
      await model.addFault({ does: 'delay', calls: ['append'], stream: slow, ms: 500 })
      await model.addFault({ does: 'reset before', calls: ['append'], stream: broken, times: 1 })
      const appends = [slow, broken].map((streamId) => adapter.appendToStream(streamId, [event()], { expectedVersion: 'noStream' }))
      expect((await Promise.all(appends)).map(({ version }) => version)).toEqual([1, 1])
      // The slow one was sent once.
      expect((await model.faultCount()) - before).toBe(2)
    })

    test('a look-up of features that hangs: appends do without it, and what cannot ends in time', async (context) => {
      const [adapter, late] = [open(context), open(context)]
      await adapter.open()
      await model.addFault({ does: 'hang', calls: ['features'] })
      expect((await adapter.appendToStream(stream(), [event()], { timeoutMs: 3000 })).version).toBe(1)
      // The reads of 1.3.1 look first, in native code.
      const opened = await late.open({ timeoutMs: 1000 }).then(
        () => 'open',
        (error: unknown) => isEventStoreError(error) && error.code,
      )
      expect(opened).toBe(driver === '@eventstore/db-client' ? 'open' : 'timeout')
    })

    test("delete and tombstone with 'streamExists' name the version", async (context) => {
      const adapter = open(context)
      for (const remove of ['deleteStream', 'tombstoneStream'] as const) {
        const streamId = stream()
        await adapter.appendToStream(streamId, [event(), event()])
        await adapter[remove](streamId, { expectedVersion: 'streamExists' })
        expect((await adapter.getStreamState(streamId)).status).toBe(remove === 'deleteStream' ? 'deleted' : 'tombstoned')
      }
    })

    test('a refused delete, tombstone or write of metadata tells the version', async (context) => {
      const [adapter, streamId, missing] = [open(context), stream(), stream()]
      await adapter.appendToStream(streamId, [event(), event()])
      const refused = [
        adapter.deleteStream(streamId, { expectedVersion: 5 }),
        adapter.tombstoneStream(streamId, { expectedVersion: 'noStream' }),
        adapter.deleteStream(missing, { expectedVersion: 1 }),
        adapter.tombstoneStream(missing, { expectedVersion: 'streamExists' }),
        adapter.setStreamMetadata(streamId, {}, { expectedMetadataVersion: 3 }),
      ]
      const told = refused.map((call) =>
        call.then(undefined, (error: unknown) => (isConcurrencyError(error) ? error.actualVersion : error)),
      )
      expect(await Promise.all(told)).toEqual([2, 2, 0, 0, 0])
    })

    test('what the server refuses, since somebody was faster, tells the version too', async (context) => {
      const [adapter, rival, streams, before] = [open(context), open(context), [stream(), stream(), stream()], await model.faultCount()]
      const [deleted = '', tombstoned = '', set = ''] = streams
      for (const streamId of streams) await adapter.appendToStream(streamId, [event(), event()])
      for (const call of ['delete', 'tombstone'] as const) await model.addFault({ does: 'delay', calls: [call], times: 1, ms: 2000 })
      await model.addFault({ does: 'delay', calls: ['append'], stream: `$$${set}`, times: 1, ms: 2000 })
      const late = [
        adapter.deleteStream(deleted, { expectedVersion: 2 }),
        adapter.tombstoneStream(tombstoned, { expectedVersion: 2 }),
        adapter.setStreamMetadata(set, { a: 1 }, { expectedMetadataVersion: 0 }),
      ].map((call) => call.then(undefined, (error: unknown) => (isConcurrencyError(error) ? error.actualVersion : error)))
      while ((await model.faultCount()) < before + 3) await new Promise((resolve) => setImmediate(resolve))
      await Promise.all([
        rival.appendToStream(deleted, [event()]),
        rival.appendToStream(tombstoned, [event()]),
        rival.setStreamMetadata(set, { a: 1 }),
      ])
      expect(await Promise.all(late)).toEqual([3, 3, 1])
    })

    test('the version of metadata counts its changes, and one that cannot be held says deleted', async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      await adapter.appendToStream(streamId, [event()])
      expect((await adapter.setStreamMetadata(streamId, { a: 1 })).version).toBe(1)
      expect((await adapter.setStreamMetadata(streamId, { a: 2 }, { expectedMetadataVersion: 1 })).version).toBe(2)
      expect(await adapter.getStreamMetadata(streamId)).toEqual({ metadata: { a: 2 }, version: 2 })
      await adapter.deleteStream(streamId)
      expect(await adapter.getStreamState(streamId)).toMatchObject({ status: 'deleted', version: 1 })
      expect(await adapter.getStreamMetadata(streamId)).toEqual({ metadata: undefined, version: 3 })
    })

    test('while the node is down, a call is unavailable and nothing was applied; the same client works again after', async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      await adapter.open()
      await model.down()
      try {
        // By a read it learns that its connection is gone; one that only ran out of time may not have.
        const calls = [
          () => adapter.getStreamState(streamId, { timeoutMs: 800 }),
          () => adapter.getStreamState(streamId, { timeoutMs: 800 }),
          () => adapter.appendToStream(streamId, [event()], { timeoutMs: 800 }),
        ]
        for (const call of calls) {
          const error: unknown = await call().then(undefined, (caught: unknown) => caught)
          expect(isEventStoreError(error) && [error.code, error.outcome, error.retryable]).toEqual([
            expect.stringMatching(/^(?:unavailable|timeout)$/u),
            'not-applied',
            true,
          ])
        }
      } finally {
        // Whatever came of it: the other tests need the node.
        await model.up()
      }
      expect((await adapter.appendToStream(streamId, [event()])).version).toBe(1)
    })

    test('a tombstone that finds no connection in time was not sent, and says so', async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      await adapter.open()
      // The node listens and never says a word: who has to connect goes on connecting until his time is up.
      await model.freeze()
      await model.killConnections()
      try {
        await expect(adapter.getStreamState(streamId, { timeoutMs: 300 })).rejects.toMatchObject({ retryable: true })
        const error: unknown = await adapter.tombstoneStream(streamId, { timeoutMs: 800 }).then(undefined, (caught: unknown) => caught)
        expect(isEventStoreError(error) && [error.code, error.outcome, error.retryable]).toEqual([
          expect.stringMatching(/^(?:unavailable|timeout)$/u),
          'not-applied',
          true,
        ])
      } finally {
        await model.thaw()
      }
      expect(await adapter.getStreamState(streamId)).toMatchObject({ status: 'missing' })
    })

    test('a client that finds no node when it looks for one anew throws nothing where nobody catches it', async () => {
      const adapter = eventStoreDB(`${url.replace('://', '+discover://')}&maxDiscoverAttempts=2&discoveryInterval=20`)
      await adapter.open()
      await model.down()
      const calls = Array.from({ length: 8 }, () => adapter.appendToStream(stream(), [event()], { timeoutMs: 800 }))
      const reads = Array.from({ length: 8 }, () => adapter.getStreamState(stream(), { timeoutMs: 800 }))
      for (const { status } of await Promise.allSettled([...calls, ...reads])) expect(status).toBe('rejected')
      await model.up()
      await adapter.close()
      expect(stray).toEqual([])
    })

    test('a call that breaks off while its client looks in vain for a node throws nothing where nobody catches it', async (context) => {
      const { warn } = console
      // The clients find the interval short.
      console.warn = () => undefined
      const adapter = eventStoreDB(`${url.replace('://', '+discover://')}&maxDiscoverAttempts=2&keepAliveInterval=200&keepAliveTimeout=200`)
      context.onTestFinished(async () => {
        console.warn = warn
        await adapter.close()
      })
      const before = await model.faultCount()
      const reached = async (faults: number): Promise<void> => {
        while ((await model.faultCount()) < before + faults) await new Promise((resolve) => setImmediate(resolve))
      }
      const messages = adapter.subscribeToStream(stream()).messages()[Symbol.asyncIterator]()
      expect((await messages.next()).value?.kind).toBe('caughtUp')
      await model.addFault({ does: 'unavailable', calls: ['append'], times: 1 })
      await model.addFault({ does: 'hang', calls: ['gossip'], times: 1 })
      await model.addFault({ does: 'unavailable', calls: ['gossip'] })
      const appended = adapter.appendToStream(stream(), [event()])
      // Refused, so a node is looked for, and does not answer. Meanwhile the old connection falls silent under the subscription.
      await reached(2)
      await model.freeze()
      expect((await messages.next()).value?.kind).toBe('disconnected')
      await model.thaw()
      await model.killConnections()
      await reached(3)
      await model.clearFaults()
      expect((await appended).version).toBe(1)
      await messages.return?.()
      expect(stray).toEqual([])
    })

    test.each(['endSubscriptions', 'killConnections', 'restart'] as const)('a subscription outlives %s', async (breaks) => {
      const [adapter, streamId] = [eventStoreDB(url), stream()]
      await adapter.appendToStream(streamId, [event(), event()])
      const seen: number[] = []
      let broken = false
      for await (const message of adapter.subscribeToStream(streamId).messages()) {
        if (message.kind === 'event') seen.push(message.event.version)
        if (message.kind === 'caughtUp' && !broken) {
          broken = true
          await model[breaks]()
          await adapter.appendToStream(streamId, [event()])
        }
        if (seen.includes(3)) break
      }
      expect(seen).toEqual([1, 2, 3])
      await adapter.close()
    })

    test('a subscription that the server never answers is ended in time and opened anew; one that is merely quiet is left alone', async (context) => {
      const [adapter, quiet] = [eventStoreDB({ connection: url, timeoutMs: 2000 }), stream()]
      context.onTestFinished(() => adapter.close())
      await adapter.open({ timeoutMs: 10_000 })
      const waiting = adapter.subscribeToStream(quiet).messages()[Symbol.asyncIterator]()
      expect((await waiting.next()).value?.kind).toBe('caughtUp')
      const live = waiting.next()
      const prefix = stream()
      await adapter.appendToStream(prefix, [event()], { timeoutMs: 10_000 })
      for (const silent of [adapter.subscribeToStream(prefix), adapter.subscribeToAll({ filter: { streamIdPrefix: prefix } })]) {
        await model.addFault({ does: 'hang', calls: ['subscribe'], times: 1 })
        const kinds: SubscriptionMessage['kind'][] = []
        for await (const { kind } of silent.messages()) {
          kinds.push(kind)
          if (kind === 'caughtUp') break
        }
        expect(kinds.filter((kind) => kind !== 'checkpoint')).toEqual(['disconnected', 'event', 'caughtUp'])
      }
      await adapter.appendToStream(quiet, [event()], { timeoutMs: 10_000 })
      expect((await live).value?.kind).toBe('event')
      await waiting.return?.()
      await idle()
    })

    test('caughtUp comes after what was there, however slow the consumer', async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      await adapter.appendToStream(
        streamId,
        Array.from({ length: 64 }, () => event()),
      )
      const seen: SubscriptionMessage['kind'][] = []
      for await (const { kind } of adapter.subscribeToStream(streamId).messages()) {
        seen.push(kind)
        if (seen.length > 64) break
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(seen.indexOf('caughtUp')).toBe(64)
    })

    test('a checkpoint comes after what it covers, however slow the consumer: what it overtook would be lost', async (context) => {
      const [adapter, prefix] = [open(context), `${stream()}.`]
      for (let n = 0; n < 60; n += 1) {
        await adapter.appendToStream(`${prefix}${n}`, [event(), event(), event()])
        await adapter.appendToStream(stream(), [event(), event()])
      }
      let [events, checkpoints, last] = [0, 0, '']
      for await (const message of adapter.subscribeToAll({ filter: { streamIdPrefix: prefix } }).messages()) {
        if (message.kind === 'event') events += 1
        else if (message.kind === 'checkpoint') checkpoints += 1
        else if (message.kind === 'caughtUp') break
        const at = message.kind === 'event' ? message.event.position : message.kind === 'checkpoint' ? message.position : undefined
        if (at === undefined) continue
        if (last !== '') expect(adapter.comparePositions(last, at)).toBeLessThanOrEqual(0)
        last = at
        // Time for the buffers to fill: the answer of the model comes behind what it has sent.
        await model.openCalls()
      }
      expect([events, checkpoints > 0]).toEqual([180, true])
    })

    test('a consumer that throws at a checkpoint ends its own subscription only', async (context) => {
      const [adapter, streamId] = [open(context), stream()]
      const other = adapter.subscribeToStream(streamId)[Symbol.asyncIterator]()
      const next = other.next()
      for (let n = 0; n < 40; n += 1) await adapter.appendToStream(stream(), [event(), event()])
      const throwing = (async () => {
        for await (const { kind } of adapter.subscribeToAll({ filter: { streamIdPrefix: streamId } }).messages())
          if (kind === 'checkpoint') throw new Error('thrown by the consumer')
      })()
      await expect(throwing).rejects.toThrow('thrown by the consumer')
      await adapter.appendToStream(streamId, [event('on')])
      expect((await next).value?.data).toBe('on')
      await other.return?.()
      await idle()
    })

    test('after close every method is refused, though the client would still work', async () => {
      const adapter = eventStoreDB(url)
      await adapter.appendToStream(stream(), [event()])
      await adapter.close()
      const calls = [
        adapter.appendToStream(stream(), [event()]),
        adapter.readStream(stream()).toArray(),
        adapter.getStreamState(stream()),
        adapter.deleteStream(stream()),
      ]
      await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ code: 'closed' })))
      await idle()
    })
  })
}
