export type {
  AppendOptions,
  AppendResult,
  CallOptions,
  Direction,
  EventIterable,
  EventStoreAdapter,
  LogFilter,
  ReadAllOptions,
  ReadStreamOptions,
  StreamAppend,
  StreamInfo,
  StreamMetadata,
  StreamState,
  SubscribeToAllOptions,
  SubscribeToStreamOptions,
  Subscription,
  SubscriptionMessage,
} from './adapter.js'
export type {
  AppendManyOutcome,
  AppendOutcome,
  AppendRefusal,
  AppendRequest,
  AppendSuccess,
  Backend,
  BackendCall,
  EncodedEvent,
  ErrorClass,
  Followed,
  HeadChange,
  LogPage,
  LogPageRequest,
  MetadataChange,
  Payload,
  StoredEvent,
  StoredMetadata,
  StoredRange,
  StreamHead,
  StreamPage,
  StreamPageRequest,
} from './backend.js'
export { type Capabilities, type CapabilityName, type Limits, type LogCapabilities, allCapabilities } from './capabilities.js'
export { type AppendSender, createCoalescer } from './coalesce.js'
export { type ConfigSpec, parseUrl, readConfig } from './config.js'
export { connectionErrors } from './connection-errors.js'
export { type AdapterOptions, type CreateAdapterOptions, createAdapter } from './create-adapter.js'
export { payloadBytes } from './decode-event.js'
export type { AttemptTrace } from './diagnostics.js'
export { errorClasses } from './error-classes.js'
export {
  AccessDeniedError,
  BackendError,
  ClosedError,
  ConcurrencyError,
  ConfigurationError,
  CorruptStreamError,
  type ErrorCode,
  type ErrorDetails,
  EventStoreError,
  InvalidArgumentError,
  LimitExceededError,
  NotSupportedError,
  type Outcome,
  OutcomeUnknownError,
  StreamDeletedError,
  TimeoutError,
  UnavailableError,
  isAccessDeniedError,
  isBackendError,
  isClosedError,
  isConcurrencyError,
  isConfigurationError,
  isCorruptStreamError,
  isEventStoreError,
  isInvalidArgumentError,
  isLimitExceededError,
  isNotSupportedError,
  isOutcomeUnknownError,
  isStreamDeletedError,
  isTimeoutError,
  isUnavailableError,
} from './errors.js'
export type {
  EventEnvelope,
  EventLike,
  JsonObject,
  JsonValue,
  MetadataOf,
  NewEvent,
  NotStorable,
  Position,
  RecordedEvent,
  Storable,
  StorableEvent,
} from './event.js'
export { type ExpectableState, type ExpectedVersion, checkExpected } from './expected-version.js'
export { fixedLimits } from './limits.js'
export { type AdapterFactory, type EventStoreConfig, type OpenOptions, loadPackage, missingPackage, openEventStore } from './open.js'
export { ownCall } from './own-call.js'
export { type Positions, compareDecimals, createPositions } from './position.js'
export { type TransactionAdapter, createTransactionAdapter } from './transaction-adapter.js'
export { type TranslatedError, translateError } from './translate-error.js'
