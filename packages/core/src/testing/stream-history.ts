import type { ExpectedVersion } from '../expected-version.js'
import type { Refusal } from './anomaly.js'
import { type AppendOperation, type History, type HistoryEvent, type ReadOperation, type StateOperation, returnOf } from './history.js'

/** One call that tried to append to a stream. */
export interface Attempt {
  /** Its place in the history. */
  readonly index: number
  readonly ids: readonly string[]
  readonly expected: ExpectedVersion
  readonly invoke: number
  readonly return: number
  readonly outcome: AppendOperation['outcome']
  readonly result: { readonly firstVersion: number; readonly version: number } | undefined
  /** It met another version in this stream. */
  readonly conflict: { readonly actualVersion?: number | undefined } | undefined
  /** It was the call's only stream. */
  readonly alone: boolean
}

/** All attempts to store the same events: at most one may take effect. */
export interface Write {
  readonly ids: readonly string[]
  readonly attempts: Attempt[]
}

/** What happened to one stream. */
export interface StreamHistory {
  readonly streamId: string
  /** As it reads in the end; undefined: not readable. */
  readonly final: readonly HistoryEvent[] | undefined
  /** Of those with events. */
  readonly writes: Write[]
  readonly writeOf: Map<string, Write>
  /** Appends without events. */
  readonly checks: Attempt[]
  readonly reads: { readonly index: number; readonly read: ReadOperation }[]
  readonly states: { readonly index: number; readonly state: StateOperation }[]
  /** Why it cannot be judged. */
  refusal: Refusal | undefined
}

/** Sorts the operations of a history by stream, and attempts with the same ids into one write. */
export function streamHistories(history: History): Map<string, StreamHistory> {
  const streams = new Map<string, StreamHistory>()
  function streamOf(streamId: string): StreamHistory {
    let stream = streams.get(streamId)
    if (stream === undefined) {
      const final = Object.hasOwn(history.streams, streamId) ? history.streams[streamId] : undefined
      stream = { streamId, final, writes: [], writeOf: new Map(), checks: [], reads: [], states: [], refusal: undefined }
      streams.set(streamId, stream)
    }
    return stream
  }
  for (const streamId of Object.keys(history.streams)) streamOf(streamId)
  for (const [index, operation] of history.operations.entries()) {
    switch (operation.op) {
      case 'append':
        for (const [n, part] of operation.parts.entries()) addAttempt(streamOf(part.streamId), attemptOf(operation, index, n))
        break
      case 'read':
        if (operation.outcome === 'ok') streamOf(operation.streamId).reads.push({ index, read: operation })
        break
      case 'state':
        if (operation.outcome === 'ok') streamOf(operation.streamId).states.push({ index, state: operation })
        break
      case 'delete':
      case 'tombstone':
      case 'truncate':
        if (operation.outcome !== 'rejected')
          streamOf(operation.streamId).refusal ??= {
            streamId: operation.streamId,
            reason: `it was subject to a ${operation.op}, which hides events: only the log tells what happened`,
          }
        break
      default:
    }
  }
  return streams
}

function attemptOf(operation: AppendOperation, index: number, n: number): Attempt {
  const { parts, results, conflict, invoke, outcome } = operation
  const { ids, expected, streamId } = parts[n] as AppendOperation['parts'][number]
  return {
    index,
    ids,
    expected: expected === 0 ? 'noStream' : expected,
    invoke,
    return: outcome === 'unknown' ? Infinity : returnOf(operation),
    outcome,
    result: outcome === 'ok' ? results?.[n] : undefined,
    conflict: outcome === 'rejected' && conflict?.streamId === streamId ? conflict : undefined,
    alone: parts.length === 1,
  }
}

function addAttempt(stream: StreamHistory, attempt: Attempt): void {
  const { ids } = attempt
  const [first] = ids
  if (first === undefined) {
    stream.checks.push(attempt)
    return
  }
  const known = stream.writeOf.get(first)
  if (known === undefined ? ids.some((id) => stream.writeOf.has(id)) : !sameIds(known.ids, ids)) {
    stream.refusal ??= { streamId: stream.streamId, reason: `two appends share the id ${first}, but not all their ids` }
    return
  }
  const write = known ?? { ids, attempts: [] }
  write.attempts.push(attempt)
  if (known !== undefined) return
  stream.writes.push(write)
  for (const id of ids) stream.writeOf.set(id, write)
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index])
}

/** Whether an expectation holds at a version of a stream of which nothing was hidden. */
export function holdsAt(expected: ExpectedVersion, version: number): boolean {
  switch (expected) {
    case 'any':
      return true
    case 'noStream':
      return version === 0
    case 'streamExists':
      return version > 0
    default:
      return version === expected
  }
}
