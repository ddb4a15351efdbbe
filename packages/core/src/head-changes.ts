import type { StreamMetadata } from './adapter.js'
import { type Call, remainingMs, settlingCall } from './attempt.js'
import type { Backend, StreamHead } from './backend.js'
import { decodeObject } from './decode-event.js'
import { ConcurrencyError, InvalidArgumentError, StreamDeletedError, TimeoutError } from './errors.js'
import type { JsonObject } from './event.js'
import { type ExpectedVersion, checkExpected } from './expected-version.js'
import { resent, retried, unknownOutcome } from './retry.js'

/** Delete, tombstone, truncate and stream metadata: what is the same for every backend. Source: contract §5. Cases: DEL, MET. */

/**
 * Soft-deletes a stream. The backend is always sent the exact version, read just before, so that a late or repeated request hides
 * nothing that was appended after it; with `'any'` and `'streamExists'` a lost race is read and sent again.
 */
export async function deleteStream(backend: Backend, call: Call, streamId: string, expected: ExpectedVersion): Promise<void> {
  const { deleteStream } = backend
  for (;;) {
    const head = await readHead(backend, call, streamId)
    if (head.status === 'tombstoned') throw deleted(backend, head, streamId)
    // Here 0 is a plain number, the version of a missing stream: there is no deleting with 'noStream'.
    if (typeof expected === 'number' ? head.version !== expected : expected === 'streamExists' && head.status === 'missing')
      throw conflict(backend, head, streamId, expected)
    if (expected === 'streamExists' && head.status === 'deleted') throw deleted(backend, head, streamId)
    if (head.status !== 'live') return
    const change = await resent(backend, call, (bc) => required(deleteStream).call(backend, { streamId, version: head.version }, bc))
    // Deleted at this very version since: by an earlier attempt of ours or by another, the result is the same.
    if (change.status === 'changed' || change.head.baseVersion === head.version) return
    refuseLate(backend, call)
  }
}

/** Uses up the name for ever. */
export async function tombstoneStream(backend: Backend, call: Call, streamId: string, expected: ExpectedVersion): Promise<void> {
  const { tombstoneStream } = backend
  for (;;) {
    let version: number | undefined
    if (expected !== 'any') {
      const head = await readHead(backend, call, streamId)
      const check = checkExpected(head, expected)
      if (check === 'deleted') throw deleted(backend, head, streamId)
      if (check === 'conflict') throw conflict(backend, head, streamId, expected)
      version = head.version
    }
    const change = await resent(backend, call, (bc) => required(tombstoneStream).call(backend, { streamId, version }, bc))
    if (change.status === 'changed' || change.head.status === 'tombstoned') return
    refuseLate(backend, call)
  }
}

/** Hides the versions below `before`. The backend only ever raises the point, so sending it twice does no harm. */
export async function truncateStream(backend: Backend, call: Call, streamId: string, before: number): Promise<void> {
  const { truncateStream } = backend
  const change = await resent(backend, call, (bc) => required(truncateStream).call(backend, { streamId, before }, bc))
  if (change.status === 'changed') return
  const { head } = change
  if (head.status === 'deleted' || head.status === 'tombstoned') throw deleted(backend, head, streamId)
  throw new InvalidArgumentError(`is beyond version ${head.version} + 1 of the stream.`, {
    path: 'before',
    adapter: backend.name,
    streamId,
  })
}

export async function getStreamMetadata(backend: Backend, call: Call, streamId: string): Promise<StreamMetadata> {
  const { readMetadata } = backend
  const stored = await retried(backend, call, (bc) => required(readMetadata).call(backend, streamId, bc))
  if (stored.status === 'tombstoned') throw deleted(backend, stored, streamId)
  const metadata =
    stored.metadata === undefined || stored.status === 'deleted' ? undefined : (decodeObject(stored.metadata) as JsonObject | undefined)
  return { metadata, version: stored.version }
}

/**
 * Replaces the metadata. Each sending is guarded by the metadata version it replaces, read before where the caller gave none: so an
 * answer that was lost is settled by what stands at the next version, and a late request changes nothing.
 */
export async function setStreamMetadata(
  backend: Backend,
  call: Call,
  streamId: string,
  text: string,
  expectedMetadataVersion: number | undefined,
): Promise<{ readonly version: number }> {
  const { writeMetadata, readMetadata } = backend
  for (;;) {
    const expected =
      expectedMetadataVersion ?? (await retried(backend, call, (bc) => required(readMetadata).call(backend, streamId, bc))).version
    let sent = 0
    const change = await resent(backend, call, (bc) => {
      sent += 1
      return required(writeMetadata).call(backend, { streamId, text, expectedMetadataVersion: expected }, bc)
    })
    if (change.status === 'changed') return { version: change.version }
    const { streamStatus } = change
    if (streamStatus === 'deleted' || streamStatus === 'tombstoned') throw deleted(backend, { status: streamStatus }, streamId)
    if (sent > 1 && (await isStored(backend, call, streamId, text, expected))) return { version: expected + 1 }
    if (expectedMetadataVersion !== undefined)
      throw new ConcurrencyError({
        adapter: backend.name,
        streamId,
        expectedVersion: expected,
        actualVersion: change.version,
        subject: 'metadata',
      })
    refuseLate(backend, call)
  }
}

/** Whether an earlier sending was stored after all: equal content at a higher version. */
async function isStored(backend: Backend, call: Call, streamId: string, text: string, expected: number): Promise<boolean> {
  const stored = await getStreamMetadata(backend, settlingCall(call), streamId).catch((error: unknown) => {
    // The earlier sending may have been the one that raised the version: a look that fails cannot deny it.
    throw unknownOutcome(backend, call, { error }, { eventIds: [], retryable: true })
  })
  return stored.version > expected && stored.metadata !== undefined && JSON.stringify(stored.metadata) === JSON.stringify(JSON.parse(text))
}

function readHead(backend: Backend, call: Call, streamId: string): Promise<StreamHead> {
  return retried(backend, call, (bc) => backend.readHead(streamId, bc))
}

function refuseLate(backend: Backend, call: Call): void {
  if (remainingMs(call) > 0) return
  throw new TimeoutError(`${call.method} lost every race until its time was up.`, {
    adapter: backend.name,
    streamId: call.streamId,
    hint: 'Call again.',
  })
}

/** A method that its capability promises. */
export function required<T>(method: T | undefined): T {
  if (method === undefined) throw new Error('the backend declares a capability without its method')
  return method
}

export function deleted(backend: Backend, head: Pick<StreamHead, 'status'>, streamId: string): StreamDeletedError {
  return new StreamDeletedError({ adapter: backend.name, streamId, tombstoned: head.status === 'tombstoned' })
}

function conflict(backend: Backend, head: StreamHead, streamId: string, expectedVersion: ExpectedVersion): ConcurrencyError {
  return new ConcurrencyError({ adapter: backend.name, streamId, expectedVersion, actualVersion: head.version })
}
