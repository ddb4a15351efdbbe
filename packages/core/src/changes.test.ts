import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Backend } from './backend.js'
import { createAdapter } from './index.js'
import { memoryBackend } from './memory/backend.js'
import { memory } from './memory/index.js'
import { createMemoryStore } from './memory/store.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const event = { type: 'Happened', data: 1 }

function adapterWith(change: Partial<Backend>) {
  return createAdapter({ ...memoryBackend(createMemoryStore(), memory().capabilities, Infinity), ...change })
}

describe('a backend that looks for changes', () => {
  it('is asked only once it is open, one look at a time for all, and no more when the adapter is closed', async () => {
    let [isOpen, looks, atOnce] = [false, 0, 0]
    const adapter = adapterWith({
      async open() {
        await new Promise((resolve) => setTimeout(resolve, 100))
        isOpen = true
      },
      async lookForChange() {
        expect(isOpen).toBe(true)
        looks += 1
        atOnce += 1
        expect(atOnce).toBe(1)
        await new Promise((resolve) => setTimeout(resolve, 10))
        atOnce -= 1
        return '0'
      },
    })
    const following = Array.from({ length: 3 }, () => adapter.subscribeToStream('s')[Symbol.asyncIterator]().next().catch(String))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(looks).toBeGreaterThan(10)
    await adapter.close()
    const closed = looks
    await vi.advanceTimersByTimeAsync(10_000)
    expect(looks).toBe(closed)
    await Promise.all(following)
  })
  it('that could not look is asked again', async () => {
    let looks = 0
    const adapter = adapterWith({ lookForChange: () => ((looks += 1) < 4 ? Promise.reject(new Error('lost')) : Promise.resolve('0')) })
    const following = adapter.subscribeToStream('s')[Symbol.asyncIterator]().next().catch(String)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(looks).toBeGreaterThan(10)
    await adapter.close()
    await following
  })
})

describe('a backend that tells others', () => {
  it('does so once for appends that come together, again for later ones, and not for what was refused', async () => {
    let told = 0
    const adapter = adapterWith({ tellOfChange: () => Promise.resolve((told += 1)) })
    await Promise.all([1, 2, 3].map(() => adapter.appendToStream('s', [event])))
    expect(told).toBe(0)
    await vi.advanceTimersByTimeAsync(100)
    expect(told).toBe(1)
    await adapter.appendToStream('s', [event], { expectedVersion: 9 }).catch(() => undefined)
    await vi.advanceTimersByTimeAsync(100)
    expect(told).toBe(1)
    await adapter.appendToStream('s', [event])
    await vi.advanceTimersByTimeAsync(100)
    expect(told).toBe(2)
    await adapter.appendToStream('s', [event])
    await adapter.close()
    await vi.advanceTimersByTimeAsync(100)
    expect(told).toBe(2)
  })
})
