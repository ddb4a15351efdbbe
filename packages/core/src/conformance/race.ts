/** What became of calls that were started together. */
export interface RaceResult<T> {
  /** In the order of the calls. */
  readonly settled: readonly PromiseSettledResult<T>[]
  /** Values of those that resolved. */
  readonly won: readonly T[]
  /** Errors of those that rejected. */
  readonly lost: readonly unknown[]
}

/** Knows which calls were under way at the same time: a race that did not overlap proves nothing. */
export interface RaceClock {
  readonly overlaps: number
  timed<T>(call: () => Promise<T>): Promise<T>
  race<T>(calls: readonly (() => Promise<T>)[]): Promise<RaceResult<T>>
}

export function createRaceClock(): RaceClock {
  let underWay = 0
  let overlaps = 0

  async function timed<T>(call: () => Promise<T>): Promise<T> {
    overlaps += underWay
    underWay += 1
    try {
      return await call()
    } finally {
      underWay -= 1
    }
  }

  return {
    get overlaps() {
      return overlaps
    },
    timed,
    async race(calls) {
      // The barrier: nobody starts before all are ready, and all start within one turn of the event loop.
      let open = (): void => undefined
      const barrier = new Promise<void>((resolve) => {
        open = resolve
      })
      const running = calls.map(async (call) => {
        await barrier
        return timed(call)
      })
      open()
      const settled = await Promise.allSettled(running)
      return {
        settled,
        won: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
        lost: settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])),
      }
    },
  }
}

/**
 * Readers of a store that answers without I/O leave the event loop to the writers they wait for at least so often: by `setImmediate`,
 * since timers that come due one after the other keep Node from its I/O.
 */
const turnEveryMs = 5

/** Reads again and again, while others write. */
export async function readWhile(goOn: () => boolean, read: () => Promise<void>): Promise<void> {
  let turnedAt = performance.now()
  while (goOn()) {
    await read()
    if (performance.now() - turnedAt < turnEveryMs) continue
    await nextTurn()
    turnedAt = performance.now()
  }
}

/** Lets everybody else have a turn: writers of a store that answers without I/O would be done before a reader has begun. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
