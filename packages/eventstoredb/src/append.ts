import type { AppendOutcome, AppendRequest, BackendCall, EncodedEvent } from '@millrace/core'
import { LimitExceededError, checkExpected, ownCall } from '@millrace/core'
import type { Expectation, Session } from './client.js'
import type { DriverAppendResult } from './driver.js'
import { saw, toDriverEvent, toToken } from './event-data.js'
import { classifyError, mayHideTombstone, typeOf } from './map-error.js'
import { readLogEnd } from './read-all.js'
import { readStream } from './read-events.js'
import { actualVersion, isTombstoned } from './refused-append.js'
import { type Searched, searchedBefore, settleAny, settleExact } from './settle.js'
import { readHead } from './stream-head.js'

/** Appends of one adapter. */
export type Append = (request: AppendRequest, call: BackendCall) => Promise<AppendOutcome>

/**
 * Appends, and settles those whose answer was lost: see `settle.ts`. For that it keeps where the log stood, as far as this adapter had seen,
 * when they were first sent, by their events, which are the same in each attempt.
 */
export function createAppend(session: Session): Append {
  const lost = new WeakMap<readonly EncodedEvent[], Searched>()
  let look: Promise<unknown> | undefined

  /**
   * Where the log ends, for an adapter that has seen nothing of it: else a lost answer could be settled in a hidden place only by a search of the
   * whole log. One look for all appends that wait for it; whoever may not read the log, or cannot now, appends all the same, and only who may
   * not is never to ask again.
   */
  function lookAtLog(): Promise<unknown> {
    return (look ??= ownCall(new AbortController().signal, (own) => readLogEnd(session, own)).catch((error: unknown) => {
      if (classifyError(error)?.code !== 'access-denied') look = undefined
    }))
  }

  return async (request, call) => {
    const { expected, events, settle } = request
    if (!settle) {
      if (session.seen === undefined && events.length > 0) await call.unlessAborted('signal', lookAtLog())
      const since = session.seen
      return sendAppend(session, request, call).catch((error: unknown) => {
        lost.set(events, searchedBefore(since))
        throw error
      })
    }
    const searched = lost.get(events) ?? searchedBefore(undefined)
    lost.set(events, searched)
    return expected === 'any' || expected === 'streamExists'
      ? settleAny(session, request, searched, (exact) => sendAppend(session, { ...request, expected: exact }, call), call)
      : settleExact(session, request, searched, await sendAppend(session, request, call), call)
  }
}

/**
 * One append. The server checks the expectation, and recognises a retry by its ids; what it answers to a retry of a batch that re-created
 * a stream, and to an expectation that does not hold, core compares with the stream.
 */
async function sendAppend(session: Session, request: AppendRequest, call: BackendCall): Promise<AppendOutcome> {
  const { streamId, streamType, expected, events } = request
  // One without events would undelete a deleted stream, and says 0 of a missing one: never sent.
  if (events.length === 0) return checkOnly(session, request, call)
  // The server takes a stream for existing that has nothing but metadata.
  if (expected === 'streamExists') {
    const refusal = await refuseUnlessLive(session, request, call)
    if (refusal !== undefined) return refusal
  }
  const sent = events.map((event) => toDriverEvent(event, streamType))
  try {
    const result = await session.append(streamId, sent, toExpectation(expected), call)
    saw(session, result.position)
    return readResult(result, request)
  } catch (error) {
    switch (typeOf(error)) {
      case 'wrong-expected-version':
        return { status: 'wrong-version', actualVersion: actualVersion(error) }
      case 'stream-deleted':
        // Any other expectation holds of a soft-deleted stream, or is a conflict.
        return expected === 'streamExists' ? deletedHow(session, request, call) : { status: 'tombstoned' }
      case 'maximum-append-size-exceeded':
        throw tooLarge(
          error,
          streamId,
          events.reduce((sum, { bytes }) => sum + bytes, 0),
        )
      default:
        if (mayHideTombstone(error, streamId) && (await isTombstoned(session, streamId, call))) return { status: 'tombstoned' }
        throw error
    }
  }
}

function toExpectation(expected: AppendRequest['expected']): Expectation {
  if (typeof expected === 'number') return BigInt(expected - 1)
  return expected === 'noStream' ? 'no_stream' : expected === 'streamExists' ? 'stream_exists' : 'any'
}

/** A position is missing where the events of a retry can no longer be read. */
function readResult({ nextExpectedRevision, position }: DriverAppendResult, { expected, events }: AppendRequest): AppendOutcome {
  const version = typeof expected === 'number' ? expected + events.length : Number(nextExpectedRevision) + 1
  // Known ids with 'any' in another order are answered with the last one's revision: no version lies below 1.
  const firstVersion = Math.max(1, version - events.length + 1)
  return { status: position === undefined ? 'stored' : 'appended', firstVersion, version, position: position && toToken(position) }
}

async function checkOnly(session: Session, { streamId, expected }: AppendRequest, call: BackendCall): Promise<AppendOutcome> {
  const head = await readHead(session, streamId, call)
  const { status, version } = head
  switch (checkExpected(head, expected)) {
    case 'ok':
      return { status: 'stored', firstVersion: version + 1, version, position: undefined }
    case 'conflict':
      return { status: 'wrong-version', actualVersion: version }
    default:
      return { status: status === 'tombstoned' ? 'tombstoned' : 'deleted' }
  }
}

/** A stream that is live stays so, or is deleted, which the server says itself. */
async function refuseUnlessLive(session: Session, request: AppendRequest, call: BackendCall): Promise<AppendOutcome | undefined> {
  const window = { direction: 'backwards', from: 'end', maxCount: 1 } as const
  const read = await readStream(session, request.streamId, window, call)
  if (read.status === 'found') return undefined
  return read.status === 'tombstoned' ? read : deletedHow(session, request, call)
}

async function deletedHow(session: Session, request: AppendRequest, call: BackendCall): Promise<AppendOutcome> {
  const outcome = await checkOnly(session, request, call)
  // Re-created between the two looks.
  return outcome.status === 'stored' ? sendAppend(session, request, call) : outcome
}

/** Older servers count the data only, newer ones more, so one may refuse what the limits let pass. */
export function tooLarge(error: unknown, streamId: string, bytes: number): LimitExceededError {
  const { maxAppendSize } = error as { readonly maxAppendSize?: unknown }
  return new LimitExceededError({
    adapter: 'eventstoredb',
    streamId,
    limit: 'appendBytes',
    actual: bytes,
    maximum: typeof maxAppendSize === 'number' ? maxAppendSize : 0,
    hint: 'Store less at a time, or raise MaxAppendSize of the server.',
  })
}
