import { channel } from 'node:diagnostics_channel'
import type { AttemptTrace } from '../diagnostics.js'

/**
 * Calls back as soon as an attempt at a method fails, before the adapter makes the next: so a case can act between the two. An adapter
 * whose driver repeats calls by itself may never say so.
 *
 * @returns what ends it.
 */
export function onFailedAttempt(method: string, streamId: string | undefined, callback: () => void): () => void {
  const attempts = channel('millrace:attempt')
  const listener = (message: unknown): void => {
    const trace = message as AttemptTrace
    if (trace.method === method && trace.streamId === streamId && trace.errorCode !== undefined) callback()
  }
  attempts.subscribe(listener)
  return () => {
    attempts.unsubscribe(listener)
  }
}
