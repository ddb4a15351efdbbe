import type { Backend, ErrorClass } from './backend.js'
import {
  AccessDeniedError,
  BackendError,
  ConfigurationError,
  CorruptStreamError,
  type EventStoreError,
  InvalidArgumentError,
  type Outcome,
  TimeoutError,
  UnavailableError,
  isEventStoreError,
  isUnavailableError,
} from './errors.js'

/** A driver's error in the contract's words, what it means for a change, and whether another attempt may help. */
export interface TranslatedError {
  readonly error: EventStoreError
  readonly outcome: Outcome
  readonly retry: boolean
}

/**
 * Asks the backend's table; what it does not know is a {@link BackendError}. Errors of ours pass as they are. Core does it for every call;
 * a package needs it for what it offers beside its adapter.
 */
export function translateError(
  error: unknown,
  backend: Pick<Backend, 'name' | 'classifyError'>,
  kind: 'read' | 'change',
  streamId?: string,
): TranslatedError {
  if (isEventStoreError(error)) return { error, outcome: kind === 'read' ? 'not-applied' : error.outcome, retry: isUnavailableError(error) }
  const known = classify(error, backend)
  const outcome = kind === 'read' ? 'not-applied' : (known?.outcome ?? 'unknown')
  const details = { adapter: backend.name, streamId, cause: error, hint: known?.hint }
  const message =
    known?.message ??
    `${backend.name}: ${error instanceof Error && error.message !== '' ? error.message : 'the store failed without a message.'}`
  return { error: build(known, message, { ...details, outcome }), outcome, retry: known?.retry ?? known?.code === 'unavailable' }
}

function classify(error: unknown, backend: Pick<Backend, 'classifyError'>): ErrorClass | undefined {
  try {
    return backend.classifyError(error)
  } catch {
    // A table that fails on an odd error must not hide that error.
    return undefined
  }
}

function build(
  known: ErrorClass | undefined,
  message: string,
  details: {
    readonly adapter: string
    readonly streamId: string | undefined
    readonly cause: unknown
    readonly hint: string | undefined
    readonly outcome: Outcome
  },
): EventStoreError {
  switch (known?.code) {
    case 'configuration':
      return new ConfigurationError(message, details)
    case 'access-denied':
      return new AccessDeniedError(message, details)
    case 'unavailable':
      return new UnavailableError(message, details)
    case 'timeout':
      return new TimeoutError(message, details)
    case 'corrupt-stream':
      return new CorruptStreamError(message, details)
    case 'invalid-argument':
      return new InvalidArgumentError(message, { ...details, path: 'value' })
    default:
      return new BackendError(message, details)
  }
}
