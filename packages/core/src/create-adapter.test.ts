import { describe, expect, it } from 'vitest'
import type { EventStoreAdapter } from './adapter.js'
import { isInvalidArgumentError } from './index.js'
import { memory } from './memory/index.js'

/** What callers without types get wrong. Each is refused with the place of the fault, and the adapter goes on. */
const mistakes: readonly [name: string, path: string, call: (store: EventStoreAdapter) => Promise<unknown>][] = [
  ['a signal that is none, of a read', 'signal', (store) => store.readStream('s', { signal: {} as AbortSignal }).toArray()],
  [
    'a signal that is none, of a subscription to a stream',
    'signal',
    (store) => first(store.subscribeToStream('s', { signal: 5 as never })),
  ],
  ['a signal that is none, of a subscription to the log', 'signal', (store) => first(store.subscribeToAll({ signal: {} as AbortSignal }))],
  ['options that are no object, of a subscription', 'options', (store) => first(store.subscribeToAll(5 as never))],
  ['options that are no object, of an append', 'options', (store) => store.appendToStream('s', [], 5 as never)],
  ['no options where they are needed', 'before', (store) => store.truncateStream('s', undefined as never)],
  ['a getter that throws', 'events[0].data', (store) => store.appendToStream('s', [{ type: 'A', data: throwing }])],
  [
    'a proxy that throws, in metadata',
    'events[0].metadata',
    (store) => store.appendToStream('s', [{ type: 'A', data: 1, metadata: hostile }]),
  ],
]
const throwing = {
  get total(): number {
    throw new Error('not yet')
  },
}
const hostile: object = new Proxy(
  {},
  {
    ownKeys() {
      throw new Error('not yet')
    },
  },
)

async function first<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item
  return undefined
}

describe('a mistake in the arguments', () => {
  it.each(mistakes)('%s', async (_name, path, call) => {
    const store = memory()
    const error = await call(store).catch((one: unknown) => one)
    expect(isInvalidArgumentError(error) && [error.path, error.adapter]).toEqual([path, 'memory'])
    expect((await store.getStreamState('s')).status).toBe('missing')
  })
})
