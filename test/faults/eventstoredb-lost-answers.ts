import { type EventStoreAdapter, isConcurrencyError } from '@millrace/core'
import { eventStoreDB } from '@millrace/eventstoredb'
import { type TestContext, afterAll, describe, expect, test } from 'vitest'
import type { Driver } from '../services/eventstoredb.js'
import { setUpModel } from './eventstoredb-setup.js'

/** Appends whose answer was lost where their place is hidden: what the log tells of them, above all to an adapter that has not seen it yet. */
export async function describeLostAnswers(driver: Driver): Promise<void> {
  const { url, model, stream, event, open } = await setUpModel(driver)
  const other = eventStoreDB(url)
  // Before the model stops.
  afterAll(() => other.close())

  /** An adapter that has seen nothing. */
  async function openFresh(context: TestContext): Promise<EventStoreAdapter> {
    const adapter = open(context)
    await adapter.open()
    return adapter
  }
  /** Three events, of which one is to be seen, or none. */
  async function hide(how: 'truncated' | 'deleted'): Promise<string> {
    const streamId = stream()
    await other.appendToStream(streamId, [event(), event(), event()])
    await (how === 'truncated' ? other.truncateStream(streamId, { before: 3 }) : other.deleteStream(streamId))
    return streamId
  }
  const idsOf = async (streamId: string): Promise<readonly string[]> =>
    (await other.readAll().toArray()).filter((one) => one.streamId === streamId).map(({ id }) => id)

  describe(driver, () => {
    for (const how of ['truncated', 'deleted'] as const)
      for (const does of ['cut before', 'cut after', 'lose answer'] as const)
        for (const log of ['seen', 'not seen'] as const)
          test(`${how}, ${does}: the first append of an adapter is stored once, with the log ${log} before`, async (context) => {
            const [streamId, events] = [await hide(how), [event(), event()]]
            const adapter = await openFresh(context)
            await model.addFault({ does, calls: ['append'], stream: streamId, times: 1 })
            if (log === 'not seen') await model.addFault({ does: 'unavailable', calls: ['read'], stream: '', times: 1 })
            const { firstVersion, version } = await adapter.appendToStream(streamId, events, { timeoutMs: 10_000 })
            expect([firstVersion, version]).toEqual([4, 5])
            expect((await idsOf(streamId)).slice(3)).toEqual(events.map(({ id }) => id))
          })

    test('an exact append whose place was deleted is told as a conflict, by an adapter that had seen nothing', async (context) => {
      const streamId = await hide('deleted')
      const adapter = await openFresh(context)
      await model.addFault({ does: 'cut before', calls: ['append'], stream: streamId, times: 1 })
      const error: unknown = await adapter
        .appendToStream(streamId, [event()], { expectedVersion: 2, timeoutMs: 10_000 })
        .then(undefined, (caught: unknown) => caught)
      expect(isConcurrencyError(error) && error.actualVersion).toBe(3)
      expect((await idsOf(streamId)).length).toBe(3)
    })

    test('ids that an earlier call has stored elsewhere are not taken for those of an exact append', async (context) => {
      const [streamId, known] = [stream(), event()]
      await other.appendToStream(streamId, [known, event(), event()])
      await other.deleteStream(streamId)
      const adapter = await openFresh(context)
      await model.addFault({ does: 'cut before', calls: ['append'], stream: streamId, times: 1 })
      await model.addFault({ does: 'unavailable', calls: ['read'], stream: '', times: 1 })
      const appended = adapter.appendToStream(streamId, [known], { expectedVersion: 1, timeoutMs: 2000 })
      await expect(appended).rejects.toMatchObject({ code: 'outcome-unknown' })
    })

    test('nothing but the log since the sending is searched, however long it is', async (context) => {
      const streamId = await hide('deleted')
      for (let n = 0; n < 4; n += 1) await other.appendToStream(stream(), Array.from({ length: 1000 }, event))
      const adapter = await openFresh(context)
      await model.addFault({ does: 'cut before', calls: ['append'], stream: streamId, times: 1 })
      await model.addFault({ does: 'delay', calls: ['read'], stream: '', ms: 0 })
      const before = await model.faultCount()
      expect((await adapter.appendToStream(streamId, [event()], { timeoutMs: 10_000 })).version).toBe(4)
      expect((await model.faultCount()) - before).toBeLessThan(5)
      // The end of the log is looked for once.
      const after = await model.faultCount()
      await adapter.appendToStream(streamId, [event()])
      expect((await model.faultCount()) - after).toBe(0)
    })

    test('what was searched for lost events is not searched again, however often the sending is lost', async (context) => {
      const [streamId, events] = [stream(), [event(), event()]]
      for (let n = 0; n < 2; n += 1) await other.appendToStream(streamId, Array.from({ length: 1000 }, event))
      const adapter = await openFresh(context)
      await model.addFault({ does: 'reset before', calls: ['append'], stream: streamId, times: 4 })
      await model.addFault({ does: 'delay', calls: ['read'], stream: streamId, ms: 0 })
      const before = await model.faultCount()
      expect((await adapter.appendToStream(streamId, events, { timeoutMs: 20_000 })).version).toBe(2002)
      // Four that were lost; the last thousand in pages of a hundred; then one page each time, so that other writers are seldom faster.
      expect((await model.faultCount()) - before).toBeLessThanOrEqual(4 + 11 + 3)
      expect((await idsOf(streamId)).slice(2000)).toEqual(events.map(({ id }) => id))
    })

    test('appends that are the first of an adapter share one look for the end of the log, and one that is given up leaves it to the others', async (context) => {
      const adapter = await openFresh(context)
      await model.addFault({ does: 'delay', calls: ['read'], stream: '', ms: 1500 })
      const [before, control] = [await model.faultCount(), new AbortController()]
      const first = adapter.appendToStream(stream(), [event()], { signal: control.signal })
      const others = Array.from({ length: 8 }, () => adapter.appendToStream(stream(), [event()]))
      while ((await model.faultCount()) === before) await new Promise((resolve) => setImmediate(resolve))
      control.abort(new Error('given up'))
      await expect(first).rejects.toThrow('given up')
      for (const { version } of await Promise.all(others)) expect(version).toBe(1)
      expect((await model.faultCount()) - before).toBe(1)
    })

    test('whoever may not read the log asks once, and appends', async (context) => {
      const [adapter, before] = [await openFresh(context), await model.faultCount()]
      await model.addFault({ does: 'access denied', calls: ['read'], stream: '' })
      for (let n = 0; n < 3; n += 1)
        await expect(adapter.appendToStream(stream(), [event()], { expectedVersion: 7 })).rejects.toMatchObject({ code: 'concurrency' })
      expect((await adapter.appendToStream(stream(), [event()])).version).toBe(1)
      expect((await model.faultCount()) - before).toBe(1)
    })

    test('a batch of which a part was truncated before it was settled is not stored again', async (context) => {
      const [streamId, events] = [stream(), [event(), event(), event()]]
      await other.appendToStream(streamId, [event(), event(), event()])
      const adapter = await openFresh(context)
      const before = await model.faultCount()
      await model.addFault({ does: 'cut after', calls: ['append'], stream: streamId, times: 1 })
      await model.addFault({ does: 'delay', calls: ['read'], stream: streamId, times: 1, ms: 2000 })
      const appended = adapter.appendToStream(streamId, events)
      while ((await model.faultCount()) < before + 2) await new Promise((resolve) => setImmediate(resolve))
      await other.truncateStream(streamId, { before: 5 })
      // It forgets the ids.
      await model.restart()
      expect(await appended).toMatchObject({ firstVersion: 4, version: 6 })
      expect((await idsOf(streamId)).slice(3)).toEqual(events.map(({ id }) => id))
    })
  })
}
