/**
 * A pool as real stores have one: at most so many calls are at work, the others wait in line. The memory adapter has it so that the
 * suite's cases about leaked and exhausted connections can be proved on it.
 */
export interface Connections {
  /** Runs with a connection. A caller who gives up while waiting rejects with the signal's reason. */
  use<T>(signal: AbortSignal, run: () => T): Promise<T>
}

export function createConnections(maximum: number): Connections {
  let free = maximum
  const queue: (() => void)[] = []

  function acquire(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const granted = (): void => {
        signal.removeEventListener('abort', gaveUp)
        resolve()
      }
      const gaveUp = (): void => {
        queue.splice(queue.indexOf(granted), 1)
        reject(signal.reason as Error)
      }
      queue.push(granted)
      signal.addEventListener('abort', gaveUp, { once: true })
      if (signal.aborted) gaveUp()
    })
  }
  function release(): void {
    const next = queue.shift()
    if (next === undefined) free += 1
    else next()
  }

  return {
    async use(signal, run) {
      if (free > 0) free -= 1
      else await acquire(signal)
      try {
        // As with a real store, the answer takes a turn: callers that start together are under way together.
        await Promise.resolve()
        return run()
      } finally {
        release()
      }
    },
  }
}
