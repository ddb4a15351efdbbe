import { describe, expect, it } from 'vitest'
import type { Backend } from './backend.js'
import { createAdapter, isClosedError, isTimeoutError, isUnavailableError } from './index.js'
import { memoryBackend } from './memory/backend.js'
import { memory } from './memory/index.js'
import { createMemoryStore } from './memory/store.js'

/** An adapter over memory whose backend is changed, and how often it was opened and closed. */
function adapterWith(change: Partial<Backend>, timeoutMs = 300) {
  const backend = memoryBackend(createMemoryStore(), memory().capabilities, Infinity)
  const calls = { open: 0, close: 0 }
  const adapter = createAdapter(
    {
      ...backend,
      ...change,
      open(call) {
        calls.open += 1
        return change.open?.(call) ?? Promise.resolve()
      },
      close() {
        calls.close += 1
        return Promise.resolve()
      },
    },
    { timeoutMs },
  )
  return { adapter, calls }
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'it resolved',
    (error: unknown) => error,
  )
const refused = { classifyError: () => ({ code: 'unavailable', outcome: 'not-applied' }) as const }

describe('opening', () => {
  it('happens once for all who come at once, and at the first use', async () => {
    const { adapter, calls } = adapterWith({})
    expect(calls.open).toBe(0)
    await Promise.all([adapter.getStreamState('a'), adapter.open(), adapter.readStream('b').toArray(), adapter.open()])
    await adapter.open()
    expect(calls.open).toBe(1)
    await adapter.close()
  })
  it('that fails is not remembered', async () => {
    let failing = true
    const open = () => (failing ? Promise.reject(new Error('down')) : Promise.resolve())
    const { adapter } = adapterWith({ open, ...refused })
    expect(isUnavailableError(await failureOf(adapter.open()))).toBe(true)
    failing = false
    await adapter.appendToStream('a', [{ type: 'A', data: 1 }])
    await adapter.close()
  })
  it('that is refused until the time is up says so, and not that it took long', async () => {
    const { adapter } = adapterWith({ open: () => Promise.reject(new Error('refused')), ...refused }, 100)
    const error = await failureOf(adapter.getStreamState('a'))
    expect(isUnavailableError(error)).toBe(true)
    await adapter.close()
  })
  it('that never ends is a timeout, and close() does not wait for it longer', async () => {
    const { adapter } = adapterWith({ open: () => new Promise(() => undefined) }, 100)
    expect(isTimeoutError(await failureOf(adapter.getStreamState('a')))).toBe(true)
    await adapter.close()
  })
  it('is left by a caller who gives up, and goes on for the others', async () => {
    let opened = (): void => undefined
    const { adapter, calls } = adapterWith({ open: () => new Promise<void>((resolve) => (opened = resolve)) })
    const control = new AbortController()
    const leaving = failureOf(adapter.getStreamState('a', { signal: control.signal }))
    const staying = adapter.getStreamState('a')
    await Promise.resolve()
    control.abort('enough')
    expect(await leaving).toBe('enough')
    opened()
    expect((await staying).status).toBe('missing')
    expect(calls.open).toBe(1)
    await adapter.close()
  })
})

describe('closing', () => {
  it('waits for promises in flight, closes the backend once, and refuses what comes', async () => {
    let answer = (): void => undefined
    const { adapter, calls } = adapterWith({
      readHead: () =>
        new Promise((resolve) => (answer = () => resolve({ status: 'missing', version: 0, firstVersion: 1, baseVersion: 0 }))),
    })
    await adapter.open()
    const state = adapter.getStreamState('a')
    const closing = [adapter.close(), adapter.close()]
    expect(isClosedError(await failureOf(adapter.getStreamState('b')))).toBe(true)
    expect(calls.close).toBe(0)
    answer()
    expect((await state).status).toBe('missing')
    await Promise.all(closing)
    expect(calls.close).toBe(1)
  })
  it('an adapter that was never used opens and closes nothing', async () => {
    const { adapter, calls } = adapterWith({})
    await adapter.close()
    expect(calls).toEqual({ open: 0, close: 0 })
    expect(isClosedError(await failureOf(adapter.open()))).toBe(true)
  })
})
