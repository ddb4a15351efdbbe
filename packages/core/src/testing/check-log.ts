import { type Anomaly, type AnomalyName, type Findings, type Refusal, createFindings } from './anomaly.js'
import { type Reader, checkReader } from './check-reader.js'
import type { History, HistoryEvent, SubscribeOperation } from './history.js'
import { type HistoryIndex, indexHistory } from './history-index.js'
import { type Sequence, acknowledgedBefore, createSequence } from './sequence.js'
import type { Attempt, Write } from './stream-history.js'

type Log = readonly HistoryEvent[]

/**
 * Checker B: the log as it stands in the end, and everything that was read of it; subscriptions to streams too. In O(n log n). Every
 * rule is one sentence of conformance.md §4, so it is exact for those rules.
 */
export function checkLog(
  history: History,
  index: HistoryIndex = indexHistory(history),
): { readonly anomalies: readonly Anomaly[]; readonly refused: readonly Refusal[] } {
  const findings = createFindings('log')
  const refused: Refusal[] = []
  const { log } = history
  if (log !== undefined) {
    const { logNumbers, placesInLog, writes, positions } = index
    const sequence = createSequence(log, logNumbers, placesInLog, writes)
    const wrong = checkContent(history, index, log, sequence, findings)
    checkStreamOrder(index, wrong, findings)
    for (const { message, operations } of positions.divergences) findings.add('divergent-position', message, operations)
    if (history.declares.realTimeOrder) checkRealTimeOrder(sequence, findings)
    checkLogReaders(history, index, sequence, findings, refused)
  }
  checkStreamSubscriptions(index, findings, refused)
  return { anomalies: findings.anomalies, refused }
}

/** Every acknowledged event once, none rejected or unheard of, no part of an append. @returns streams that the log has wrong. */
function checkContent(
  { declares: { contiguousBatches } }: History,
  { mentions, attempts, writes }: HistoryIndex,
  log: Log,
  sequence: Sequence,
  findings: Findings,
): Set<string> {
  const wrong = new Set<string>()
  const found = (name: AnomalyName, streamId: string, id: string, number: number, what: string): void => {
    wrong.add(streamId)
    findings.add(name, `${id} ${what}`, operationsOf(writes[number]), streamId)
  }
  for (let place = 0; place < log.length; place += 1) {
    const number = sequence.numberAt(place)
    const outcome = writes[number]?.outcome
    const again = sequence.isAgain(place)
    if (!again && outcome !== undefined && outcome !== 'rejected') continue
    const { streamId, id } = log[place] as HistoryEvent
    if (again) found('duplicate', streamId, id, number, 'stands twice in the log')
    if (outcome === undefined) found('phantom', streamId, id, number, 'is in the log and was never appended')
    else if (outcome === 'rejected') found('aborted-read', streamId, id, number, 'is in the log, although its append was rejected')
  }
  for (let next = 0; next < attempts.length;) {
    const from = next
    const { index, outcome } = attempts[from] as Attempt
    let [count, there, contiguous] = [0, 0, true]
    // The parts of one call.
    for (let part = attempts[next]; part?.index === index; next += 1, part = attempts[next]) {
      if (outcome === 'rejected') continue
      const end = part.start + part.part.ids.length
      count += end - part.start
      let due: number | undefined
      for (let at = part.start; at < end; at += 1) {
        const place = sequence.placeOf(mentions[at] as number)
        if (place !== undefined) there += 1
        if (due !== undefined && place !== due) contiguous = false
        due = (place ?? -1) + 1
      }
    }
    if (there < count) reportMissing(attempts.slice(from, next), count, there)
    else if (contiguousBatches && !contiguous)
      findings.add('torn-batch', 'the events of an append do not stand one after the other in the log', [index])
  }
  return wrong

  /** Of the parts of one call. */
  function reportMissing(parts: readonly Attempt[], count: number, there: number): void {
    const missing = parts.flatMap(({ start, part: { streamId, ids } }) =>
      ids
        .map((id, n) => ({ streamId, id, number: mentions[start + n] as number }))
        .filter(({ number }) => sequence.placeOf(number) === undefined),
    )
    const [{ index, outcome }, first] = [parts[0] as Attempt, missing[0] as (typeof missing)[number]]
    if (outcome === 'ok') {
      for (const { streamId, id, number } of missing) found('lost-write', streamId, id, number, 'was acknowledged, and is not in the log')
    } else if (there > 0 && writes[first.number]?.outcome !== 'ok') {
      wrong.add(first.streamId)
      const message = `of an append whose outcome is unknown ${count - there} of ${count} events are not in the log`
      findings.add('torn-batch', message, [index], first.streamId)
    }
  }
}

/** The log cut to a stream is that stream. */
function checkStreamOrder({ streams, hidden }: HistoryIndex, wrong: ReadonlySet<string>, findings: Findings): void {
  for (const { streamId, final, inLog, misplaced, differs } of streams.values()) {
    if (wrong.has(streamId)) continue
    if (misplaced !== undefined) findings.add('stream-order', `the log has version ${misplaced} of a stream out of its order`, [], streamId)
    else if (!hidden.has(streamId) && final !== undefined && (differs || inLog !== final.length)) {
      const message = `the log, cut to a stream, is not that stream: ${inLog} and ${final.length} events`
      findings.add('stream-order', message, [], streamId)
    }
  }
}

/** Acknowledged before invoked: lower position. One sweep: nothing returned before the largest invoke ahead of it. */
function checkRealTimeOrder(sequence: Sequence, findings: Findings): void {
  let [invoke, index] = [-Infinity, -1]
  for (let place = 0; place < sequence.length; place += 1) {
    const write = sequence.writeAt(place)
    if (write === undefined || write.outcome === 'rejected') continue
    const first = write.attempts[0]?.index ?? -1
    if (write.return < invoke)
      findings.add('realtime-order', 'an append was acknowledged before another was begun, and stands behind it in the log', [first, index])
    if (write.invoke > invoke) [invoke, index] = [write.invoke, first]
  }
}

function checkLogReaders(
  { since, declares: { strongReads } }: History,
  indexed: HistoryIndex,
  sequence: Sequence,
  findings: Findings,
  refused: Refusal[],
): void {
  const { followers, positions } = indexed
  const acknowledged = acknowledgedBefore(sequence)
  for (const { index, operation, start } of followers) {
    const { op, after, filter, events } = operation
    if (op === 'read-all' ? operation.outcome !== 'ok' : operation.streamId !== undefined) continue
    const direction = op === 'read-all' ? operation.direction : 'forwards'
    const fromStart = direction === 'forwards' && (after === undefined || after === 'start')
    const event = typeof after === 'string' && !fromStart ? positions.eventAt(after) : undefined
    const place = event === undefined ? undefined : sequence.placeOf(event)
    const known = fromStart ? since === undefined : after === undefined || after === 'end' || after === since || place !== undefined
    if (!known) {
      refused.push({ reason: `operation ${index} reads from a place of the log that this history does not know` })
      continue
    }
    const asked = { index, after: place, filter, events, start }
    if (op === 'subscribe') checkReader({ ...asked, ...subscriber(operation, sequence.length) }, sequence, indexed, findings)
    else {
      const { cut, limit = Infinity, invoke } = operation
      // Down to where the history begins is not down to the start.
      const whole = direction === 'forwards' || since === undefined
      const complete = !cut && events.length < limit && whole
      checkReader({ ...asked, direction, due: strongReads ? acknowledged(invoke) : 0, complete }, sequence, indexed, findings)
    }
  }
}

/** Subscriptions to streams: as readers of the stream, as it stands in the end. */
function checkStreamSubscriptions(indexed: HistoryIndex, findings: Findings, refused: Refusal[]): void {
  const { streams, hidden, followers, writes, placesInStream } = indexed
  const sequences = new Map<string, Sequence>()
  for (const { index, operation, start } of followers) {
    if (operation.op !== 'subscribe' || operation.streamId === undefined) continue
    const { streamId, after, events } = operation
    const { final, finalNumbers } = streams.get(streamId) ?? { final: undefined, finalNumbers: [] }
    if (hidden.has(streamId) || final === undefined) {
      refused.push({ streamId, reason: `operation ${index} subscribes to a stream that does not show all its events in the end` })
      continue
    }
    const sequence = sequences.get(streamId) ?? createSequence(final, finalNumbers, placesInStream, writes)
    sequences.set(streamId, sequence)
    const place = typeof after === 'number' && after > 0 ? after - 1 : undefined
    const reader = { ...subscriber(operation, sequence.length), index, after: place, filter: undefined, events, start, streamId }
    checkReader(reader, sequence, indexed, findings)
  }
}

function subscriber(
  { after, live, caughtUp }: SubscribeOperation,
  length: number,
): Pick<Reader, 'direction' | 'due' | 'complete' | 'startedBy'> {
  return {
    direction: 'forwards',
    due: length,
    complete: live,
    // The end it began at was passed before it said to have caught up.
    startedBy: after === 'end' ? (caughtUp ?? Infinity) : undefined,
  }
}

function operationsOf(write: Write | undefined): number[] {
  return write?.attempts.map(({ index }) => index) ?? []
}
