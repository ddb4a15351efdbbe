import { type EventStoreAdapter, isEventStoreError } from '@millrace/core'
import { eventStoreDB } from '@millrace/eventstoredb'
import { expect, test } from 'vitest'
import type { Setup } from './eventstoredb-setup.js'

/** The part of `describeDefects` that is about reads: what is left, or paused, or in the way of others. */
export function describeReadDefects({ url, driver, model, stream, event, open, idle }: Setup): void {
  // Nothing cancels a call of 1.3.1: one that is never answered stays open until its connection ends.
  if (driver === '@eventstore/db-client')
    test('120 reads that the server never answers: calls of a second client still answer, and none stays open', async (context) => {
      const [adapter, other, streamId] = [open(context), open(context), stream()]
      await adapter.appendToStream(streamId, [event()])
      await model.addFault({ does: 'hang', calls: ['read'], stream: streamId, times: 120 })
      const before = await model.faultCount()
      for (let batch = 0; batch < 4; batch += 1) {
        const reads = Array.from({ length: 30 }, () => adapter.readStream(streamId, { timeoutMs: 1000 }).toArray())
        for (const read of await Promise.allSettled(reads)) expect(read).toMatchObject({ reason: { code: 'timeout' } })
      }
      expect((await model.faultCount()) - before).toBe(120)
      expect((await other.appendToStream(streamId, [event()], { timeoutMs: 3000 })).version).toBe(2)
      await idle()
    })

  /** So many bytes that the server has to wait for who reads them: 7.7 MB, or 0.96 MB an append. */
  async function fill(adapter: EventStoreAdapter, appends = 8): Promise<string> {
    const streamId = stream()
    for (let n = 0; n < appends; n += 1)
      await adapter.appendToStream(
        streamId,
        Array.from({ length: 8 }, () => event('x'.repeat(120_000))),
      )
    return streamId
  }

  test('a read that is left between two pages ends its call at once', async (context) => {
    const adapter = open(context)
    const streamId = await fill(adapter, 16)
    const startedAt = performance.now()
    for (let n = 0; n < 3; n += 1) for await (const _event of adapter.readStream(streamId)) break
    await expect(
      (async () => {
        for await (const _event of adapter.readStream(streamId)) throw new Error('thrown by the reader')
      })(),
    ).rejects.toThrow('thrown by the reader')
    const control = new AbortController()
    const aborted = adapter.readStream(streamId, { signal: control.signal })[Symbol.asyncIterator]()
    await aborted.next()
    control.abort()
    const closed = eventStoreDB(url)
    await closed.readStream(streamId)[Symbol.asyncIterator]().next()
    await closed.close()
    await idle()
    // Less than a call is kept of which nothing is taken.
    expect(performance.now() - startedAt).toBeLessThan(4500)
  })

  test('a read that is left when all of it has come, and not been taken, does not hold up close', async () => {
    for (const length of [102, 110, 117, 125, 140]) {
      const [adapter, streamId] = [eventStoreDB(url), stream()]
      await adapter.appendToStream(
        streamId,
        Array.from({ length }, () => event()),
      )
      for await (const _event of adapter.readStream(streamId)) break
      await idle()
      await adapter.close()
    }
  })

  test('110 readers who pause hold up nobody, give their calls back, and read on where they were', async (context) => {
    const adapter = open(context)
    const streamId = await fill(adapter)
    const reads = Array.from({ length: 110 }, () => adapter.readStream(streamId)[Symbol.asyncIterator]())
    for (const read of reads) expect((await read.next()).value?.version).toBe(1)
    expect((await adapter.appendToStream(streamId, [event()])).version).toBe(65)
    await idle()
    for (const read of reads.slice(0, 3)) {
      const versions: (number | undefined)[] = []
      for (let next = await read.next(); next.done !== true; next = await read.next()) versions.push(next.value.version)
      expect(versions).toEqual(Array.from({ length: 63 }, (_, index) => index + 2))
    }
    await Promise.all(reads.map(async (read) => read.return?.()))
    await idle()
  })

  test('readers who pause in a large stream hold up no other read, and read on', async (context) => {
    const adapter = open(context)
    const streamId = await fill(adapter, 24)
    const reads = Array.from({ length: 4 }, () => adapter.readStream(streamId)[Symbol.asyncIterator]())
    for (const read of reads) expect((await read.next()).value?.version).toBe(1)
    expect((await adapter.readStream(streamId).toArray()).length).toBe(192)
    for (const read of reads) {
      let last: number | undefined
      for (let next = await read.next(); next.done !== true; next = await read.next()) last = next.value.version
      expect(last).toBe(192)
    }
    await idle()
  })

  test('large reads side by side, each left after its first event, hold up neither each other nor the next', async (context) => {
    const adapter = open(context)
    const streamId = await fill(adapter, 16)
    const first = async (): Promise<number> => {
      for await (const { version } of adapter.readStream(streamId)) return version
      return 0
    }
    expect(new Set(await Promise.all(Array.from({ length: 12 }, first)))).toEqual(new Set([1]))
    expect((await adapter.readStream(streamId, { limit: 100 }).toArray()).length).toBe(100)
    await idle()
  })

  test('a stream deleted and re-created while it is read: its first life, or unavailable, and nothing of the second', async (context) => {
    const [changing] = [open(context)]
    for (const [pageSize, direction] of [
      [2, 'forwards'],
      [3, 'forwards'],
      [1000, 'forwards'],
      [2, 'backwards'],
    ] as const) {
      const adapter = eventStoreDB({ connection: url, pageSize })
      context.onTestFinished(() => adapter.close())
      const streamId = stream()
      await changing.appendToStream(
        streamId,
        Array.from({ length: 40 }, () => event('first')),
      )
      const seen: unknown[] = []
      const reading = (async () => {
        for await (const { data } of adapter.readStream(streamId, { direction })) {
          if (seen.push(data) !== 1) continue
          await changing.deleteStream(streamId)
          await changing.appendToStream(
            streamId,
            Array.from({ length: 40 }, () => event('second')),
          )
        }
        return 'whole'
      })()
      const ended = await reading.catch((error: unknown) => (isEventStoreError(error) ? error.code : error))
      expect([pageSize, ended]).toEqual([pageSize, pageSize === 1000 ? 'whole' : 'unavailable'])
      expect(new Set(seen)).toEqual(new Set(['first']))
      if (pageSize === 1000) expect(seen.length).toBe(40)
    }
    await idle()
  })

  test('reads begin at the end they are to begin at, and one of nothing asks nothing', async (context) => {
    const [adapter, streamId] = [open(context), stream()]
    await adapter.appendToStream(streamId, [event(), event(), event()])
    const versions = async (options: Parameters<EventStoreAdapter['readStream']>[1]) =>
      (await adapter.readStream(streamId, options).toArray()).map(({ version }) => version)
    expect(await versions({})).toEqual([1, 2, 3])
    expect(await versions({ direction: 'backwards' })).toEqual([3, 2, 1])
    expect(await versions({ direction: 'backwards', from: 1 })).toEqual([1])
    expect(await versions({ from: 4 })).toEqual([])
    expect(await versions({ limit: 0 })).toEqual([])
    const [last] = await adapter.readAll({ direction: 'backwards', limit: 1 }).toArray()
    expect(last).toMatchObject({ streamId, version: 3 })
    expect(await adapter.readAll({ after: last?.position }).toArray()).toEqual([])
    expect(await adapter.readAll({ limit: 0 }).toArray()).toEqual([])
  })

  test('a leader that is not there, named by a node that thinks so for a moment: reads go on, and so do appends', async (context) => {
    const [adapter, streamId] = [open(context), stream()]
    await adapter.appendToStream(streamId, [event()])
    // Nobody listens at port 1.
    for (const calls of [['read'], ['append']] as const) await model.addFault({ does: 'not leader', calls, times: 1, leaderPort: 1 })
    expect(await adapter.getStreamState(streamId)).toMatchObject({ status: 'live', version: 1 })
    expect((await adapter.appendToStream(streamId, [event()])).version).toBe(2)
    expect((await adapter.readStream(streamId).toArray()).map(({ version }) => version)).toEqual([1, 2])
  })
}
