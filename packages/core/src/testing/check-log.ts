import { type Anomaly, type Findings, type Refusal, createFindings } from './anomaly.js'
import { type Reader, checkReader } from './check-reader.js'
import type { History, HistoryEvent, ReadAllOperation, SubscribeOperation } from './history.js'
import {
  type EventNumbers,
  type Origins,
  type Sequence,
  acknowledgedBefore,
  createEventNumbers,
  createSequence,
  hiddenStreams,
  originsOf,
} from './log-index.js'

type Log = readonly HistoryEvent[]

/**
 * Checker B: the log as it stands in the end, and everything that was read of it; subscriptions to streams too. In O(n log n). Every
 * rule is one sentence of conformance.md §4, so it is exact for those rules.
 */
export function checkLog(history: History): { readonly anomalies: readonly Anomaly[]; readonly refused: readonly Refusal[] } {
  const findings = createFindings('log')
  const refused: Refusal[] = []
  const numbers = createEventNumbers()
  const origins = originsOf(history, numbers)
  const { log } = history
  if (log !== undefined) {
    const sequence = createSequence(log, numbers, origins)
    const wrong = checkContent(history, log, sequence, findings)
    checkStreamOrder(history, log, wrong, findings)
    checkPositions(history, log, numbers, sequence, findings)
    if (history.declares.realTimeOrder) checkRealTimeOrder(sequence, findings)
    checkLogReaders(history, log, sequence, findings, refused)
  }
  checkStreamSubscriptions(history, numbers, origins, findings, refused)
  return { anomalies: findings.anomalies, refused }
}

/** Every acknowledged event once, none rejected or unheard of, no part of an append. @returns streams that the log has wrong. */
function checkContent(history: History, log: Log, sequence: Sequence, findings: Findings): Set<string> {
  const wrong = new Set<string>()
  const found = (name: 'duplicate' | 'phantom' | 'aborted-read' | 'lost-write', event: HistoryEvent, what: string): void => {
    wrong.add(event.streamId)
    findings.add(name, `${event.id} ${what}`, sequence.originOf(event)?.operations ?? [], event.streamId)
  }
  for (const [place, event] of log.entries()) {
    const outcome = sequence.originAt(place)?.outcome
    if (sequence.isAgain(place)) found('duplicate', event, 'stands twice in the log')
    if (outcome === undefined) found('phantom', event, 'is in the log and was never appended')
    else if (outcome === 'rejected') found('aborted-read', event, 'is in the log, although its append was rejected')
  }
  const { contiguousBatches } = history.declares
  for (const [index, operation] of history.operations.entries()) {
    if (operation.op !== 'append' || operation.outcome === 'rejected') continue
    let [count, contiguous] = [0, true]
    const missing: HistoryEvent[] = []
    for (const { streamId, ids } of operation.parts) {
      let next: number | undefined
      for (const id of ids) {
        const event = { streamId, id, version: 0 }
        const place = sequence.placeOf(event)
        count += 1
        if (place === undefined) missing.push(event)
        else if (next !== undefined && place !== next) contiguous = false
        next = (place ?? -1) + 1
      }
    }
    const [first] = missing
    if (first === undefined) {
      if (contiguousBatches && !contiguous)
        findings.add('torn-batch', 'the events of an append do not stand one after the other in the log', [index])
    } else if (operation.outcome === 'ok') {
      for (const event of missing) found('lost-write', event, 'was acknowledged, and is not in the log')
    } else if (missing.length < count && sequence.originOf(first)?.outcome !== 'ok') {
      wrong.add(first.streamId)
      const message = `of an append whose outcome is unknown ${missing.length} of ${count} events are not in the log`
      findings.add('torn-batch', message, [index], first.streamId)
    }
  }
  return wrong
}

/** The log cut to a stream is that stream. */
function checkStreamOrder(history: History, log: Log, wrong: ReadonlySet<string>, findings: Findings): void {
  const cut = new Map<string, HistoryEvent[]>()
  for (const event of log) {
    const events = cut.get(event.streamId)
    if (events === undefined) cut.set(event.streamId, [event])
    else events.push(event)
  }
  const hidden = hiddenStreams(history)
  for (const streamId of new Set([...cut.keys(), ...Object.keys(history.streams)])) {
    if (wrong.has(streamId)) continue
    const inLog = cut.get(streamId) ?? []
    const out = inLog.find(({ version }, index) => version !== index + 1)
    if (out !== undefined) findings.add('stream-order', `the log has version ${out.version} of a stream out of its order`, [], streamId)
    else if (!hidden.has(streamId) && Object.hasOwn(history.streams, streamId)) {
      const stream = history.streams[streamId] ?? []
      if (stream.length !== inLog.length || stream.some(({ id }, index) => id !== inLog[index]?.id))
        findings.add(
          'stream-order',
          `the log, cut to a stream, is not that stream: ${inLog.length} and ${stream.length} events`,
          [],
          streamId,
        )
    }
  }
}

/** A position is one event, for all, always. */
function checkPositions(history: History, log: Log, numbers: EventNumbers, sequence: Sequence, findings: Findings): void {
  const events = new Map<string, number>()
  const positions: (string | undefined)[] = []
  function see(position: string | undefined, number: number, index: number | undefined): void {
    if (position === undefined) return
    const event = events.get(position)
    const other = positions[number]
    if (event === number && other === position) return
    const operations = index === undefined ? [] : [index]
    if (event === undefined) events.set(position, number)
    else if (event !== number) findings.add('divergent-position', `the position ${position} is of two events`, operations)
    if (other === undefined) positions[number] = position
    else if (other !== position) findings.add('divergent-position', `an event has the positions ${other} and ${position}`, operations)
  }
  for (const [place, { position }] of log.entries()) see(position, sequence.numberAt(place), undefined)
  for (const [index, operation] of history.operations.entries()) {
    if (operation.op === 'append')
      for (const [n, { streamId, ids }] of operation.parts.entries()) {
        const last = ids.at(-1)
        if (last !== undefined) see(operation.results?.[n]?.position, numbers.of({ streamId, id: last }), index)
      }
    else if (operation.op === 'read' || operation.op === 'read-all' || operation.op === 'subscribe')
      for (const event of operation.events) see(event.position, numbers.of(event), index)
  }
}

/** Acknowledged before invoked: lower position. One sweep: nothing returned before the largest invoke ahead of it. */
function checkRealTimeOrder(sequence: Sequence, findings: Findings): void {
  let [invoke, index] = [-Infinity, -1]
  for (let place = 0; place < sequence.length; place += 1) {
    const origin = sequence.originAt(place)
    if (origin === undefined || origin.outcome === 'rejected') continue
    const [first = -1] = origin.operations
    if (origin.return < invoke)
      findings.add('realtime-order', 'an append was acknowledged before another was begun, and stands behind it in the log', [first, index])
    if (origin.invoke > invoke) [invoke, index] = [origin.invoke, first]
  }
}

function checkLogReaders(history: History, log: Log, sequence: Sequence, findings: Findings, refused: Refusal[]): void {
  const places = new Map(log.map(({ position }, place) => [position, place]))
  const acknowledged = acknowledgedBefore(sequence)
  const { strongReads } = history.declares
  function judge(
    index: number,
    operation: ReadAllOperation | SubscribeOperation,
    reader: Omit<Reader, 'index' | 'after' | 'filter' | 'events'>,
  ): void {
    const { after, filter, events } = operation
    const fromStart = reader.direction === 'forwards' && (after === undefined || after === 'start')
    const place = typeof after === 'string' ? places.get(after) : undefined
    const known = fromStart
      ? history.since === undefined
      : after === undefined || after === 'end' || after === history.since || place !== undefined
    if (known) checkReader({ ...reader, index, after: place, filter, events }, sequence, findings)
    else refused.push({ reason: `operation ${index} reads from a place of the log that this history does not know` })
  }
  for (const [index, operation] of history.operations.entries()) {
    if (operation.op === 'read-all' && operation.outcome === 'ok') {
      const { direction, cut, events, limit = Infinity } = operation
      const complete = !cut && events.length < limit
      // Down to where the history begins is not down to the start.
      const whole = direction === 'forwards' || history.since === undefined
      judge(index, operation, { direction, due: strongReads ? acknowledged(operation.invoke) : 0, complete: complete && whole })
    } else if (operation.op === 'subscribe' && operation.streamId === undefined) judge(index, operation, subscriber(operation, log.length))
  }
}

/** Subscriptions to streams: as readers of the stream, as it stands in the end. */
function checkStreamSubscriptions(history: History, numbers: EventNumbers, origins: Origins, findings: Findings, refused: Refusal[]): void {
  const sequences = new Map<string, Sequence>()
  const hidden = hiddenStreams(history)
  for (const [index, operation] of history.operations.entries()) {
    if (operation.op !== 'subscribe' || operation.streamId === undefined) continue
    const { streamId, after, events } = operation
    if (hidden.has(streamId) || !Object.hasOwn(history.streams, streamId)) {
      refused.push({ streamId, reason: `operation ${index} subscribes to a stream that does not show all its events in the end` })
      continue
    }
    const sequence = sequences.get(streamId) ?? createSequence(history.streams[streamId] ?? [], numbers, origins)
    sequences.set(streamId, sequence)
    const place = typeof after === 'number' && after > 0 ? after - 1 : undefined
    checkReader({ ...subscriber(operation, sequence.length), index, after: place, filter: undefined, events, streamId }, sequence, findings)
  }
}

function subscriber({ after, live, caughtUp }: SubscribeOperation, length: number): Omit<Reader, 'index' | 'after' | 'filter' | 'events'> {
  return {
    direction: 'forwards',
    due: length,
    complete: live,
    // The end it began at was passed before it said to have caught up.
    startedBy: after === 'end' ? (caughtUp ?? Infinity) : undefined,
  }
}
