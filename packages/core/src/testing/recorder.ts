import type { AppendOptions, CallOptions, EventStoreAdapter, StreamAppend } from '../adapter.js'
import { isConcurrencyError, isEventStoreError } from '../errors.js'
import type { EventLike, Position } from '../event.js'
import type { ExpectedVersion } from '../expected-version.js'
import type {
  AppendOperation,
  HideOperation,
  History,
  HistoryAppendPart,
  HistoryEvent,
  Operation,
  ReadAllOperation,
  ReadOperation,
  StateOperation,
  SubscribeOperation,
} from './history.js'
import { type OpenSubscription, recordRead, recordSubscription } from './record-iterations.js'
import { readFinal } from './record-final.js'

/** An event, as given or as stored. */
type Given = EventLike & { readonly id?: string | undefined }

export interface RecorderOptions {
  /**
   * What makes an event the same one. Default: its id, so that attempts with the same ids are one append. An application that makes new
   * ids for each attempt names here what its events mean (an order number, a request id): then a double is found all the same.
   */
  readonly identify?: ((event: Given) => string) | undefined
  /** The log is looked at after this position only: for a store that others use too. Reads of the log have to start there, or later. */
  readonly since?: Position | undefined
  /** Streams that the history is about; events of others are passed over. Default: all. */
  readonly concerns?: ((streamId: string) => boolean) | undefined
}

/** Writes down what is called and answered, on one clock. */
export interface HistoryRecorder {
  /** The same adapter, each call of which is recorded as one process'. Wrap it once for each of several clients. */
  wrap<A extends EventStoreAdapter>(adapter: A): A
  /**
   * Ends the recording: waits, at most 10 s, until subscriptions that are still followed have got everything, and reads what is stored.
   * Call it when all writers are done. Not recorded itself.
   */
  history(adapter: EventStoreAdapter): Promise<History>
}

/** What a recording shares between its processes. */
export interface Recording {
  readonly operations: Operation[]
  readonly subscriptions: Set<OpenSubscription>
  tick(): number
  concerns(streamId: string): boolean
  seen(event: EventLike & Omit<HistoryEvent, 'type'>): HistoryEvent
}

/**
 * Records concurrent calls for {@link checkHistory}. An append whose outcome is unknown, or that never returned, may take effect at any
 * time; a read that broke off counts as far as it came. Metadata and lists of streams are passed through and not recorded.
 *
 * @example
 * const recorder = recordHistory()
 * const adapter = recorder.wrap(store)
 * await Promise.all([work(adapter), work(adapter)])
 * const { holds, anomalies } = checkHistory(await recorder.history(store))
 */
export function recordHistory(options: RecorderOptions = {}): HistoryRecorder {
  const { identify = ({ id = '' }) => String(id).toLowerCase(), since, concerns = () => true } = options
  let [ticks, processes] = [0, 0]
  const recording: Recording = {
    operations: [],
    subscriptions: new Set(),
    tick: () => (ticks += 1),
    concerns,
    seen: (event) => {
      const { streamId, version, position, type, streamType } = event
      return { id: identify(event), streamId, version, position, type, streamType }
    },
  }
  return {
    wrap(adapter) {
      processes += 1
      return wrapAdapter(recording, adapter, processes, identify)
    },
    async history(adapter) {
      const operations = recording.operations
      const final = await readFinal(recording, adapter, since)
      const { strongReads, readAll } = adapter.capabilities
      const { realTimeOrder, contiguousBatches } = readAll === false ? { realTimeOrder: false, contiguousBatches: false } : readAll
      const declares = { strongReads, realTimeOrder, contiguousBatches }
      // A copy, so that what comes later changes nothing.
      return JSON.parse(JSON.stringify({ format: 1, declares, operations, ...final, since })) as History
    },
  }
}

type Changing<T> = { -readonly [K in keyof T]: T[K] }

function wrapAdapter<A extends EventStoreAdapter>(
  recording: Recording,
  adapter: A,
  process: number,
  identify: NonNullable<RecorderOptions['identify']>,
): A {
  /** Notes the call at once: one that never returns may take effect at any time. */
  function begin<T extends Operation>(operation: Omit<T, 'process' | 'invoke' | 'outcome'>): Changing<T> {
    const begun = { ...operation, process, invoke: recording.tick(), outcome: 'unknown' } as Changing<T>
    recording.operations.push(begun as unknown as Operation)
    return begun
  }
  async function change<T>(
    operation: Changing<AppendOperation | HideOperation>,
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T> {
    try {
      const result = await run()
      Object.assign(operation, { outcome: 'ok', return: recording.tick() })
      return result
    } catch (error) {
      if (isRejection(error, signal)) Object.assign(operation, { outcome: 'rejected', return: recording.tick() })
      if (isConcurrencyError(error) && error.subject === 'stream')
        Object.assign(operation, { conflict: { streamId: error.streamId, actualVersion: error.actualVersion } })
      throw error
    }
  }
  async function append<T>(
    parts: readonly HistoryAppendPart[],
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
    resultsOf: (result: T) => AppendOperation['results'],
  ): Promise<T> {
    if (!parts.every(({ streamId }) => recording.concerns(streamId))) return run()
    const operation = begin<AppendOperation>({ op: 'append', parts })
    const result = await change(operation, signal, run)
    operation.results = resultsOf(result)?.map(({ firstVersion, version, position }) => ({ firstVersion, version, position }))
    return result
  }
  function hide(
    op: 'delete' | 'tombstone' | 'truncate',
    streamId: string,
    given: CallOptions | undefined,
    run: () => Promise<void>,
  ): Promise<void> {
    if (!recording.concerns(streamId)) return run()
    return change(begin<HideOperation>({ op, streamId }), given?.signal, run)
  }
  const partOf = (streamId: string, events: readonly Given[], expected: ExpectedVersion = 'any'): HistoryAppendPart => ({
    streamId,
    ids: events.map((event) => identify(event)),
    expected,
  })

  const recorded: Partial<EventStoreAdapter> = {
    appendToStream(streamId: string, given: readonly Given[], options?: AppendOptions) {
      // What is no list of events is refused by the adapter.
      if (!areEvents(given)) return adapter.appendToStream(streamId, given, options)
      const events = withIds(given)
      const run = () => adapter.appendToStream(streamId, events, options)
      return append([partOf(streamId, events, options?.expectedVersion)], options?.signal, run, (result) => [result])
    },
    appendToStreams: <E extends EventLike>(given: readonly StreamAppend<E>[], options?: CallOptions) => {
      if (!Array.isArray(given) || !given.every((part) => areEvents(part?.events))) return adapter.appendToStreams(given, options)
      const parts = given.map((part) => ({ ...part, events: withIds(part.events as readonly Given[]) }))
      const run = () => adapter.appendToStreams(parts as readonly StreamAppend[], options)
      const named = parts.map(({ streamId, events, expectedVersion }) => partOf(streamId, events, expectedVersion))
      return append(named, options?.signal, run, (results) => results)
    },
    readStream: (streamId, options = {}) =>
      recordRead(recording, adapter.readStream(streamId, options), options.limit, () =>
        begin<ReadOperation>({
          op: 'read',
          streamId,
          from: options.from,
          to: options.to,
          direction: options.direction ?? 'forwards',
          limit: options.limit,
          cut: true,
          events: [],
        }),
      ),
    readAll: (options = {}) =>
      recordRead(recording, adapter.readAll(options), options.limit, () =>
        begin<ReadAllOperation>({
          op: 'read-all',
          after: options.after,
          direction: options.direction ?? 'forwards',
          limit: options.limit,
          filter: options.filter,
          cut: true,
          events: [],
        }),
      ),
    subscribeToStream: (streamId, options = {}) =>
      recordSubscription(recording, adapter.subscribeToStream(streamId, options), () =>
        begin<SubscribeOperation>({ op: 'subscribe', streamId, after: versionOf(options.after), live: false, events: [] }),
      ),
    subscribeToAll: (options = {}) =>
      recordSubscription(recording, adapter.subscribeToAll(options), () =>
        begin<SubscribeOperation>({ op: 'subscribe', after: options.after ?? 'start', filter: options.filter, live: false, events: [] }),
      ),
    async getStreamState(streamId, options) {
      const run = () => adapter.getStreamState(streamId, options)
      if (!recording.concerns(streamId)) return run()
      const operation = begin<StateOperation>({ op: 'state', streamId, status: 'missing' })
      // Until it has answered it says nothing.
      operation.outcome = 'rejected'
      const state = await run()
      return (Object.assign(operation, state, { outcome: 'ok', return: recording.tick() }), state)
    },
    deleteStream: (streamId, options) => hide('delete', streamId, options, () => adapter.deleteStream(streamId, options)),
    tombstoneStream: (streamId, options) => hide('tombstone', streamId, options, () => adapter.tombstoneStream(streamId, options)),
    truncateStream: (streamId, options) => hide('truncate', streamId, options, () => adapter.truncateStream(streamId, options)),
  }
  return { ...adapter, ...recorded }
}

function versionOf(after: number | 'start' | 'end' | undefined): number | 'end' {
  return after === undefined || after === 'start' ? 0 : after
}

function areEvents(events: unknown): events is readonly Given[] {
  return Array.isArray(events) && events.every((event) => typeof event === 'object' && event !== null)
}

/** The ids that core would make, made here, so that they are known. */
function withIds(events: readonly Given[]): readonly (Given & { readonly id: string })[] {
  return events.map((event) => ({ ...event, id: event.id ?? crypto.randomUUID() }))
}

/** Whether it is proven that nothing was stored: by the error's word, or since the caller's own reason comes back. */
function isRejection(error: unknown, signal: AbortSignal | undefined): boolean {
  if (isEventStoreError(error)) return error.outcome === 'not-applied'
  return signal?.aborted === true && error === signal.reason
}
