import type { AppendOperation, History, HistoryEvent, ReadAllOperation, ReadOperation, SubscribeOperation } from './history.js'
import { placesOf } from './sequence.js'
import { type Attempt, type StreamHistory, type Write, addAttempt, attemptOf, createWrite } from './stream-history.js'

/** Somebody who was given events. */
export interface Follower<O = ReadAllOperation | SubscribeOperation> {
  readonly index: number
  readonly operation: O
  /** Of the events it was given. */
  readonly numbers: readonly number[]
}

/**
 * What both checkers look up, from one pass over a history: most of a check's time goes into coming by its operations and names. Every
 * event has a number, small and whole, so that the rest is done in arrays.
 */
export interface HistoryIndex {
  readonly streams: ReadonlyMap<string, StreamHistory>
  /** Parts of appends, in the order of the history. */
  readonly attempts: readonly Attempt[]
  /** By number of the event: the attempts at it; undefined: nobody appended it. */
  readonly writes: readonly (Write | undefined)[]
  readonly streamReads: readonly Follower<ReadOperation>[]
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
  const known = new Map<string, Map<string, number>>()
  const writes: (Write | undefined)[] = []
  const attempts: Attempt[] = []
  const streamReads: Follower<ReadOperation>[] = []
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
  function idsOf(streamId: string): Map<string, number> {
    let ids = known.get(streamId)
    if (ids === undefined) known.set(streamId, (ids = new Map()))
    return ids
  }
  function numberOf(ids: Map<string, number>, id: string): number {
    let number = ids.get(id)
    if (number === undefined) {
      number = writes.length
      writes.push(undefined)
      ids.set(id, number)
    }
    return number
  }
  function numbersOf(events: readonly HistoryEvent[]): number[] {
    const numbers: number[] = []
    let [own, ids]: [string | undefined, Map<string, number>] = [undefined, new Map()]
    for (const { streamId, id } of events) {
      if (streamId !== own) [own, ids] = [streamId, idsOf(streamId)]
      numbers.push(numberOf(ids, id))
    }
    return numbers
  }
  function addAppend(operation: AppendOperation, index: number): void {
    const { parts } = operation
    for (let n = 0; n < parts.length; n += 1) {
      const { streamId, ids } = parts[n] as AppendOperation['parts'][number]
      const [stream, names] = [streamOf(streamId), idsOf(streamId)]
      const attempt = attemptOf(
        operation,
        index,
        n,
        ids.map((id) => numberOf(names, id)),
      )
      attempts.push(attempt)
      if (ids.length === 0) stream.checks.push(attempt)
      else addToWrite(stream, attempt)
    }
  }
  function addToWrite(stream: StreamHistory, attempt: Attempt): void {
    const { ids, numbers } = attempt
    const known = writes[numbers[0] as number]
    if (known !== undefined && sameNumbers(known.numbers, numbers)) addAttempt(known, attempt)
    else if (numbers.every((number) => writes[number] === undefined)) {
      const write = createWrite(ids, numbers)
      addAttempt(write, attempt)
      stream.writes.push(write)
      for (const number of numbers) writes[number] = write
    } else {
      stream.refusal ??= { streamId: stream.streamId, reason: `two appends share the id ${ids[0] ?? ''}, but not all their ids` }
      // From here on each event has attempts of its own.
      for (const [at, number] of numbers.entries()) {
        const own = createWrite([ids[at] ?? ''], [number])
        for (const one of [...(writes[number]?.attempts ?? []), attempt]) addAttempt(own, one)
        writes[number] = own
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
        streamReads.push({ index, operation, numbers: numbersOf(operation.events) })
        if (operation.outcome === 'ok') streamOf(operation.streamId).reads.push({ index, read: operation })
        break
      case 'state':
        if (operation.outcome === 'ok') streamOf(operation.streamId).states.push({ index, state: operation })
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
    writes.length,
  )
  return { streams, attempts, writes, streamReads, followers, hidden, logNumbers, placesInStream }
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, index) => number === b[index])
}
