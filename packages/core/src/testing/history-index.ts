import { createEventNumbers } from './event-numbers.js'
import { type EventPositions, createEventPositions } from './event-positions.js'
import type { AppendOperation, History, HistoryAppendPart, HistoryEvent, ReadAllOperation, SubscribeOperation } from './history.js'
import { placesOf } from './sequence.js'
import { type Attempt, type Delivered, type StreamHistory, type Write, addAttempt, attemptOf, createWrite } from './stream-history.js'

/**
 * What both checkers look up, from one pass over a history: most of a check's time goes into coming by its operations and comparing its
 * names. Every event has a number, small and whole, so that the rest is done in arrays.
 */
export interface HistoryIndex {
  readonly streams: ReadonlyMap<string, StreamHistory>
  /** Parts of appends, in the order of the history. */
  readonly attempts: readonly Attempt[]
  /** By number of the event: the attempts at it; undefined: nobody appended it. */
  readonly writes: readonly (Write | undefined)[]
  /** Who was given events of the log, or followed a stream. */
  readonly followers: readonly Delivered<ReadAllOperation | SubscribeOperation>[]
  /** Streams of which events were hidden: what they show in the end is not all. */
  readonly hidden: ReadonlySet<string>
  /** Of all events that operations mention, one operation after the other: each knows where its own begin. */
  readonly mentions: readonly number[]
  /** Of the events of the log. */
  readonly logNumbers: readonly number[]
  /** By number of an event: its first place in its stream, as that reads in the end, 1-based; 0: it is not there. */
  readonly placesInStream: Int32Array
  /** By number of an event: its first place in the log, 1-based; 0: it is not there. */
  readonly placesInLog: Int32Array
  readonly positions: EventPositions
}

export function indexHistory({ streams: finals, log = [], operations }: History): HistoryIndex {
  const streams = new Map<string, StreamHistory>()
  const numbers = createEventNumbers()
  const positions = createEventPositions()
  const writes: (Write | undefined)[] = []
  const attempts: Attempt[] = []
  const followers: Delivered<ReadAllOperation | SubscribeOperation>[] = []
  const hidden = new Set<string>()
  const mentions: number[] = []
  let last: StreamHistory | undefined

  function streamOf(streamId: string): StreamHistory {
    if (last?.streamId === streamId) return last
    let stream = streams.get(streamId)
    if (stream === undefined) {
      const final = Object.hasOwn(finals, streamId) ? finals[streamId] : undefined
      stream = createStreamHistory(streamId, final)
      streams.set(streamId, stream)
    }
    return (last = stream)
  }
  /** @param step to the place in the log of the next event, as a rule; 0: they are of one stream. @returns where their numbers begin. */
  function mention(events: readonly HistoryEvent[], index: number, step: -1 | 0 | 1): number {
    const start = mentions.length
    let near: number | undefined
    for (let n = 0; n < events.length; n += 1) {
      const { streamId, id, version, position } = events[n] as HistoryEvent
      const number = near !== undefined && numbers.isOf(near, streamId, id) ? near : numbers.of(streamOf(streamId), id, version)
      positions.see(position, number, index)
      mentions.push(number)
      if (step !== 0) near = logNumbers[Math.max(0, (placesInLog[number] ?? 0) - 1 + step)]
    }
    return start
  }
  function addAppend(operation: AppendOperation, index: number): void {
    const { parts, results } = operation
    for (let n = 0; n < parts.length; n += 1) {
      const { streamId, ids } = parts[n] as HistoryAppendPart
      const result = results?.[n]
      const stream = streamOf(streamId)
      const start = mentions.length
      for (let at = 0; at < ids.length; at += 1)
        mentions.push(numbers.of(stream, ids[at] as string, result === undefined ? undefined : result.firstVersion + at))
      const attempt = attemptOf(operation, index, n, start)
      attempts.push(attempt)
      if (ids.length === 0) {
        stream.checks.push(attempt)
        continue
      }
      const last = mentions.at(-1) as number
      positions.see(result?.position, last, index)
      if (attempt.conflict !== undefined) stream.conflicts.push(attempt)
      addToWrite(stream, attempt)
    }
  }
  function addToWrite(stream: StreamHistory, attempt: Attempt): void {
    const { start, part } = attempt
    const count = part.ids.length
    // Without holes, so that it stays an array.
    while (writes.length < numbers.count()) writes.push(undefined)
    const known = writes[mentions[start] as number]
    if (known !== undefined && isOfSame(known, start, count)) addAttempt(known, attempt)
    else if (isNew(start, count)) {
      const write = createWrite(attempt, start, count)
      stream.writes.push(write)
      for (let at = start; at < start + count; at += 1) writes[mentions[at] as number] = write
    } else {
      stream.refusal ??= { streamId: part.streamId, reason: `two appends share the id ${part.ids[0] ?? ''}, but not all their ids` }
      // From here on each event has attempts of its own.
      for (let at = start; at < start + count; at += 1) {
        const number = mentions[at] as number
        const [first, ...more] = [...(writes[number]?.attempts ?? []), attempt]
        const alone = createWrite(first, at, 1)
        for (const one of more) addAttempt(alone, one)
        writes[number] = alone
      }
    }
  }
  function isOfSame(write: Write, start: number, count: number): boolean {
    for (let n = 0; n < count; n += 1) if (mentions[write.start + n] !== mentions[start + n]) return false
    return write.count === count
  }
  function isNew(start: number, count: number): boolean {
    for (let at = start; at < start + count; at += 1) if (writes[mentions[at] as number] !== undefined) return false
    return true
  }

  for (const streamId of Object.keys(finals)) {
    const stream = streamOf(streamId)
    stream.finalNumbers = (stream.final ?? []).map(({ id }) => numbers.of(stream, id))
  }
  const logNumbers = log.map(({ streamId, id, version, position }) => {
    const stream = streamOf(streamId)
    const number = numbers.of(stream, id, version)
    positions.see(position, number)
    if (stream.finalNumbers[stream.inLog] !== number) stream.differs = true
    stream.inLog += 1
    if (version !== stream.inLog) stream.misplaced ??= version
    return number
  })
  const placesInLog = placesOf([logNumbers], numbers.count())
  for (let index = 0; index < operations.length; index += 1) {
    const operation = operations[index] as History['operations'][number]
    switch (operation.op) {
      case 'append':
        addAppend(operation, index)
        break
      case 'read': {
        const start = mention(operation.events, index, 0)
        if (operation.outcome === 'ok') streamOf(operation.streamId).reads.push({ index, operation, start })
        break
      }
      case 'state':
        if (operation.outcome === 'ok') streamOf(operation.streamId).states.push({ index, operation })
        break
      case 'read-all':
      case 'subscribe': {
        const backwards = operation.op === 'read-all' && operation.direction === 'backwards'
        followers.push({ index, operation, start: mention(operation.events, index, backwards ? -1 : 1) })
        break
      }
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
  return { streams, mentions, attempts, writes, followers, hidden, logNumbers, placesInStream, placesInLog, positions }
}

function createStreamHistory(streamId: string, final: readonly HistoryEvent[] | undefined): StreamHistory {
  return {
    streamId,
    final,
    finalNumbers: [],
    inLog: 0,
    misplaced: undefined,
    differs: false,
    writes: [],
    checks: [],
    conflicts: [],
    reads: [],
    states: [],
    refusal: undefined,
  }
}
