import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Backend } from './backend.js'
import { pollChanges } from './poll-changes.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A log of which only the end is known, who looks at it, and what is told of it. */
function watchedLog(more: Pick<Backend, 'listenForChange'> = {}) {
  let end = 0
  const [looks, told]: [number[], number[]] = [[], []]
  const waitForChange = pollChanges({
    lookForChange() {
      looks.push(performance.now())
      return Promise.resolve(String(end))
    },
    ...more,
  })
  const control = new AbortController()
  const watching = (async () => {
    for (;;) {
      await waitForChange(control.signal)
      told.push(performance.now())
    }
  })().catch(() => undefined)
  return {
    looks,
    told,
    append: () => void (end += 1),
    async stop() {
      control.abort()
      await watching
    },
  }
}

it('hears of each append within 20 ms while they come five times a second', async () => {
  const log = watchedLog()
  // Two to wake it up: the first is heard of by who was idle, and by the second it knows how often they come.
  for (const quietMs of [60_000, 600]) {
    await vi.advanceTimersByTimeAsync(quietMs)
    log.append()
  }
  await vi.advanceTimersByTimeAsync(199)
  for (let append = 0; append < 50; append += 1) {
    const [before, at] = [log.told.length, performance.now()]
    log.append()
    await vi.advanceTimersByTimeAsync(199)
    expect(log.told.length).toBe(before + 1)
    expect((log.told.at(-1) ?? Infinity) - at).toBeLessThanOrEqual(20)
  }
  await log.stop()
})

it('looks at a quiet log no more than four times a second, and at none when nobody waits', async () => {
  const log = watchedLog()
  await vi.advanceTimersByTimeAsync(10_000)
  const before = log.looks.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(log.looks.length - before).toBeLessThanOrEqual(240)
  await log.stop()
  const stopped = log.looks.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(log.looks.length).toBe(stopped)
})

describe('where the backend can listen', () => {
  /** A listener that stands, and what it is told. */
  function listening() {
    const state = { begun: 0, ended: 0, hear: (): void => undefined, lose: (): void => undefined }
    const listenForChange: Backend['listenForChange'] = (heard, lost) => {
      state.begun += 1
      ;[state.hear, state.lose] = [heard, lost]
      return Promise.resolve(() => void (state.ended += 1))
    }
    return { state, log: watchedLog({ listenForChange }) }
  }

  it('looks as soon as it heard something', async () => {
    const { state, log } = listening()
    await vi.advanceTimersByTimeAsync(60_000)
    const at = performance.now()
    log.append()
    state.hear()
    await vi.advanceTimersByTimeAsync(0)
    expect(log.told.at(-1)).toBe(at)
    await log.stop()
  })
  it('listens once, again when that was lost, and no more when nobody waits', async () => {
    const { state, log } = listening()
    await vi.advanceTimersByTimeAsync(60_000)
    log.append()
    await vi.advanceTimersByTimeAsync(1000)
    expect(state.begun).toBe(1)
    state.lose()
    log.append()
    await vi.advanceTimersByTimeAsync(1000)
    expect(state.begun).toBe(2)
    expect(state.ended).toBe(0)
    await log.stop()
    await vi.advanceTimersByTimeAsync(0)
    expect(state.ended).toBe(1)
  })
  it('ends a listener that stands only after nobody waits any more', async () => {
    let [stand, ended] = [(_stop: () => void): void => undefined, 0]
    const log = watchedLog({ listenForChange: () => new Promise((resolve) => (stand = resolve)) })
    await vi.advanceTimersByTimeAsync(1000)
    await log.stop()
    stand(() => (ended += 1))
    await vi.advanceTimersByTimeAsync(0)
    expect(ended).toBe(1)
  })
})
