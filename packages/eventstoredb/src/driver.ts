/**
 * What we call of a client. Structural types, that both `@eventstore/db-client` 6.2.1 and `@kurrent/kurrentdb-client` 1.3.1 fit: the caller's
 * may be another copy or version than ours, and the two may not be loaded into one process (their protobuf registries overwrite each
 * other), so that neither can be imported here.
 */
export interface EventStoreDBClient {
  appendToStream(streamName: string, events: DriverEvent[], options?: object): Promise<DriverAppendResult>
  readStream(streamName: string, options?: object): DriverRead
  readAll(options?: object): DriverRead
  subscribeToStream(streamName: string, options?: object): DriverSubscription
  subscribeToAll(options?: object): DriverSubscription
  deleteStream(streamName: string, options?: object): Promise<unknown>
  tombstoneStream(streamName: string, options?: object): Promise<unknown>
  dispose(): Promise<void>
}

/** An event as the clients take it: data in JSON as a value, which they print themselves, or bytes. */
export interface DriverEvent {
  readonly id: string
  readonly type: string
  readonly contentType: never
  readonly data: never
  readonly metadata: never
}

export interface DriverPosition {
  readonly commit: bigint
  readonly prepare: bigint
}

export interface DriverAppendResult {
  readonly nextExpectedRevision: bigint
  readonly position?: DriverPosition | undefined
}

export interface DriverResolvedEvent {
  /** Undefined for a link whose event is gone. */
  readonly event?: DriverRecordedEvent | undefined
}

export interface DriverRecordedEvent {
  readonly streamId: string
  readonly id: string
  readonly type: string
  readonly revision: bigint
  readonly isJson: boolean
  /** Parsed, where the content type says JSON and it parses. */
  readonly data: unknown
  readonly metadata?: unknown
  readonly created: Date
  readonly position?: DriverPosition | undefined
}

/** A Node.js `Readable` of events that can be unsubscribed. */
export interface DriverSubscription {
  read(): unknown
  on(event: string, listener: (...args: never[]) => void): unknown
  destroy(): unknown
  unsubscribe(): Promise<void>
}

/** A read: of 6.2.1 a Node.js `Readable` that can be cancelled, of 1.3.1 a generator. */
export type DriverRead = AsyncIterable<DriverResolvedEvent> | DriverReadable

export interface DriverReadable extends AsyncIterable<DriverResolvedEvent> {
  read(): unknown
  on(event: string, listener: (...args: never[]) => void): unknown
  off(event: string, listener: (...args: never[]) => void): unknown
  resume(): unknown
  cancel(): Promise<void>
}
