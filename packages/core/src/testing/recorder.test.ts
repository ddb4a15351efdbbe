import { describe, expect, test } from 'vitest'
import type { EventStoreAdapter } from '../adapter.js'
import { createMemoryStore, memory } from '../memory/index.js'
import { checkHistory } from './check-history.js'
import { type HistoryRecorder, recordHistory } from './recorder.js'

const e = (id: string, data: unknown = 0) => ({ id, type: 'A', data })
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

function recorded(options?: Parameters<typeof recordHistory>[0]) {
  const store = memory({ pageSize: 2 })
  const recorder = recordHistory(options)
  return { store, recorder, adapter: recorder.wrap(store) }
}
const operations = async (recorder: HistoryRecorder, store: ReturnType<typeof memory>) => (await recorder.history(store)).operations

describe('recordHistory', () => {
  test('notes appends with their ids, results and conflicts, on one clock', async () => {
    const { store, recorder, adapter } = recorded()
    await adapter.appendToStream('s', [e(id(1)), e(id(2))], { expectedVersion: 'noStream' })
    await expect(adapter.appendToStream('s', [e(id(3))], { expectedVersion: 7 })).rejects.toThrow()
    await adapter.appendToStreams([
      { streamId: 's', events: [e(id(4))] },
      { streamId: 't', events: [e(id(5).toUpperCase())] },
    ])
    const history = await recorder.history(store)
    expect(history.operations).toMatchObject([
      {
        op: 'append',
        invoke: 1,
        return: 2,
        outcome: 'ok',
        parts: [{ streamId: 's', ids: [id(1), id(2)], expected: 'noStream' }],
        results: [{ firstVersion: 1, version: 2 }],
      },
      { op: 'append', invoke: 3, return: 4, outcome: 'rejected', conflict: { streamId: 's', actualVersion: 2 } },
      { op: 'append', outcome: 'ok', parts: [{ ids: [id(4)] }, { ids: [id(5)] }], results: [{ version: 3 }, { version: 1 }] },
    ])
    expect(history.streams.s?.map((event) => event.id)).toEqual([id(1), id(2), id(4)])
    expect(history.log?.map(({ streamId, version }) => `${streamId}${version}`)).toEqual(['s1', 's2', 's3', 't1'])
    expect(checkHistory(history)).toEqual({ holds: true, anomalies: [], refused: [] })
  })
  test('gives events without ids one, so that they are known', async () => {
    const { store, recorder, adapter } = recorded()
    await adapter.appendToStream('s', [{ type: 'A', data: 1 }])
    const [append] = await operations(recorder, store)
    expect(append).toMatchObject({ parts: [{ ids: [(await store.readStream('s').toArray())[0]?.id] }] })
  })
  test('each iteration is a read: to its end, left early, or by toArray()', async () => {
    const { store, recorder, adapter } = recorded()
    await store.appendToStream('s', [e(id(1)), e(id(2)), e(id(3))])
    const reading = adapter.readStream('s')
    for await (const event of reading) if (event.version === 2) break
    for await (const _event of reading) continue
    await adapter.readAll({ direction: 'backwards', limit: 1 }).toArray()
    await adapter.getStreamState('s')
    expect(await operations(recorder, store)).toMatchObject([
      { op: 'read', cut: true, outcome: 'ok', events: [{ version: 1 }, { version: 2 }] },
      { op: 'read', cut: false, outcome: 'ok', events: [{ version: 1 }, { version: 2 }, { version: 3 }] },
      { op: 'read-all', direction: 'backwards', limit: 1, events: [{ version: 3 }] },
      { op: 'state', status: 'live', version: 3, firstVersion: 1 },
    ])
  })
  test('an append that never returned may take effect at any time; a read that failed says nothing', async () => {
    const { store, recorder } = recorded()
    const hanging = recorder.wrap<EventStoreAdapter>({
      ...store,
      appendToStream: () => new Promise<never>(() => undefined),
      getStreamState: () => Promise.reject(new Error('no')),
    })
    void hanging.appendToStream('s', [e(id(1))])
    await expect(hanging.getStreamState('s')).rejects.toThrow('no')
    const history = await recorder.history(store)
    expect(history.operations).toMatchObject([
      { op: 'append', outcome: 'unknown' },
      { op: 'state', outcome: 'rejected' },
    ])
    expect(history.operations[0]?.return).toBeUndefined()
    expect(checkHistory(history).holds).toBe(true)
  })
  test('waits for subscriptions that are still followed; one that was left need not have everything', async () => {
    const { store, recorder, adapter } = recorded()
    const control = new AbortController()
    const seen: string[] = []
    const following = (async () => {
      for await (const event of adapter.subscribeToStream('s', { signal: control.signal })) seen.push(event.id)
    })().catch(() => undefined)
    const left = (async () => {
      for await (const event of adapter.subscribeToAll()) if (event.id === id(1)) break
    })()
    for (const n of [1, 2, 3]) await adapter.appendToStream('s', [e(id(n))])
    await left
    const history = await recorder.history(store)
    control.abort()
    await following
    expect(seen).toEqual([id(1), id(2), id(3)])
    expect(history.operations.filter(({ op }) => op === 'subscribe')).toMatchObject([
      { streamId: 's', after: 0, live: true, events: [{ version: 1 }, { version: 2 }, { version: 3 }] },
      { after: 'start', live: false, events: [{ version: 1 }] },
    ])
    expect(checkHistory(history)).toEqual({ holds: true, anomalies: [], refused: [] })
  })
  test('a subscription that swallows an event is found', async () => {
    const { store, recorder } = recorded()
    const holed: typeof store = {
      ...store,
      subscribeToAll(options) {
        const inner = store.subscribeToAll(options)
        return {
          ...inner,
          async *messages() {
            for await (const message of inner.messages()) if (message.kind !== 'event' || message.event.version !== 2) yield message
          },
        } as never
      },
    }
    const adapter = recorder.wrap(holed)
    await adapter.appendToStream('s', [e(id(1)), e(id(2)), e(id(3))])
    const control = new AbortController()
    const following = (async () => {
      for await (const _event of adapter.subscribeToAll({ signal: control.signal })) continue
    })().catch(() => undefined)
    const { anomalies } = checkHistory(await recorder.history(store))
    control.abort()
    await following
    expect(anomalies.map(({ name }) => name)).toEqual(['skipped-read'])
  })
  test('identify: who makes new ids for each attempt is found to have doubled', async () => {
    const { store, recorder, adapter } = recorded({ identify: ({ data }) => String(data) })
    await adapter.appendToStream('s', [e(id(1), 'order 1')])
    await adapter.appendToStream('s', [e(id(2), 'order 1')])
    expect(checkHistory(await recorder.history(store)).anomalies.map(({ name }) => name)).toContain('duplicate')
  })
  test('since and concerns: of a store that others use too', async () => {
    const shared = createMemoryStore()
    const store = memory({ store: shared })
    const foreign = await store.appendToStream('other', [e(id(9))])
    const recorder = recordHistory({ since: foreign.position, concerns: (streamId) => streamId.startsWith('mine') })
    const adapter = recorder.wrap(store)
    await adapter.appendToStream('mine', [e(id(1))])
    await adapter.appendToStream('other', [e(id(8))])
    await adapter.readAll({ after: foreign.position }).toArray()
    const history = await recorder.history(store)
    expect(history.operations).toHaveLength(2)
    expect(history.log?.map(({ streamId }) => streamId)).toEqual(['mine'])
    expect(checkHistory(history)).toEqual({ holds: true, anomalies: [], refused: [] })
    await adapter.readAll().toArray()
    expect(checkHistory(await recorder.history(store)).holds).toBe(false)
  })
  test('what is no list of events is refused by the adapter as ever', async () => {
    const { adapter } = recorded()
    await expect(adapter.appendToStream('s', 5 as never)).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(adapter.appendToStreams([{ streamId: 's' }] as never)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})
