import type { AppendOptions, CallOptions, EventStoreAdapter, StreamAppend } from '../adapter.js'
import { createRandom } from '../conformance/random.js'
import { OutcomeUnknownError, UnavailableError } from '../errors.js'
import type { EventLike } from '../event.js'
import { type ExpectedVersion, protectsRetry } from '../expected-version.js'
import { faultyRead, faultySubscription } from './faulty-iterations.js'

/** How likely each fault is, from 0 (default) to 1. */
export interface FaultRates {
  /** A call, or the first event of a read, is refused with `UnavailableError`: nothing was done. */
  readonly unavailable?: number | undefined
  /** A change is done, and its caller gets `OutcomeUnknownError`. */
  readonly lostAnswer?: number | undefined
  /** A call takes up to `maximumDelayMs` longer. */
  readonly delay?: number | undefined
  /** A read breaks off within its first ten events with `UnavailableError`. */
  readonly cutRead?: number | undefined
  /** A subscription, at an event, loses its source: it says `disconnected` and resumes behind that event. */
  readonly cutSubscription?: number | undefined
}

export interface WithFaultsOptions {
  /** Decides what happens: the same calls in the same order meet the same faults. */
  readonly seed: number
  readonly rates: FaultRates
  /** Default 20. */
  readonly maximumDelayMs?: number | undefined
}

/** What was done to a call. */
export interface AdapterFault {
  readonly fault: keyof FaultRates
  /** The public method. */
  readonly method: string
  readonly streamId: string | undefined
  /** Which call it was, counted from 1. */
  readonly call: number
}

/** By chance, with the faults so far. */
export interface FaultDice {
  /** Whether it happens now; noted if it does. */
  strikes(fault: keyof FaultRates): boolean
  /** A whole number below. */
  int(below: number): number
  unavailable(): UnavailableError
  /** Waits for a while, if that happens now. */
  delay(): Promise<void>
}

/**
 * An adapter that fails as the contract allows, and tells the truth about it: put it around yours to test what your application does
 * about failures. Everything else goes through; `close()` and `comparePositions()` never fail.
 *
 * @returns the adapter, and in `faults` what was done so far.
 *
 * @example
 * const adapter = withFaults(memory(), { seed: 1, rates: { unavailable: 0.2, lostAnswer: 0.2 } })
 */
export function withFaults<A extends EventStoreAdapter>(
  adapter: A,
  options: WithFaultsOptions,
): A & { readonly faults: readonly AdapterFault[] } {
  const { seed, rates, maximumDelayMs = 20 } = options
  const random = createRandom(seed)
  const faults: AdapterFault[] = []
  let calls = 0

  function dice(method: string, streamId?: string): FaultDice {
    calls += 1
    const call = calls
    return {
      strikes(fault) {
        const strikes = random.next() < (rates[fault] ?? 0)
        if (strikes) faults.push({ fault, method, streamId, call })
        return strikes
      },
      int: (below) => random.int(below),
      unavailable: () =>
        new UnavailableError(`${method} was refused by withFaults.`, { adapter: adapter.name, streamId, hint: 'Call again.' }),
      async delay() {
        const ms = random.next() * maximumDelayMs
        if (this.strikes('delay')) await new Promise((resolve) => setTimeout(resolve, ms))
      },
    }
  }
  async function call<T>(method: string, streamId: string | undefined, run: () => Promise<T>): Promise<T> {
    const chance = dice(method, streamId)
    await chance.delay()
    if (chance.strikes('unavailable')) throw chance.unavailable()
    return run()
  }
  async function change<T>(
    method: string,
    streamId: string | undefined,
    unknown: Pick<OutcomeUnknownError, 'eventIds' | 'retryable'>,
    run: () => Promise<T>,
  ): Promise<T> {
    const chance = dice(method, streamId)
    await chance.delay()
    if (chance.strikes('unavailable')) throw chance.unavailable()
    const lost = chance.strikes('lostAnswer')
    const result = await run()
    if (!lost) return result
    const { eventIds, retryable } = unknown
    const hint = retryable ? 'Call again with the same arguments and the same event ids.' : 'Read the stream and look for the event ids.'
    throw new OutcomeUnknownError(`the answer to ${method} was lost by withFaults.`, {
      adapter: adapter.name,
      streamId,
      eventIds,
      retryable,
      hint,
    })
  }
  const isRecognised = (expected: ExpectedVersion = 'any'): boolean =>
    protectsRetry(expected) || adapter.capabilities.idempotency.any === 'strong'
  const again = { eventIds: [], retryable: true }

  const faulty: Partial<EventStoreAdapter> = {
    open: (given) => call('open', undefined, () => adapter.open(given)),
    appendToStream(streamId: string, events: readonly Given[], given?: AppendOptions) {
      const sent = withIds(events)
      const unknown = { eventIds: idsOf(sent), retryable: isRecognised(given?.expectedVersion) }
      return change('appendToStream', streamId, unknown, () => adapter.appendToStream(streamId, sent, given))
    },
    appendToStreams: <E extends EventLike>(parts: readonly StreamAppend<E>[], given?: CallOptions) => {
      const sent = Array.isArray(parts) ? parts.map((part) => ({ ...part, events: withIds(part?.events as readonly Given[]) })) : parts
      const unknown = {
        eventIds: Array.isArray(sent) ? sent.flatMap((part) => idsOf(part.events as readonly Given[])) : [],
        retryable: Array.isArray(sent) && sent.every((part) => isRecognised(part.expectedVersion)),
      }
      return change('appendToStreams', undefined, unknown, () => adapter.appendToStreams(sent as readonly StreamAppend[], given))
    },
    readStream: (streamId, given) => faultyRead(adapter.readStream(streamId, given), () => dice('readStream', streamId)),
    readAll: (given) => faultyRead(adapter.readAll(given), () => dice('readAll')),
    subscribeToStream: (streamId, given) =>
      faultySubscription(
        (after) => adapter.subscribeToStream(streamId, after === undefined ? given : { ...given, after: after.version }),
        () => dice('subscribeToStream', streamId),
      ),
    subscribeToAll: (given) =>
      faultySubscription(
        (after) => adapter.subscribeToAll(after === undefined ? given : { ...given, after: after.position }),
        () => dice('subscribeToAll'),
      ),
    getStreamState: (streamId, given) => call('getStreamState', streamId, () => adapter.getStreamState(streamId, given)),
    deleteStream: (streamId, given) => change('deleteStream', streamId, again, () => adapter.deleteStream(streamId, given)),
    tombstoneStream: (streamId, given) => change('tombstoneStream', streamId, again, () => adapter.tombstoneStream(streamId, given)),
    truncateStream: (streamId, given) => change('truncateStream', streamId, again, () => adapter.truncateStream(streamId, given)),
    getStreamMetadata: (streamId, given) => call('getStreamMetadata', streamId, () => adapter.getStreamMetadata(streamId, given)),
    setStreamMetadata: (streamId, metadata, given) =>
      change('setStreamMetadata', streamId, again, () => adapter.setStreamMetadata(streamId, metadata, given)),
  }
  return { ...adapter, ...faulty, faults }
}

type Given = EventLike & { readonly id?: string | undefined }

/** Ids that core would make, made here, so that an error can tell them. What is no list of events is left to the adapter to refuse. */
function withIds(events: readonly Given[]): readonly Given[] {
  if (!Array.isArray(events)) return events
  return events.map((event: Given) =>
    typeof event === 'object' && event !== null ? { ...event, id: event.id ?? crypto.randomUUID() } : event,
  )
}

function idsOf(events: readonly Given[]): string[] {
  return Array.isArray(events) ? events.map((event: Given) => String(event?.id).toLowerCase()) : []
}
