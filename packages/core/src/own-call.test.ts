import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ownCall } from './own-call.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a call of the adapter’s own', () => {
  const forever = new Promise<never>(() => undefined)

  it('ends after five seconds as unavailable', async () => {
    const failed = ownCall(new AbortController().signal, (call) => call.unlessAborted('signal', forever)).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(4990)
    expect(await Promise.race([failed, Promise.resolve('under way')])).toBe('under way')
    await vi.advanceTimersByTimeAsync(20)
    expect(await failed).toMatchObject({ code: 'unavailable' })
  })
  it.each(['signal', 'deadline'] as const)('ends with its signal, whichever it looks at: %s', async (which) => {
    const control = new AbortController()
    const failed = ownCall(control.signal, (call) => call.unlessAborted(which, forever)).catch((error: unknown) => error)
    control.abort('closed')
    expect(await failed).toBe('closed')
    expect(await ownCall(control.signal, () => Promise.resolve(1)).catch((error: unknown) => error)).toBe('closed')
  })
})
