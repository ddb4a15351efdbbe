import type { AttemptResult, Call } from './attempt.js'
import type { Backend } from './backend.js'
import { isEventStoreError } from './errors.js'

/** What is published on the `node:diagnostics_channel` named `millrace:attempt` after each attempt at a backend. No payload, no secret. */
export interface AttemptTrace {
  readonly adapter: string
  /** The public method. */
  readonly method: string
  readonly streamId: string | undefined
  readonly durationMs: number
  /** Undefined: the attempt succeeded. `aborted`: the caller gave up. */
  readonly errorCode: string | undefined
}

interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

interface ProcessLike {
  getBuiltinModule?(name: string): { channel(name: string): Channel } | undefined
}

// Guarded: this file runs in browsers and edge runtimes too, where there is nobody to listen.
const channel = (globalThis as { process?: ProcessLike }).process
  ?.getBuiltinModule?.('node:diagnostics_channel')
  ?.channel('millrace:attempt')

export function traceAttempt(backend: Backend, call: Call, startedAt: number, result: AttemptResult<unknown>): void {
  if (channel?.hasSubscribers !== true) return
  const trace: AttemptTrace = {
    adapter: backend.name,
    method: call.method,
    streamId: call.streamId,
    durationMs: performance.now() - startedAt,
    errorCode: result.ok ? undefined : result.aborted ? 'aborted' : isEventStoreError(result.error) ? result.error.code : 'backend',
  }
  channel.publish(trace)
}
