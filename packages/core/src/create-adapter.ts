import type { AppendOptions, CallOptions, EventStoreAdapter, StreamAppend, StreamInfo, StreamState } from './adapter.js'
import { appendMany, appendOne } from './append.js'
import { type Call, attempt, remainingMs } from './attempt.js'
import type { Backend } from './backend.js'
import { type CapabilityName, freezeCapabilities } from './capabilities.js'
import { createChanges } from './changes.js'
import { encodeStreamMetadata } from './encode-events.js'
import { InvalidArgumentError, NotSupportedError, isEventStoreError } from './errors.js'
import type { EventLike } from './event.js'
import { parseExpectedVersion } from './expected-version.js'
import { deleteStream, getStreamMetadata, required, setStreamMetadata, tombstoneStream, truncateStream } from './head-changes.js'
import { createLifecycle } from './lifecycle.js'
import { checkName } from './limits.js'
import { listStreams } from './list-streams.js'
import type { Ending } from './on-abort.js'
import {
  parseAfter,
  parseDirection,
  parseFilter,
  parseLimit,
  parsePrefix,
  parseSignal,
  parseTimeoutMs,
  parseVersion,
  parseWhole,
} from './options.js'
import { eventIterable, pageBytes } from './paging.js'
import { logPages } from './read-log.js'
import { streamPages } from './read-stream.js'
import { pushedLog, pushedStream } from './push-source.js'
import { retried } from './retry.js'
import { createSubscription } from './subscription.js'
import { logSource, streamSource } from './subscription-sources.js'

/** What every adapter takes beside its own options. */
export interface AdapterOptions {
  /** Milliseconds that a call may take where it does not say so itself, and that opening may take. Default 10 000. */
  readonly timeoutMs?: number | undefined
  /** Most events of a page, from 1 to the default, which is 1,000 unless the adapter says otherwise. Smaller ones cost round trips; for tests. */
  readonly pageSize?: number | undefined
}

/** What the author of an adapter may set beside. */
export interface CreateAdapterOptions extends AdapterOptions {
  /** False: every call makes one attempt, and nothing is settled; for an adapter inside a transaction of the caller's. Default true. */
  readonly retry?: boolean | undefined
}

/**
 * Makes an `EventStoreAdapter` of a {@link Backend}: the only way to get one, so that the interface can grow.
 *
 * It checks arguments before any I/O, opens on first use, bounds and repeats calls, settles lost answers, turns pages into iterables
 * and subscriptions, and raises the contract's errors.
 */
export function createAdapter(backend: Backend, options: CreateAdapterOptions = {}): EventStoreAdapter {
  const { name } = backend
  const capabilities = freezeCapabilities(backend.capabilities)
  const defaultTimeoutMs = parseTimeoutMs(options.timeoutMs, 10_000)
  const largestPage = backend.pageSize ?? 1000
  const pageSize = Math.min(largestPage, parseWhole(options.pageSize ?? largestPage, 'pageSize', 1))
  const once = options.retry === false
  const lifecycle = createLifecycle(backend, defaultTimeoutMs)
  const changes = createChanges(backend, lifecycle)

  function startCall(method: string, streamId: string | undefined, call: CallOptions, more: readonly Ending[] = []): Call {
    const signal = parseSignal(call.signal)
    const timeoutMs = parseTimeoutMs(call.timeoutMs, defaultTimeoutMs)
    return {
      method,
      streamId,
      signals: signal === undefined ? more : [signal, ...more],
      once,
      timeoutMs,
      endsAt: performance.now() + timeoutMs,
    }
  }
  /** Runs a promise method: what `prepare` throws, before any I/O, is a rejection like any other. */
  function call<T>(
    method: string,
    streamId: string | undefined,
    given: unknown,
    prepare: (options: Record<string, unknown>) => (call: Call) => Promise<T>,
  ): Promise<T> {
    let running: Promise<T>
    try {
      lifecycle.refuseClosed()
      const checked = parseOptions(given)
      const run = prepare(checked)
      const started = startCall(method, streamId, checked)
      running = lifecycle.during(started, () => run(started))
    } catch (error) {
      return Promise.reject(named(error) as Error)
    }
    return running.catch((error: unknown) => {
      throw named(error)
    })
  }
  /** As {@link call}, of one stream. */
  function callStream<T>(
    method: string,
    streamId: string,
    given: unknown,
    prepare: (options: Record<string, unknown>) => (call: Call) => Promise<T>,
  ): Promise<T> {
    return call(method, streamId, given, (checked) => {
      checkName(streamId, 'streamId', 'streamIdBytes')
      return prepare(checked)
    })
  }
  /** Errors of pure checks do not know whose they are. */
  function named(error: unknown): unknown {
    if (isEventStoreError(error) && error.adapter === undefined) Object.assign(error, { adapter: name })
    return error
  }
  function naming<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      throw named(error)
    }
  }
  function demand(capability: CapabilityName): void {
    if (capabilities[capability as keyof typeof capabilities] === false) throw new NotSupportedError({ capability, adapter: name })
  }
  function checkedId(streamId: unknown): string {
    checkName(streamId, 'streamId', 'streamIdBytes')
    return streamId
  }

  /** What a page of an iteration runs with: the time of one `next()`, ended by the caller, by `close()` and by leaving. */
  function iteration(method: string, streamId: string | undefined, given: CallOptions, gone: Ending) {
    lifecycle.refuseClosed()
    const signals = [lifecycle.closing, gone]
    startCall(method, streamId, given)
    return {
      fetch: async <T>(run: (call: Call) => Promise<T>): Promise<T> => {
        const started = startCall(method, streamId, given, signals)
        await lifecycle.open(started)
        return run(started)
      },
      guard: (): void => {
        if (given.signal?.aborted === true) throw given.signal.reason
        lifecycle.refuseClosed()
      },
    }
  }

  const adapter: EventStoreAdapter = {
    name,
    capabilities,
    open: (given) => call('open', undefined, given, () => () => Promise.resolve()),
    close: () => lifecycle.close(),
    [Symbol.asyncDispose]: () => lifecycle.close(),

    appendToStream: (streamId: string, events: unknown, given?: AppendOptions) =>
      callStream('appendToStream', streamId, given, (checked) => appendOne(backend, changes, streamId, events, checked)),
    appendToStreams: <E extends EventLike>(parts: readonly StreamAppend<E>[], given?: CallOptions) =>
      call('appendToStreams', undefined, given, () => {
        demand('multiStreamAppend')
        return appendMany(backend, changes, parts)
      }),

    readStream: (streamId, given) =>
      eventIterable((gone) =>
        naming(() => {
          const checked = parseOptions(given)
          const window = {
            streamId: checkedId(streamId),
            direction: parseDirection(checked.direction),
            from: parseVersion(checked.from, 'from'),
            to: parseVersion(checked.to, 'to'),
            limit: parseLimit(checked.limit),
          }
          const { fetch, guard } = iteration('readStream', streamId, checked, gone)
          const nextPage = streamPages(backend, window, pageSize, (part) =>
            fetch((started) =>
              retried(backend, started, (bc) =>
                backend.readStreamPage({ streamId, direction: window.direction, maxBytes: pageBytes, ...part }, bc),
              ),
            ),
          )
          return { nextPage, guard }
        }),
      ),

    readAll: (given) =>
      eventIterable((gone) =>
        naming(() => {
          demand('readAll')
          const checked = parseOptions(given)
          const window = {
            direction: parseDirection(checked.direction),
            after: parseAfter(checked.after),
            limit: parseLimit(checked.limit),
            filter: parseFilter(checked.filter),
          }
          const { fetch, guard } = iteration('readAll', undefined, checked, gone)
          const nextPage = logPages(backend, window, pageSize, {
            end: () =>
              fetch((started) => {
                if (window.after !== undefined) comparePositions(window.after, window.after)
                return retried(backend, started, (bc) => required(backend.readLogEnd).call(backend, { settled: true }, bc))
              }),
            page: (request) =>
              fetch((started) => retried(backend, started, (bc) => required(backend.readLogPage).call(backend, request, bc))),
          })
          return { nextPage, guard }
        }),
      ),

    subscribeToStream: (streamId, given) =>
      createSubscription({
        changes,
        closing: lifecycle.closing,
        signal: () => naming(() => parseSignal(parseOptions(given).signal)),
        start: () =>
          naming(() => {
            const checked = parseOptions(given)
            const { after = 'start' } = checked
            const from = after === 'start' || after === 'end' ? after : parseWhole(after, 'after', 0)
            const look = looking('subscribeToStream', checkedId(streamId), checked)
            if (backend.followStream !== undefined)
              return pushedStream(backend, streamId, from, {
                head: (signal) => look(signal, (started) => single(started, (bc) => backend.readHead(streamId, bc))),
                open: (version, life) =>
                  look(life, () => Promise.resolve(required(backend.followStream).call(backend, { streamId, after: version }, life))),
              })
            return streamSource(backend, streamId, from, pageSize, {
              head: (signal) => look(signal, (started) => single(started, (bc) => backend.readHead(streamId, bc))),
              page: (first, limit, eventual, signal) =>
                look(signal, (started) =>
                  single(started, (bc) =>
                    backend.readStreamPage(
                      { streamId, direction: 'forwards', from: first, to: undefined, limit, maxBytes: pageBytes, eventual },
                      bc,
                    ),
                  ),
                ),
            })
          }),
      }),

    subscribeToAll: (given) =>
      createSubscription({
        changes,
        closing: lifecycle.closing,
        signal: () => naming(() => parseSignal(parseOptions(given).signal)),
        start: () =>
          naming(() => {
            demand('readAll')
            const checked = parseOptions(given)
            const after = parseAfter(checked.after) ?? 'start'
            const look = looking('subscribeToAll', undefined, checked)
            const filter = parseFilter(checked.filter)
            const end = (settled: boolean, signal: AbortSignal) =>
              look(signal, (started) => single(started, (bc) => required(backend.readLogEnd).call(backend, { settled }, bc)))
            if (backend.followLog !== undefined)
              return pushedLog(backend, after, filter, {
                end: (signal) => end(true, signal),
                open: (position, life) =>
                  look(life, () => {
                    if (position !== undefined) comparePositions(position, position)
                    return Promise.resolve(required(backend.followLog).call(backend, { after: position, filter }, life))
                  }),
              })
            return logSource(backend, after, filter, pageSize, {
              end,
              page: (request, signal) =>
                look(signal, (started) => {
                  if (request.after !== undefined) comparePositions(request.after, request.after)
                  return single(started, (bc) => required(backend.readLogPage).call(backend, request, bc))
                }),
              compare: comparePositions,
            })
          }),
      }),

    getStreamState: (streamId, given) =>
      callStream('getStreamState', streamId, given, () => async (started): Promise<StreamState> => {
        const { status, version, firstVersion } = await retried(backend, started, (bc) => backend.readHead(streamId, bc))
        return status === 'tombstoned' ? { status } : { status, version, firstVersion }
      }),

    listStreams: (given): AsyncIterable<StreamInfo> =>
      listStreams(
        (gone) =>
          naming(() => {
            demand('listStreams')
            const checked = parseOptions(given)
            const { fetch, guard } = iteration('listStreams', undefined, checked, gone)
            return {
              prefix: parsePrefix(checked.prefix, 'prefix') ?? '',
              limit: parseLimit(checked.limit),
              guard,
              page: (request) =>
                fetch((started) => retried(backend, started, (bc) => required(backend.listStreamsPage).call(backend, request, bc))),
            }
          }),
        pageSize,
      ),

    deleteStream: (streamId, given) =>
      callStream('deleteStream', streamId, given, (checked) => {
        demand('deleteStream')
        const expected = parseExpectedVersion(checked.expectedVersion)
        if (expected === 'noStream')
          throw new InvalidArgumentError("must be 'any', 'streamExists' or a version.", { path: 'expectedVersion' })
        return (started) => deleteStream(backend, started, streamId, expected).then(changes.notify)
      }),
    tombstoneStream: (streamId, given) =>
      callStream('tombstoneStream', streamId, given, (checked) => {
        demand('tombstoneStream')
        const expected = parseExpectedVersion(checked.expectedVersion)
        return (started) => tombstoneStream(backend, started, streamId, expected).then(changes.notify)
      }),
    truncateStream: (streamId, given) =>
      callStream('truncateStream', streamId, given, (checked) => {
        demand('truncateStream')
        const before = parseWhole(checked.before, 'before', 1)
        return (started) => truncateStream(backend, started, streamId, before)
      }),
    getStreamMetadata: (streamId, given) =>
      callStream('getStreamMetadata', streamId, given, () => {
        demand('streamMetadata')
        return (started) => getStreamMetadata(backend, started, streamId)
      }),
    setStreamMetadata: (streamId, metadata, given) =>
      callStream('setStreamMetadata', streamId, given, (checked) => {
        demand('streamMetadata')
        const text = encodeStreamMetadata(metadata)
        const { expectedMetadataVersion: expected } = checked
        const version = expected === undefined ? undefined : parseWhole(expected, 'expectedMetadataVersion', 0)
        return (started) => setStreamMetadata(backend, started, streamId, text, version)
      }),
    comparePositions: (a, b) =>
      naming(() => {
        demand('readAll')
        return comparePositions(a, b)
      }),
  }
  return adapter

  function comparePositions(a: string, b: string): number {
    return required(backend.comparePositions).call(backend, a, b)
  }
  /** What a subscription looks with: one attempt, bounded by the adapter's own time, since the subscription itself tries again. */
  function looking(method: string, streamId: string | undefined, given: CallOptions) {
    startCall(method, streamId, given)
    return async <T>(signal: AbortSignal, run: (call: Call) => Promise<T>): Promise<T> => {
      const started = { ...startCall(method, streamId, {}), signals: [signal] }
      await lifecycle.open(started)
      return run(started)
    }
  }
  async function single<T>(started: Call, run: Parameters<typeof attempt<T>>[4]): Promise<T> {
    const result = await attempt(backend, started, 'read', remainingMs(started), run)
    if (result.ok) return result.value
    throw result.error
  }
}

function parseOptions(given: unknown): Record<string, unknown> & CallOptions {
  if (given === undefined) return {}
  if (typeof given === 'object' && given !== null) return given as Record<string, unknown>
  throw new InvalidArgumentError('must be an object.', { path: 'options' })
}
