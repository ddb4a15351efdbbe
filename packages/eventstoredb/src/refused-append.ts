import type { BackendCall } from '@millrace/core'
import type { Session } from './client.js'
import { typeOf } from './map-error.js'

/** A revision that no stream has: an append of no events with it is refused with the actual one, and changes nothing. */
const impossible = 1n << 62n

/** Version of a stream none of whose events can be read. Undefined: tombstoned. */
export async function readVersion(session: Session, streamId: string, call: BackendCall): Promise<number | undefined> {
  try {
    await session.append(streamId, [], impossible, call)
  } catch (error) {
    if (typeOf(error) === 'wrong-expected-version') return actualVersion(error)
    if (typeOf(error) === 'stream-deleted') return undefined
    throw error
  }
  throw new Error('an append with an impossible revision was accepted')
}

/** The stream's version as a refusal tells it: under two names, as a revision, a word, or a number below 0. */
export function actualVersion(error: unknown): number {
  const { actualVersion: one, actualState: other } = error as { readonly actualVersion?: unknown; readonly actualState?: unknown }
  const actual = one ?? other
  return typeof actual === 'bigint' && actual >= 0n ? Number(actual) + 1 : 0
}

/**
 * Whether the stream is tombstoned, where the server cannot say so: see `mayHideTombstone`. The answer of a batch append carries the name in its
 * message, so an append of no events with an impossible revision goes that way, once.
 */
export async function isTombstoned(session: Session, streamId: string, call: BackendCall): Promise<boolean> {
  const options = { expectedRevision: impossible, streamState: impossible, requiresLeader: true }
  try {
    await call.unlessAborted('deadline', session.client().appendToStream(streamId, [], options))
  } catch (error) {
    return typeOf(error) === 'stream-deleted'
  }
  return false
}
