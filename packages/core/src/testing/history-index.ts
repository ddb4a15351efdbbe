import { type EventNumbers, createEventNumbers } from './event-numbers.js'
import type { AppendOperation, History, HistoryEvent, ReadAllOperation, ReadOperation, SubscribeOperation } from './history.js'
import { placesOf } from './sequence.js'
import { type Attempt, type Called, type StreamHistory, type Write, addAttempt, attemptOf, createWrite } from './stream-history.js'

/** Somebody who was given events of the log, or of a stream. */
interface Follower extends Called<ReadAllOperation | SubscribeOperation> {
  /** Of the events it was given. */
  readonly numbers: readonly number[]
}

/**
 * What both checkers look up, from one pass over a history: most of a check's time goes into coming by its operations and names. Every
 * event has a number, small and whole, so that the rest is done in arrays.
 */
export interface HistoryIndex {
  readonly numbers: EventNumbers
  readonly streams: ReadonlyMap<string, StreamHistory>
  /** Parts of appends, in the order of the history. */
  readonly attempts: readonly Attempt[]
  /** By number of the event: the attempts at it; undefined: nobody appended it. */
  readonly writes: readonly (Write | undefined)[]
  readonly reads: readonly Called<ReadOperation>[]
  readonly followers: readonly Follower[]
  /** Streams of which events were hidden: what they show in the end is not all. */
  readonly hidden: ReadonlySet<string>
  /** Of the events of the log. */
  readonly logNumbers: readonly number[]
  /** By number of an event: its first place in its stream, as that reads in the end, 1-based; 0: it is not there. */
  readonly placesInStream: Int32Array
}

export function indexHistory(history: History): HistoryIndex {
  const streams = new Map<string, StreamHistory>()
  const numbers = createEventNumbers()
  const writes: (Write | undefined)[] = []
  const attempts: Attempt[] = []
  const reads: Called<ReadOperation>[] = []
  const followers: Follower[] = []
  const hidden = new Set<string>()

  function streamOf(streamId: string): StreamHistory {
    let stream = streams.get(streamId)
    if (stream === undefined) {
      const final = Object.hasOwn(history.streams, streamId) ? history.streams[streamId] : undefined
      stream = { streamId, final, finalNumbers: [], writes: [], checks: [], reads: [], states: [], refusal: undefined }
      streams.set(streamId, stream)
    }
    return stream
  }
  function numbersOf(events: readonly HistoryEvent[]): number[] {
    return events.map(({ streamId, id }) => numbers.of(streamId, id))
  }
  function addAppend(operation: AppendOperation, index: number): void {
    const { parts } = operation
    for (let n = 0; n < parts.length; n += 1) {
      const { streamId, ids } = parts[n] as AppendOperation['parts'][number]
      const stream = streamOf(streamId)
      const attempt = attemptOf(
        operation,
        index,
        n,
        ids.map((id) => numbers.of(streamId, id)),
      )
      attempts.push(attempt)
      if (ids.length === 0) stream.checks.push(attempt)
      else addToWrite(stream, attempt)
    }
  }
  function addToWrite(stream: StreamHistory, attempt: Attempt): void {
    const { ids, numbers: own } = attempt
    // Without holes, so that it stays an array.
    while (writes.length < numbers.count()) writes.push(undefined)
    const known = writes[own[0] as number]
    if (known !== undefined && sameNumbers(known.numbers, own)) addAttempt(known, attempt)
    else if (own.every((number) => writes[number] === undefined)) {
      const write = createWrite(ids, own)
      addAttempt(write, attempt)
      stream.writes.push(write)
      for (const number of own) writes[number] = write
    } else {
      stream.refusal ??= { streamId: stream.streamId, reason: `two appends share the id ${ids[0] ?? ''}, but not all their ids` }
      // From here on each event has attempts of its own.
      for (const [at, number] of own.entries()) {
        const alone = createWrite([ids[at] ?? ''], [number])
        for (const one of [...(writes[number]?.attempts ?? []), attempt]) addAttempt(alone, one)
        writes[number] = alone
      }
    }
  }

  const logNumbers = numbersOf(history.log ?? [])
  for (const streamId of Object.keys(history.streams)) {
    const stream = streamOf(streamId)
    stream.finalNumbers = numbersOf(stream.final ?? [])
  }
  const { operations } = history
  for (let index = 0; index < operations.length; index += 1) {
    const operation = operations[index] as History['operations'][number]
    switch (operation.op) {
      case 'append':
        addAppend(operation, index)
        break
      case 'read':
        reads.push({ index, operation })
        if (operation.outcome === 'ok') streamOf(operation.streamId).reads.push(reads.at(-1) as Called<ReadOperation>)
        break
      case 'state':
        if (operation.outcome === 'ok') streamOf(operation.streamId).states.push({ index, operation })
        break
      case 'read-all':
      case 'subscribe':
        followers.push({ index, operation, numbers: numbersOf(operation.events) })
        break
      default:
        hidden.add(operation.streamId)
        if (operation.outcome !== 'rejected')
          streamOf(operation.streamId).refusal ??= {
            streamId: operation.streamId,
            reason: `it was subject to a ${operation.op}, which hides events: only the log tells what happened`,
          }
    }
  }
  const placesInStream = placesOf(
    [...streams.values()].map(({ finalNumbers }) => finalNumbers),
    numbers.count(),
  )
  return { streams, attempts, writes, reads, followers, hidden, numbers, logNumbers, placesInStream }
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, index) => number === b[index])
}
