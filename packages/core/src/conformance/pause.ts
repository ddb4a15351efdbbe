import type { EventStoreAdapter } from '../adapter.js'
import { isTimeoutError, isUnavailableError } from '../errors.js'
import { nextTurn } from './race.js'
import type { Random } from './random.js'

/** Milliseconds that something usually takes here, so that a case can strike while it is under way. */
export async function measured(run: () => Promise<unknown>): Promise<number> {
  await run()
  const startedAt = performance.now()
  for (let times = 0; times < 3; times += 1) await run()
  return (performance.now() - startedAt) / 3
}

/** Lets some part of so much time pass: to choose a moment, never to wait for something. What takes no time takes some turns of the event loop. */
export async function pausePart(random: Random, ms: number): Promise<void> {
  const part = random.next()
  if (ms >= 1) return new Promise((resolve) => setTimeout(resolve, part * ms))
  for (let turns = Math.floor(part * 4); turns > 0; turns -= 1) await nextTurn()
}

/** Waits, within the time of the case, until a store that was down answers. */
export async function untilBack(adapter: EventStoreAdapter, streamId: string): Promise<void> {
  for (;;) {
    try {
      await adapter.getStreamState(streamId)
      return
    } catch (error) {
      if (!isUnavailableError(error) && !isTimeoutError(error)) throw error
    }
  }
}
