import type { BackendCall } from '@millrace/core'
import { pastDeadline } from './session.js'

/** Statements that the adapter runs for itself, for no call of a user: bounded in time, and ended by `close()`. */
export interface OwnCalls {
  run<T>(work: (call: BackendCall) => Promise<T>): Promise<T>
  end(): void
}

const mostMs = 5000

export function createOwnCalls(): OwnCalls {
  const running = new Set<AbortController>()
  let ended = false
  return {
    async run(work) {
      if (ended) throw pastDeadline()
      const control = new AbortController()
      const { signal } = control
      const endsAt = performance.now() + mostMs
      const timer = setTimeout(() => control.abort(pastDeadline()), mostMs)
      running.add(control)
      try {
        return await work({
          signal,
          deadline: signal,
          remainingMs: () => Math.max(0, endsAt - performance.now()),
          unlessAborted: (_which, result) =>
            new Promise((resolve, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
              if (signal.aborted) reject(signal.reason as Error)
              result.then(resolve, reject)
            }),
        })
      } finally {
        clearTimeout(timer)
        running.delete(control)
      }
    },
    end() {
      ended = true
      for (const control of running) control.abort(pastDeadline())
    },
  }
}
