import type { BackendCall } from '@millrace/core'
import type { Session } from './client.js'
import { classifyError, typeOf } from './map-error.js'

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
  throw acceptedImpossible()
}

/**
 * The error of the opening read, or what says more: 1.3.1 keeps no text of a read's error, which may be a certificate as well as a server that
 * is not there. Its appends do, so one that changes nothing is made, and counts where it comes with a hint.
 */
export async function explainUnopened(session: Session, streamId: string, error: unknown, call: BackendCall): Promise<unknown> {
  const { code } = error as { readonly code?: unknown }
  if (!session.nativeReads || typeOf(error) !== 'unavailable' || code !== undefined) return error
  try {
    await readVersion(session, streamId, call)
  } catch (reason) {
    const told = classifyError(reason)
    // Who may read and not append has another trouble than that.
    if (told?.hint !== undefined && told.code !== 'access-denied') return reason
  }
  return error
}

/** The stream's version as a refusal tells it: under two names, as a revision, a word, or a number below 0. */
export function actualVersion(error: unknown): number {
  const { actualVersion: one, actualState: other } = error as { readonly actualVersion?: unknown; readonly actualState?: unknown }
  const actual = one ?? other
  return typeof actual === 'bigint' && actual >= 0n ? Number(actual) + 1 : 0
}

/**
 * Whether the stream is tombstoned, where the server cannot say so: see `mayHideTombstone`. Who may not append is not told: false.
 *
 * Errors: what the asking itself came to. That something was not applied is then said of the asking only, and never passed on, since it would be
 * taken for a word on the call that is asked about.
 */
export async function isTombstoned(session: Session, streamId: string, call: BackendCall): Promise<boolean> {
  try {
    await session.appendNothing(streamId, impossible, call)
  } catch (error) {
    const type = typeOf(error)
    if (type === 'stream-deleted') return true
    if (type === 'wrong-expected-version' || type === 'access-denied') return false
    if (classifyError(error)?.outcome !== 'not-applied') throw error
    throw Object.assign(new Error('the stream could not be asked for', { cause: error }), { type: 'untold' })
  }
  throw acceptedImpossible()
}

function acceptedImpossible(): Error {
  return new Error('an append with an impossible revision was accepted')
}
