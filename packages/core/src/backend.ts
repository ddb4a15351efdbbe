import type { Direction, LogFilter, StreamInfo } from './adapter.js'
import type { Capabilities } from './capabilities.js'
import type { ErrorCode, Outcome } from './errors.js'
import type { Position } from './event.js'
import type { ExpectedVersion } from './expected-version.js'

/**
 * What an adapter author writes: wire code only. {@link createAdapter} turns it into an `EventStoreAdapter` and does everything that
 * is the same for all stores: arguments, values, limits, lifecycle, deadlines, retry, settling, paging, subscriptions, errors. So a
 * backend gets clean input, makes one attempt per call, and neither validates, retries, pages nor logs. Source: contract §10.
 *
 * `open` has resolved before any other method is called, and `close` is called once, after the last call has ended.
 * Methods may be called concurrently. Those that a capability covers are left out where it is not declared.
 */
export interface Backend {
  /** Kind of store, for example `postgres`. */
  readonly name: string
  readonly capabilities: Capabilities
  /** `append` and `appendMany` answer truly when asked with `settle: true`, so they may be re-sent whatever the expectation. Default false. */
  readonly settles?: boolean
  /** `readLogPage` applies `filter` itself. Default false: core filters what it reads. */
  readonly filters?: boolean
  /**
   * Most events of a page where the user does not say, and the most that he may say. Default 1,000. A backend that says so keeps to `maxBytes`
   * whatever the limit, so its first page is as large as the others.
   */
  readonly pageSize?: number

  /** Connects and checks or creates the schema. After a failure it may be called again. */
  open(call: BackendCall): Promise<void>
  /** Frees what the backend made; never what the caller handed in. */
  close(): Promise<void>

  /** Stores all events or none; the server checks the expectation, atomically. A conflict is a returned value, not an exception. */
  append(request: AppendRequest, call: BackendCall): Promise<AppendOutcome>
  /** Capability `multiStreamAppend`. All or nothing. */
  appendMany?(requests: readonly AppendRequest[], call: BackendCall): Promise<AppendManyOutcome>

  /** One consistent look at the head and the events of a window. */
  readStreamPage(request: StreamPageRequest, call: BackendCall): Promise<StreamPage>
  readHead(streamId: string, call: BackendCall): Promise<StreamHead>

  /**
   * Capability `readAll`. Position of the last event that is visible now; undefined: the log is empty. With `settled`, it resolves only
   * when nothing can turn up at or below that position any more, so it may wait for appends in flight.
   */
  readLogEnd?(request: { readonly settled: boolean }, call: BackendCall): Promise<Position | undefined>
  /** Capability `readAll`. Never waits: forwards it ends before the first place where an earlier event could still turn up. */
  readLogPage?(request: LogPageRequest, call: BackendCall): Promise<LogPage>
  /** Capability `readAll`. Throws `InvalidArgumentError` for what this store did not make (see `createPositions`). */
  comparePositions?(a: Position, b: Position): number
  /**
   * Resolves at the next change after the call, or rejects when the signal aborts. A backend without it, and without `lookForChange`, is
   * polled by each subscription for itself.
   */
  waitForChange?(signal: AbortSignal): Promise<void>
  /**
   * Instead of `waitForChange`: one cheap look that gives another text once there may be something new. Core looks, ever slower while
   * nothing comes, one look at a time for all subscriptions of an adapter, and not at all when nobody waits.
   */
  lookForChange?(call: BackendCall): Promise<string>
  /**
   * Beside `lookForChange`: has the store call `heard` when there may be something new, until the function it resolves with is called.
   * `lost` is to be called when it ends, for whatever reason; core goes on by looking, and listens again.
   */
  listenForChange?(heard: () => void, lost: () => void): Promise<() => void>
  /** Tells other adapters that listen, after appends of this one, at most once in a while. Nobody waits for it, and it may fail. */
  tellOfChange?(call: BackendCall): Promise<unknown>
  /**
   * A push source: the store itself sends the visible events of a stream after `after` (exclusive; 0: from the first), then what is
   * appended. Where a backend has it, subscriptions follow it instead of looking at pages.
   *
   * It runs no more than a bounded buffer ahead of who iterates. Ending and throwing both mean that the source was lost: core opens it
   * anew after the last event given, with back-off, unless the error cannot heal. `signal` aborts when nobody wants it any more, also
   * while the iterator is suspended: then it frees everything at once. A tombstone throws `StreamDeletedError`.
   */
  followStream?(request: { readonly streamId: string; readonly after: number }, signal: AbortSignal): AsyncIterable<Followed>
  /** The push source of the log; see {@link Backend.followStream}. `after` undefined: from the start. Core applies `filter` too, unless `filters`. */
  followLog?(
    request: { readonly after: Position | undefined; readonly filter: LogFilter | undefined },
    signal: AbortSignal,
  ): AsyncIterable<Followed>

  /** Capability `deleteStream`. Hides events up to exactly `version`, if that is still the live stream's. */
  deleteStream?(request: { readonly streamId: string; readonly version: number }, call: BackendCall): Promise<HeadChange>
  /** Capability `tombstoneStream`. `version` undefined: whatever it is. */
  tombstoneStream?(request: { readonly streamId: string; readonly version: number | undefined }, call: BackendCall): Promise<HeadChange>
  /** Capability `truncateStream`. Raises the truncation point to `before`, if that is at most version + 1 and the stream is live or missing. */
  truncateStream?(request: { readonly streamId: string; readonly before: number }, call: BackendCall): Promise<HeadChange>
  /** Capability `streamMetadata`. */
  readMetadata?(streamId: string, call: BackendCall): Promise<StoredMetadata>
  /** Capability `streamMetadata`. `text` is a JSON object; stored if the metadata version is as expected (undefined: whatever it is) and the stream is live or missing. */
  writeMetadata?(
    request: { readonly streamId: string; readonly text: string; readonly expectedMetadataVersion: number | undefined },
    call: BackendCall,
  ): Promise<MetadataChange>
  /** Capability `listStreams`. Streams with version above 0 or a tombstone. */
  listStreamsPage?(
    request: { readonly prefix: string; readonly after: string | undefined; readonly limit: number },
    call: BackendCall,
  ): Promise<{ readonly streams: readonly StreamInfo[]; readonly next: string | undefined }>

  /** What an error of the driver means; undefined: unknown. One table, in `map-error.ts`. Never called with an `EventStoreError`. */
  classifyError(error: unknown): ErrorClass | undefined
}

/**
 * One attempt. A backend that has sent nothing yet, and every read, rejects with `signal.reason` as soon as `signal` aborts: that is
 * how core knows that nothing was applied. A change already sent goes on (it is being settled) until `deadline` aborts; then it frees
 * its connection and rejects with `deadline.reason`, another one, which leaves the outcome open.
 */
export interface BackendCall {
  /** Aborts with the caller's abort, with `close()` for reads, and with the deadline. */
  readonly signal: AbortSignal
  /** Aborts when the attempt's time is up. */
  readonly deadline: AbortSignal
  /** Milliseconds the attempt has left. */
  remainingMs(): number
  /**
   * Settles as `work` does, or rejects with the signal's reason as soon as that aborts; `work` then goes on unseen, but for `tooLate`, which
   * gets what it brings after that. Cheaper than a listener, and than a signal, of which none is made.
   */
  unlessAborted<T>(which: 'signal' | 'deadline', work: Promise<T>, tooLate?: (value: T) => void): Promise<T>
}

/**
 * A payload as it travels: JSON text, bytes, or (returned only) a value where the driver insists on parsing; `size`: about the length of its
 * text, which pages are sized by.
 */
export type Payload = { readonly text: string } | { readonly bytes: Uint8Array } | { readonly value: unknown; readonly size?: number }

export interface EncodedEvent {
  /** UUID, lower-cased. */
  readonly id: string
  readonly type: string
  readonly data: { readonly text: string } | { readonly bytes: Uint8Array }
  /** Text of a JSON object. */
  readonly metadata: string | undefined
  /** UTF-8 bytes of type, data and metadata. */
  readonly bytes: number
}

export interface AppendRequest {
  readonly streamId: string
  readonly streamType: string | undefined
  /** Never 0: that is `'noStream'`. */
  readonly expected: ExpectedVersion
  /** May be empty in `append`: then only the expectation is checked. The same array in every attempt of one call. */
  readonly events: readonly EncodedEvent[]
  /** The same for every attempt of one call of the user, and of no other call; it may be the id of an event of this one. */
  readonly attemptId: string
  /** An earlier attempt of this call may have been applied, or may still be: find out first. Only sent where `settles` is true. */
  readonly settle: boolean
}

/** Versions and log position of what a call stored, now or before. */
export interface StoredRange {
  readonly firstVersion: number
  readonly version: number
  readonly position: Position | undefined
}

/** `stored`: a retry was recognised by its ids; the original versions. */
export type AppendSuccess = ({ readonly status: 'appended' } & StoredRange) | ({ readonly status: 'stored' } & StoredRange)

export type AppendRefusal =
  /**
   * The expectation does not hold. `idsCompared`: the ids given were compared with those at the expected place and differ; without it
   * core compares them itself, so a simple backend need not.
   */
  | { readonly status: 'wrong-version'; readonly actualVersion: number; readonly idsCompared?: boolean }
  | { readonly status: 'deleted' }
  | { readonly status: 'tombstoned' }

export type AppendOutcome = AppendSuccess | AppendRefusal

export type AppendManyOutcome =
  | { readonly status: 'appended' | 'stored'; readonly results: readonly StoredRange[] }
  /** `index`: the first part that failed. */
  | { readonly status: 'failed'; readonly index: number; readonly outcome: AppendRefusal }

export interface StreamHead {
  readonly status: 'missing' | 'live' | 'deleted' | 'tombstoned'
  /** Version of the last event ever appended; 0 = none. */
  readonly version: number
  /** Version of the first visible event; `version` + 1 where none is visible. */
  readonly firstVersion: number
  /** `version` at the last soft delete; 0 = never deleted. */
  readonly baseVersion: number
}

export interface StreamPageRequest {
  readonly streamId: string
  readonly direction: Direction
  /** First version wanted, inclusive; undefined: from the first visible (backwards: the last) event. */
  readonly from: number | undefined
  /** Last version wanted, inclusive; undefined: no bound. */
  readonly to: number | undefined
  /** Most events; at least 1. */
  readonly limit: number
  /** About the most bytes of payload; a page holds at least one event. */
  readonly maxBytes: number
  /**
   * A follower that has caught up looks whether there is news. A store that answers cheaper from a replica may: what is old says at worst
   * that there is none yet, and of the head only that nothing follows `from` − 1. Default false.
   */
  readonly eventual?: boolean
  /**
   * The head as the first page of this read gave it; undefined: this is the first. A backend for which the head is a question of its own
   * may give it back where the events prove that nothing up to them was hidden since.
   */
  readonly known?: StreamHead | undefined
  /** Most events that the read still wants, from this page on; `limit` or fewer: it ends with this page. Undefined: nobody knows. */
  readonly wanted?: number | undefined
}

export interface StreamPage {
  readonly head: StreamHead
  /** Visible events of the window in the direction of reading, from its beginning and without a gap; empty only where the window is. */
  readonly events: readonly StoredEvent[]
}

export interface StoredEvent {
  readonly id: string
  readonly type: string
  readonly data: Payload
  readonly metadata: Payload | undefined
  readonly streamId: string
  readonly streamType: string | undefined
  readonly version: number
  readonly position: Position | undefined
  readonly createdAt: Date
}

export interface LogPageRequest {
  readonly direction: Direction
  /** Exclusive, in the direction of reading; undefined: forwards the start of the log, backwards `upTo`, inclusive. */
  readonly after: Position | undefined
  /** Highest position to consider, inclusive, one that a settled `readLogEnd` gave. Undefined (forwards only): as far as is settled. */
  readonly upTo: Position | undefined
  readonly limit: number
  readonly maxBytes: number
  readonly filter: LogFilter | undefined
}

export interface LogPage {
  readonly events: readonly StoredEvent[]
  /** All events up to here were considered; undefined: none was. Read on after it. */
  readonly next: Position | undefined
  /** Nothing more to deliver now. */
  readonly end: boolean
}

/** What a push source gives, in order. */
export type Followed =
  | { readonly kind: 'events'; readonly events: readonly StoredEvent[] }
  /** Of the log: all events up to here were considered, those given included. */
  | { readonly kind: 'checkpoint'; readonly position: Position }
  /** Everything appended before this moment was given. */
  | { readonly kind: 'caughtUp' }

export type HeadChange = { readonly status: 'changed' } | { readonly status: 'refused'; readonly head: StreamHead }

export interface StoredMetadata {
  readonly status: StreamHead['status']
  /** Text of the JSON object, or its value; undefined: none. */
  readonly metadata: Payload | undefined
  readonly version: number
}

export type MetadataChange =
  | { readonly status: 'changed'; readonly version: number }
  | { readonly status: 'refused'; readonly streamStatus: StreamHead['status']; readonly version: number }

/** What an error means. */
export interface ErrorClass {
  readonly code: Extract<
    ErrorCode,
    'configuration' | 'access-denied' | 'unavailable' | 'timeout' | 'corrupt-stream' | 'backend' | 'invalid-argument'
  >
  /** Of a change: `unknown` is settled. A read applies nothing. */
  readonly outcome: Outcome
  /** Whether core tries again by itself; only read where nothing was applied. Default: true for `unavailable`. */
  readonly retry?: boolean
  readonly message?: string
  readonly hint?: string
}
