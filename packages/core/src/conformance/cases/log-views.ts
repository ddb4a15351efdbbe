import type { EventStoreAdapter, ReadAllOptions } from '../../adapter.js'
import type { Position, RecordedEvent } from '../../event.js'
import type { CaseContext, TestEvent } from '../case.js'

/** Where the log ends now: on a server that all runs share, a case looks at what comes after. */
export async function endOfLog(adapter: EventStoreAdapter): Promise<Position | undefined> {
  const [last] = await adapter.readAll({ direction: 'backwards', limit: 1 }).toArray()
  return last?.position
}

/** What the case itself has stored, as the log has it. */
export interface OwnLog {
  readonly streams: readonly string[]
  /** Where the log ended before. */
  readonly since: Position | undefined
  /** Appended, in the order of their acknowledgement. */
  readonly events: readonly (TestEvent & { readonly streamId: string })[]
  /** Events of these streams, after `since`. */
  read(options?: ReadAllOptions, adapter?: EventStoreAdapter): Promise<RecordedEvent[]>
}

/** Some streams, appended to in turn in batches of 1 to 3. */
export async function filledLog(t: CaseContext, adapter: EventStoreAdapter, appends: number, streamCount = 3): Promise<OwnLog> {
  const since = await endOfLog(adapter)
  const streams = Array.from({ length: streamCount }, () => t.stream())
  const events: (TestEvent & { streamId: string })[] = []
  for (let n = 0; n < appends; n += 1) {
    const streamId = streams[n % streamCount] ?? ''
    const batch = t.events(1 + (n % 3))
    await adapter.appendToStream(streamId, batch)
    events.push(...batch.map((event) => ({ ...event, streamId })))
  }
  return { streams, since, events, read: (options, other = adapter) => readOwn(other, streams, since, options) }
}

/** Events of the given streams only. Forwards it starts at `since` unless told otherwise; backwards it ends there. */
export async function readOwn(
  adapter: EventStoreAdapter,
  streams: readonly string[],
  since: Position | undefined,
  options: ReadAllOptions = {},
): Promise<RecordedEvent[]> {
  const forwards = options.direction !== 'backwards'
  const own: RecordedEvent[] = []
  for await (const event of adapter.readAll({ ...options, ...(forwards && options.after === undefined ? { after: since } : {}) })) {
    if (!forwards && since !== undefined && adapter.comparePositions(positionOf(event), since) <= 0) break
    if (streams.includes(event.streamId)) own.push(event)
  }
  return own
}

export function positionOf(event: RecordedEvent | undefined): Position {
  return event?.position ?? ''
}

/** Positions rise from event to event. */
export function rise(t: CaseContext, adapter: EventStoreAdapter, events: readonly RecordedEvent[], message: string): void {
  const falls = events.filter((event, index) => {
    const before = events[index - 1]
    return before !== undefined && adapter.comparePositions(positionOf(before), positionOf(event)) >= 0
  })
  t.deepEqual(
    falls.map(({ id, position }) => `${id} at ${position ?? 'no position'}`),
    [],
    message,
  )
}
