import type { ErrorCode } from '../../errors.js'
import { type ExpectedVersion, checkExpected, protectsRetry } from '../../expected-version.js'

/** What a call comes to: a result in plain values, or the code of an error. */
export type Outcome = { readonly ok: unknown } | { readonly error: ErrorCode }

/** One stream as contract §3 to §5 have it: a sequential, pure model. */
export interface StreamModel {
  readonly status: 'missing' | 'live' | 'deleted' | 'tombstoned'
  /** Ids of all events ever appended. */
  readonly ids: readonly string[]
  readonly firstVersion: number
  /** Version at the last soft delete. */
  readonly baseVersion: number
  /** Text of the stream metadata. */
  readonly metadata: string | undefined
}

/** A call's outcome, and the stream after it. */
export interface Step {
  readonly outcome: Outcome
  readonly stream: StreamModel
}

export const missingStream: StreamModel = { status: 'missing', ids: [], firstVersion: 1, baseVersion: 0, metadata: undefined }

export interface Window {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly direction: 'forwards' | 'backwards'
  readonly limit?: number | undefined
}

const fails = (stream: StreamModel, error: ErrorCode): Step => ({ outcome: { error }, stream })
const gives = (stream: StreamModel, ok: unknown): Step => ({ outcome: { ok }, stream })

export function versionOf({ ids }: StreamModel): number {
  return ids.length
}

/** @param strong whether a re-sent `'any'` is recognised; without it, it is stored again. */
export function append(stream: StreamModel, ids: readonly string[], expected: ExpectedVersion, strong: boolean): Step {
  const version = versionOf(stream)
  const check = checkExpected({ status: stream.status, version }, expected)
  const result = (first: number): unknown => ({ firstVersion: first, version: first + ids.length - 1 })
  if (check === 'deleted') return fails(stream, 'stream-deleted')
  if (ids.length === 0) return check === 'ok' ? gives(stream, result(version + 1)) : fails(stream, 'concurrency')
  if (check === 'conflict') {
    const first = (typeof expected === 'number' && expected > 0 ? expected : stream.baseVersion) + 1
    // What was hidden may be recognised or not: nobody asks that of the model.
    const isStored = protectsRetry(expected) && isVisible(stream, first) && standAt(stream, ids, first)
    return isStored ? gives(stream, result(first)) : fails(stream, 'concurrency')
  }
  const known = strong && !protectsRetry(expected) ? stream.ids.indexOf(ids[0] ?? '') + 1 : 0
  if (known > 0 && isVisible(stream, known) && standAt(stream, ids, known)) return gives(stream, result(known))
  return gives({ ...stream, status: 'live', ids: [...stream.ids, ...ids] }, result(version + 1))
}

function standAt({ ids: stored }: StreamModel, ids: readonly string[], first: number): boolean {
  return ids.every((id, index) => stored[first - 1 + index] === id)
}

function isVisible({ status, firstVersion }: StreamModel, version: number): boolean {
  return status === 'live' && version >= firstVersion
}

/** The events that a stream read may show, oldest first. */
export function visible({ status, ids, firstVersion }: StreamModel): { readonly id: string; readonly version: number }[] {
  return status === 'live' ? ids.map((id, index) => ({ id, version: index + 1 })).filter(({ version }) => version >= firstVersion) : []
}

export function read(stream: StreamModel, { from, to, direction, limit }: Window): Step {
  if (stream.status === 'tombstoned' && limit !== 0) return fails(stream, 'stream-deleted')
  const events = visible(stream)
  const window =
    direction === 'forwards'
      ? events.filter(({ version }) => version >= (from ?? 1) && version <= (to ?? Infinity))
      : events.filter(({ version }) => version <= (from ?? Infinity) && version >= (to ?? 1)).reverse()
  return gives(stream, window.slice(0, limit))
}

export function stateOf(stream: StreamModel): Step {
  const { status, firstVersion } = stream
  const version = versionOf(stream)
  if (status === 'tombstoned') return gives(stream, { status })
  return gives(stream, { status, version, firstVersion: status === 'live' || status === 'missing' ? firstVersion : version + 1 })
}

export function remove(stream: StreamModel, expected: Exclude<ExpectedVersion, 'noStream'>): Step {
  const { status } = stream
  const version = versionOf(stream)
  if (status === 'tombstoned') return fails(stream, 'stream-deleted')
  if (typeof expected === 'number' ? expected !== version : expected === 'streamExists' && status === 'missing')
    return fails(stream, 'concurrency')
  if (expected === 'streamExists' && status === 'deleted') return fails(stream, 'stream-deleted')
  if (status !== 'live') return gives(stream, undefined)
  return gives({ ...stream, status: 'deleted', firstVersion: version + 1, baseVersion: version, metadata: undefined }, undefined)
}

export function tombstone(stream: StreamModel, expected: ExpectedVersion): Step {
  const check = expected === 'any' ? 'ok' : checkExpected({ status: stream.status, version: versionOf(stream) }, expected)
  if (check !== 'ok') return fails(stream, check === 'deleted' ? 'stream-deleted' : 'concurrency')
  return gives({ ...stream, status: 'tombstoned' }, undefined)
}

export function truncate(stream: StreamModel, before: number): Step {
  if (stream.status === 'deleted' || stream.status === 'tombstoned') return fails(stream, 'stream-deleted')
  if (before > versionOf(stream) + 1) return fails(stream, 'invalid-argument')
  return gives({ ...stream, firstVersion: Math.max(stream.firstVersion, before) }, undefined)
}

export function setMetadata(stream: StreamModel, text: string, isCurrent: boolean): Step {
  if (stream.status === 'deleted' || stream.status === 'tombstoned') return fails(stream, 'stream-deleted')
  return isCurrent ? gives({ ...stream, metadata: text }, undefined) : fails(stream, 'concurrency')
}

export function getMetadata(stream: StreamModel): Step {
  return stream.status === 'tombstoned' ? fails(stream, 'stream-deleted') : gives(stream, stream.metadata)
}
