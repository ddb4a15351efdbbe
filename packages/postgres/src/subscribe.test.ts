import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createOwnCalls } from './own-calls.js'
import { schemaNames } from './schema.js'
import type { Engine } from './session.js'
import { createWaker } from './subscribe.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A log of which only the end is known, who looks at it, and what is told of it. */
function watchedLog() {
  let end = 0
  const [looks, told]: [number[], number[]] = [[], []]
  const engine = {
    read() {
      looks.push(performance.now())
      return Promise.resolve([[String(end)]])
    },
  } as unknown as Engine
  const waker = createWaker({ engine, names: schemaNames(), own: createOwnCalls(), horizon: undefined, channel: undefined })
  const control = new AbortController()
  const watching = (async () => {
    for (;;) {
      await waker.waitForChange(control.signal)
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
