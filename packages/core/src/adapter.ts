import type { Capabilities } from './capabilities.js'
import type { EventLike, EventEnvelope, JsonObject, Position, RecordedEvent, StorableEvent } from './event.js'
import type { EventStoreError } from './errors.js'
import type { ExpectedVersion } from './expected-version.js'

/** What every method takes. */
export interface CallOptions {
  /**
   * Cancels. Before anything is sent, and for reads: the call rejects with `signal.reason`. A change already sent is settled first:
   * applied → it resolves; proven not applied → `signal.reason`; else `outcome-unknown` with the reason as cause.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds; default: the adapter's `timeoutMs`, 10 000 unless set. Bounds a promise including its retries and settling; of an
   * iterable, each `next()`; of a subscription, nothing.
   */
  readonly timeoutMs?: number | undefined
}

export type Direction = 'forwards' | 'backwards'

export interface AppendOptions extends CallOptions {
  /** What the stream's version must be. Default `'any'`: no check, so two writers who read the same state both succeed. */
  readonly expectedVersion?: ExpectedVersion | undefined
  /** Kept with each event of this call; a later append may give another. 1–255 UTF-8 bytes. Default: none. */
  readonly streamType?: string | undefined
}

/** One stream's share of an {@link EventStoreAdapter.appendToStreams}. */
export interface StreamAppend<E extends EventLike = EventLike> {
  readonly streamId: string
  readonly events: readonly (E & EventEnvelope)[] & readonly StorableEvent<E>[]
  readonly expectedVersion?: ExpectedVersion | undefined
  readonly streamType?: string | undefined
}

export interface AppendResult {
  readonly streamId: string
  /** Version of the first event of this call; of an empty call, `version` + 1. */
  readonly firstVersion: number
  /** Version of the last event of this call; of an empty call, the stream's. */
  readonly version: number
  /**
   * Log position of the last event. Defined with the capability `readAll`, except for an empty call, and a store may not know it for
   * a retry. For comparing only: an append still open may lie below it, so do not resume from it.
   */
  readonly position: Position | undefined
}

export interface ReadStreamOptions extends CallOptions {
  /** First version to return, inclusive, in the direction of reading. Default: the first (backwards: the last) event. */
  readonly from?: number | undefined
  /** Last version to return, inclusive. A window that runs the wrong way is empty. Default: no bound. */
  readonly to?: number | undefined
  /** Default `'forwards'`. */
  readonly direction?: Direction | undefined
  /** Most events to return, a whole number ≥ 0; 0 returns nothing without I/O. Default: no limit. */
  readonly limit?: number | undefined
}

/** Exact strings, no patterns; all given parts must match; an empty list is an `invalid-argument`. */
export interface LogFilter {
  readonly eventTypes?: readonly string[] | undefined
  readonly streamTypes?: readonly string[] | undefined
  readonly streamIdPrefix?: string | undefined
}

export interface ReadAllOptions extends CallOptions {
  /** Position to read after, exclusive. Default: the start (backwards: the end) of the log. */
  readonly after?: Position | undefined
  /** Default `'forwards'`. */
  readonly direction?: Direction | undefined
  /** Most matching events to return. Default: no limit. */
  readonly limit?: number | undefined
  readonly filter?: LogFilter | undefined
}

/** Events in order. Each `for await` starts a fresh read; breaking off frees connection and request at once. */
export interface EventIterable<E extends EventLike = EventLike> extends AsyncIterable<RecordedEvent<E>> {
  /** Reads to the end into an array. The whole result is in memory: give a `limit` unless the stream is known to be short. */
  toArray(): Promise<RecordedEvent<E>[]>
}

export interface SubscribeToStreamOptions extends CallOptions {
  /** Version to start after, exclusive; `'start'` (default) delivers the history first, `'end'` only what comes. */
  readonly after?: number | 'start' | 'end' | undefined
}

export interface SubscribeToAllOptions extends CallOptions {
  /** Position to start after, exclusive; `'start'` (default) delivers the history first, `'end'` only what comes. */
  readonly after?: Position | 'start' | 'end' | undefined
  readonly filter?: LogFilter | undefined
}

/**
 * Live events: the history after `after`, then what is appended, in order, nothing lost, doubled or reordered at the hand-over.
 *
 * It starts at the first `next()`. A lost connection is resumed from the last delivered event for as long as it takes; what cannot
 * heal ends it with that error. Abort rejects with the reason; `break` and dispose end it quietly; `close()` of the adapter rejects
 * the pending or next `next()` with `closed`. A slow consumer slows only itself.
 *
 * Errors: `closed`, `stream-deleted` (tombstone), `invalid-argument` (arguments; a second iterator of one subscription),
 * `access-denied`, `corrupt-stream`. Cases: SUB-01…15.
 */
export interface Subscription<E extends EventLike = EventLike> extends AsyncIterable<RecordedEvent<E>>, AsyncDisposable {
  /** The same events with what else there is to tell. Either this or the subscription itself is iterated, once. */
  messages(): AsyncIterable<SubscriptionMessage<E>>
}

/** An open union: keep a default branch. */
export type SubscriptionMessage<E extends EventLike = EventLike> =
  | { readonly kind: 'event'; readonly event: RecordedEvent<E> }
  /** Everything appended before this moment was delivered; once per start and per resume. */
  | { readonly kind: 'caughtUp'; readonly version: number; readonly position?: undefined }
  | { readonly kind: 'caughtUp'; readonly position: Position | undefined; readonly version?: undefined }
  /** Filtered `subscribeToAll` only: all events up to here were considered; resume from it. */
  | { readonly kind: 'checkpoint'; readonly position: Position }
  /** The source was lost; it is being resumed. */
  | { readonly kind: 'disconnected'; readonly error: EventStoreError }

/** What a stream is now, in one consistent look. */
export type StreamState =
  | {
      readonly status: 'missing' | 'live' | 'deleted'
      /** Version of the last event ever appended; 0 = none. */
      readonly version: number
      /** Version of the first visible event, or `version` + 1 where none is visible. */
      readonly firstVersion: number
    }
  | { readonly status: 'tombstoned'; readonly version?: undefined; readonly firstVersion?: undefined }

export interface StreamInfo {
  readonly streamId: string
  readonly status: 'live' | 'deleted' | 'tombstoned'
}

export interface StreamMetadata {
  /** The object as it was set, or undefined where none is. */
  readonly metadata: JsonObject | undefined
  /** Grows with each change, also by truncate and delete; 0 = never set. */
  readonly version: number
}

/**
 * An append-only event store: the one interface of this project.
 *
 * Get one from `openEventStore(config)`, or from an adapter package (`postgres(options)`, `memory()` …). Nothing connects before
 * `open()` or the first call. Every method rejects with an `EventStoreError` (guards: `isConcurrencyError` …) or with the reason of
 * the given signal. Errors that any method may raise, not repeated below: `invalid-argument` and `limit-exceeded` (both before any
 * I/O), `closed`, `configuration`, `access-denied`, `unavailable`, `timeout`, `backend`.
 */
export interface EventStoreAdapter extends AsyncDisposable {
  /** Kind of store, for example `postgres`. */
  readonly name: string
  /** What this store can do; constant and JSON-safe. */
  readonly capabilities: Capabilities

  /**
   * Connects, and with `setup: 'auto'` creates what is missing. Optional: the first use does it. Idempotent and safe to call
   * concurrently; a failure is not remembered. Cases: LIF-03, LIF-05, LIF-06, LIF-07, LIF-09.
   */
  open(options?: CallOptions): Promise<void>

  /**
   * Ends iterations and subscriptions (their next `next()` rejects with `closed`), waits for promises in flight, frees everything
   * that the adapter made; a client handed in stays open. Idempotent. Cases: LIF-01, LIF-04, SUB-11.
   */
  close(): Promise<void>

  /**
   * Appends events to one stream: all of them, contiguous, or none.
   *
   * @param events events without an `id` get a random UUID each; ids given are what makes a retry safe.
   * @returns versions of the first and last event, and the log position of the last where the store has one. No events: the
   * stream's current version after checking the expectation; nothing is stored, created or revived.
   *
   * Errors: `concurrency` (nothing stored; carries the actual version), `stream-deleted`, `outcome-unknown` (sent, and not settled
   * before the deadline). Input is neither kept nor changed.
   * Retry: with a number or `'noStream'`, a call whose ids already stand at the expected place resolves with the original result
   * and stores nothing; with `'any'` and `'streamExists'`, as far as `capabilities.idempotency.any` says.
   * Cancellation: before sending, nothing happened; after, it settles first.
   * Cases: APP-01…13, ATM, CON, IDM, PAY, SID.
   */
  appendToStream<E extends EventLike>(
    streamId: string,
    events: readonly (E & EventEnvelope)[] & readonly StorableEvent<E>[],
    options?: AppendOptions,
  ): Promise<AppendResult>

  /**
   * Appends to several streams, all or nothing.
   *
   * @returns results in the order of the parts, each with the position of its last event.
   *
   * Errors: `concurrency` or `stream-deleted` of the first stream that fails; `invalid-argument` for a stream twice, an id twice in
   * the call, or a part without events; `outcome-unknown`. A retry succeeds when every part carries a number or `'noStream'` and
   * every stream's ids match. Capability: `multiStreamAppend`. Cases: ATM-08, ATM-09.
   */
  appendToStreams<E extends EventLike>(parts: readonly StreamAppend<E>[], options?: CallOptions): Promise<AppendResult[]>

  /**
   * Reads a stream in version order.
   *
   * Ordering: by version, contiguous. A missing or soft-deleted stream is empty; events before the truncation point are left out.
   * Errors (of `next()`): `stream-deleted` (tombstoned), `unavailable` (deleted, re-created or truncated past the cursor while
   * reading: read again), `corrupt-stream`. Cases: RDS, DEL.
   */
  readStream<E extends EventLike = EventLike>(streamId: string, options?: ReadStreamOptions): EventIterable<E>

  /**
   * Reads the whole log: every stored event once, in one order that never changes and in which stream order holds. Deleted and
   * truncated events stay. Nothing that becomes visible later sorts before a position already returned: a read may wait for an
   * append in flight. Capability: `readAll`. Cases: ALL.
   */
  readAll<E extends EventLike = EventLike>(options?: ReadAllOptions): EventIterable<E>

  /** Follows one stream; a missing or soft-deleted one is waited for. See {@link Subscription}. Cases: SUB. */
  subscribeToStream<E extends EventLike = EventLike>(streamId: string, options?: SubscribeToStreamOptions): Subscription<E>

  /** Follows the whole log. See {@link Subscription}. Capability: `readAll`. Cases: SUB, ALL-12. */
  subscribeToAll<E extends EventLike = EventLike>(options?: SubscribeToAllOptions): Subscription<E>

  /** One consistent state of a stream. Cases: RDS-14, RDS-16. */
  getStreamState(streamId: string, options?: CallOptions): Promise<StreamState>

  /**
   * Every stream that has, or had, events or a tombstone; each once, in any order. @param options.prefix literal. Capability:
   * `listStreams`. Cases: RDS-17.
   */
  listStreams(
    options?: CallOptions & { readonly prefix?: string | undefined; readonly limit?: number | undefined },
  ): AsyncIterable<StreamInfo>

  /**
   * Hides all events so far and clears the stream metadata; versions go on from where they were. Nothing appended after it is ever
   * hidden by a late or repeated request.
   *
   * `'any'`: a missing or deleted stream resolves. A number: must be the stream's version. `'streamExists'`: missing →
   * `concurrency`, deleted → `stream-deleted`. Capability: `deleteStream`. Cases: DEL.
   */
  deleteStream(
    streamId: string,
    options?: CallOptions & { readonly expectedVersion?: Exclude<ExpectedVersion, 'noStream'> | undefined },
  ): Promise<void>

  /**
   * Reserves the name for ever, also of a missing or deleted stream: every later append and read is a `stream-deleted`. Tombstoned
   * already, with `'any'`: resolves. Capability: `tombstoneStream`. Cases: DEL-04, DEL-09.
   */
  tombstoneStream(streamId: string, options?: CallOptions & { readonly expectedVersion?: ExpectedVersion | undefined }): Promise<void>

  /**
   * Hides the events with versions below `before`; never lowers the point. `before` beyond version + 1 → `invalid-argument`; deleted
   * or tombstoned → `stream-deleted`. Capability: `truncateStream`. Cases: DEL-05, DEL-10.
   */
  truncateStream(streamId: string, options: CallOptions & { readonly before: number }): Promise<void>

  /** Undefined metadata and version 0 where it was never set. Tombstoned → `stream-deleted`. Capability: `streamMetadata`. Cases: MET-04. */
  getStreamMetadata(streamId: string, options?: CallOptions): Promise<StreamMetadata>

  /**
   * Replaces the stream's metadata as a whole. A missing stream stays missing. Errors: `concurrency` with `subject: 'metadata'`,
   * `stream-deleted`. Capability: `streamMetadata`. Cases: MET-04, MET-05, MET-06.
   */
  setStreamMetadata(
    streamId: string,
    metadata: JsonObject,
    options?: CallOptions & { readonly expectedMetadataVersion?: number | undefined },
  ): Promise<{ readonly version: number }>

  /**
   * Below 0, 0 or above 0 as `a` lies before, at or after `b` in the log. Errors: `invalid-argument` for what this store did not
   * make, thrown at once. Capability: `readAll`. Cases: ALL-14, ALL-15.
   */
  comparePositions(a: Position, b: Position): number
}
