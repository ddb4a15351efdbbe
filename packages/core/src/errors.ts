import type { CapabilityName } from './capabilities.js'
import type { ExpectedVersion } from './expected-version.js'

/** What is known of a change after an error: nothing was stored (proven), or nobody knows. */
export type Outcome = 'not-applied' | 'unknown'

/** Codes of the contract §8. Codes may be added: keep a default branch. */
export type ErrorCode =
  | 'concurrency'
  | 'stream-deleted'
  | 'invalid-argument'
  | 'limit-exceeded'
  | 'not-supported'
  | 'configuration'
  | 'access-denied'
  | 'unavailable'
  | 'timeout'
  | 'outcome-unknown'
  | 'corrupt-stream'
  | 'closed'
  | 'backend'

const brand: unique symbol = Symbol.for('millrace.error') as never

/** What every error may be given; the rest follows from its class. */
export interface ErrorDetails {
  readonly streamId?: string | undefined
  readonly adapter?: string | undefined
  /** What to do about it, one sentence. */
  readonly hint?: string | undefined
  /** What a driver threw; only its name, message, code and stack are kept. */
  readonly cause?: unknown
  /** The caller's own abort reason: becomes the cause as it is. */
  readonly reason?: unknown
}

/**
 * Base of every error the adapters throw on purpose. Test with the guards ({@link isEventStoreError}, {@link isConcurrencyError}
 * …) or with `code`, not with `instanceof`: two copies of the package in one process still understand each other.
 *
 * No message, stack, cause or `util.inspect` of it shows a password or a payload: causes are reduced to name, message and code.
 * Cases: ERR-01, ERR-05.
 */
export class EventStoreError extends Error {
  readonly code: ErrorCode
  /** True only where calling again the same way cannot double anything. */
  readonly retryable: boolean
  readonly outcome: Outcome
  /** Name of the adapter that raised it; filled in by the adapter. */
  readonly adapter: string | undefined
  readonly streamId: string | undefined
  /** What to do about it, for a person; empty where the message says it all. */
  readonly hint: string

  constructor(code: ErrorCode, message: string, details: ErrorDetails & { readonly retryable?: boolean; readonly outcome?: Outcome } = {}) {
    super(details.hint === undefined ? message : `${message} ${details.hint}`)
    const cause = details.reason ?? withoutSecrets(details.cause)
    if (cause !== undefined) Object.defineProperty(this, 'cause', { value: cause, configurable: true, writable: true })
    Object.defineProperty(this, brand, { value: true })
    this.name = new.target.name
    this.code = code
    this.retryable = details.retryable ?? false
    this.outcome = details.outcome ?? 'not-applied'
    this.adapter = details.adapter
    this.streamId = details.streamId
    this.hint = details.hint ?? ''
  }
}

/** A driver's error without what may carry a payload, a statement or a password. */
function withoutSecrets(cause: unknown): unknown {
  if (!(cause instanceof Error) || isEventStoreError(cause)) return cause
  const { code } = cause as Error & { code?: unknown }
  const copy = new Error(cause.message)
  copy.name = cause.name
  if (cause.stack !== undefined) copy.stack = cause.stack
  if (typeof code === 'string' || typeof code === 'number') Object.assign(copy, { code })
  return copy
}

/** The stream (or its metadata) is not at the expected version. Nothing was stored. */
export class ConcurrencyError extends EventStoreError {
  override readonly streamId: string
  readonly expectedVersion: ExpectedVersion
  /** The version found; undefined only inside a caller's transaction that the server gave up. */
  readonly actualVersion: number | undefined
  readonly subject: 'stream' | 'metadata'

  constructor(
    details: ErrorDetails & {
      readonly streamId: string
      readonly expectedVersion: ExpectedVersion
      readonly actualVersion: number | undefined
      readonly subject?: 'stream' | 'metadata'
    },
  ) {
    const { streamId, expectedVersion, actualVersion, subject = 'stream' } = details
    const what = subject === 'stream' ? `stream ${quote(streamId)}` : `the metadata of stream ${quote(streamId)}`
    const found = actualVersion === undefined ? 'is at another version' : `is at version ${actualVersion}`
    super('concurrency', `${what} ${found}, expected ${describe(expectedVersion)}. Nothing was stored.`, {
      hint: 'Read it again and decide anew.',
      ...details,
    })
    this.streamId = streamId
    this.expectedVersion = expectedVersion
    this.actualVersion = actualVersion
    this.subject = subject
  }
}

/** The stream was soft-deleted (and the call needs a live one) or tombstoned for ever. */
export class StreamDeletedError extends EventStoreError {
  override readonly streamId: string
  readonly tombstoned: boolean

  constructor(details: ErrorDetails & { readonly streamId: string; readonly tombstoned: boolean }) {
    const { streamId, tombstoned } = details
    super(
      'stream-deleted',
      tombstoned ? `stream ${quote(streamId)} is tombstoned: its name is used up for ever.` : `stream ${quote(streamId)} is deleted.`,
      { hint: tombstoned ? 'Use another stream id.' : "Append with 'any', 'noStream' or its exact version to re-create it.", ...details },
    )
    this.streamId = streamId
    this.tombstoned = tombstoned
  }
}

/** An argument or a value that cannot be accepted; found before any I/O. */
export class InvalidArgumentError extends EventStoreError {
  /** Where in the call, for example `events[1].data.a[3]`. */
  readonly path: string

  constructor(message: string, details: ErrorDetails & { readonly path: string }) {
    super('invalid-argument', `${details.path}: ${message}`, details)
    this.path = details.path
  }
}

/** Something is larger than the adapter's limits; found before any I/O. */
export class LimitExceededError extends EventStoreError {
  /** Which limit: a member of `capabilities.limits`, or `streamIdBytes`, `typeBytes`, `depth`. */
  readonly limit: string
  readonly actual: number
  readonly maximum: number

  constructor(
    details: ErrorDetails & { readonly limit: string; readonly actual: number; readonly maximum: number; readonly path?: string },
  ) {
    const { limit, actual, maximum, path } = details
    super(
      'limit-exceeded',
      `${path === undefined ? '' : `${path}: `}${limit} is ${actual}, at most ${maximum} are allowed. Nothing was stored.`,
      details,
    )
    this.limit = limit
    this.actual = actual
    this.maximum = maximum
  }
}

/** The adapter does not declare this capability. */
export class NotSupportedError extends EventStoreError {
  readonly capability: string

  constructor(details: ErrorDetails & { readonly capability: CapabilityName | (string & {}) }) {
    super('not-supported', `this adapter does not declare the capability ${quote(details.capability)}.`, details)
    this.capability = details.capability
  }
}

/** The set-up is wrong: bad URL, missing package, missing or newer schema. Calling again does not help; the hint does. */
export class ConfigurationError extends EventStoreError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('configuration', message, details)
  }
}

/** Credentials or rights are missing. */
export class AccessDeniedError extends EventStoreError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('access-denied', message, details)
  }
}

/** The store cannot answer now: refused, starting, throttled, pool exhausted. Nothing was applied; call again. */
export class UnavailableError extends EventStoreError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('unavailable', message, { ...details, retryable: true })
  }
}

/** The deadline passed with nothing applied, or on a read. An adapter is told by one with outcome `unknown` that what it sent had no answer in time. */
export class TimeoutError extends EventStoreError {
  constructor(message: string, details: ErrorDetails & { readonly outcome?: Outcome } = {}) {
    super('timeout', message, { ...details, retryable: true })
  }
}

/** A change was sent and could not be settled before the deadline: it may be stored or not. */
export class OutcomeUnknownError extends EventStoreError {
  /** Ids of the events that were sent: with them the outcome can be looked up, or the call repeated. */
  readonly eventIds: readonly string[]

  constructor(message: string, details: ErrorDetails & { readonly eventIds: readonly string[]; readonly retryable: boolean }) {
    super('outcome-unknown', message, { ...details, outcome: 'unknown' })
    this.eventIds = details.eventIds
  }
}

/** What is stored is damaged: a hole in the versions, a torn commit, a payload that cannot be read. */
export class CorruptStreamError extends EventStoreError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('corrupt-stream', message, details)
  }
}

/** The adapter was closed. */
export class ClosedError extends EventStoreError {
  constructor(details: ErrorDetails = {}) {
    super('closed', 'the adapter is closed.', { hint: 'Open a new one.', ...details })
  }
}

/** An error of the store that no other class explains. Its outcome is unknown for changes. */
export class BackendError extends EventStoreError {
  constructor(message: string, details: ErrorDetails & { readonly outcome: Outcome }) {
    super('backend', message, details)
  }
}

/** Any error of this library, also one made by another copy of it. */
export function isEventStoreError(error: unknown): error is EventStoreError {
  return typeof error === 'object' && error !== null && (error as { [brand]?: unknown })[brand] === true
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return isEventStoreError(error) && error.code === code
}

export function isConcurrencyError(error: unknown): error is ConcurrencyError {
  return hasCode(error, 'concurrency')
}
export function isStreamDeletedError(error: unknown): error is StreamDeletedError {
  return hasCode(error, 'stream-deleted')
}
export function isInvalidArgumentError(error: unknown): error is InvalidArgumentError {
  return hasCode(error, 'invalid-argument')
}
export function isLimitExceededError(error: unknown): error is LimitExceededError {
  return hasCode(error, 'limit-exceeded')
}
export function isNotSupportedError(error: unknown): error is NotSupportedError {
  return hasCode(error, 'not-supported')
}
export function isConfigurationError(error: unknown): error is ConfigurationError {
  return hasCode(error, 'configuration')
}
export function isAccessDeniedError(error: unknown): error is AccessDeniedError {
  return hasCode(error, 'access-denied')
}
export function isUnavailableError(error: unknown): error is UnavailableError {
  return hasCode(error, 'unavailable')
}
export function isTimeoutError(error: unknown): error is TimeoutError {
  return hasCode(error, 'timeout')
}
export function isOutcomeUnknownError(error: unknown): error is OutcomeUnknownError {
  return hasCode(error, 'outcome-unknown')
}
export function isCorruptStreamError(error: unknown): error is CorruptStreamError {
  return hasCode(error, 'corrupt-stream')
}
export function isClosedError(error: unknown): error is ClosedError {
  return hasCode(error, 'closed')
}
export function isBackendError(error: unknown): error is BackendError {
  return hasCode(error, 'backend')
}

/** A stream id for a message: shortened and with control characters escaped. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text)
}

function describe(expected: ExpectedVersion): string {
  return typeof expected === 'number' ? String(expected) : `'${expected}'`
}
