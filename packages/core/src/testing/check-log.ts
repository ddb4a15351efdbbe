import { type Anomaly, type AnomalyName, type Findings, type Refusal, createFindings } from './anomaly.js'
import { type Reader, checkReader } from './check-reader.js'
import type { History, HistoryEvent, SubscribeOperation } from './history.js'
import { type HistoryIndex, indexHistory } from './history-index.js'
import { type Sequence, acknowledgedBefore, createSequence, placesOf } from './sequence.js'
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
    const { logNumbers, numbers, writes } = index
    const sequence = createSequence(log, logNumbers, placesOf([logNumbers], numbers.count()), writes)
    const wrong = checkContent(history, index, log, sequence, findings)
    checkStreamOrder(index, log, wrong, findings)
    checkPositions(index, log, findings)
    if (history.declares.realTimeOrder) checkRealTimeOrder(sequence, findings)
    checkLogReaders(history, index, log, sequence, findings, refused)
  }
  checkStreamSubscriptions(index, findings, refused)
  return { anomalies: findings.anomalies, refused }
}

/** Every acknowledged event once, none rejected or unheard of, no part of an append. @returns streams that the log has wrong. */
function checkContent(
  { declares: { contiguousBatches } }: History,
  { attempts, writes }: HistoryIndex,
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
    const { streamId, id } = log[place] as HistoryEvent
    const number = sequence.numberAt(place)
    const outcome = writes[number]?.outcome
    if (sequence.isAgain(place)) found('duplicate', streamId, id, number, 'stands twice in the log')
    if (outcome === undefined) found('phantom', streamId, id, number, 'is in the log and was never appended')
    else if (outcome === 'rejected') found('aborted-read', streamId, id, number, 'is in the log, although its append was rejected')
  }
  for (let at = 0; at < attempts.length;) {
    const { index, outcome } = attempts[at] as Attempt
    let [count, contiguous] = [0, true]
    const missing: { readonly streamId: string; readonly id: string; readonly number: number }[] = []
    // The parts of one call.
    for (let part = attempts[at]; part?.index === index; at += 1, part = attempts[at]) {
      if (outcome === 'rejected') continue
      const { streamId, ids, numbers } = part
      count += numbers.length
      let next: number | undefined
      for (let n = 0; n < numbers.length; n += 1) {
        const number = numbers[n] as number
        const place = sequence.placeOf(number)
        if (place === undefined) missing.push({ streamId, id: ids[n] ?? '', number })
        else if (next !== undefined && place !== next) contiguous = false
        next = (place ?? -1) + 1
      }
    }
    const [first] = missing
    if (first === undefined) {
      if (contiguousBatches && !contiguous)
        findings.add('torn-batch', 'the events of an append do not stand one after the other in the log', [index])
    } else if (outcome === 'ok') {
      for (const { streamId, id, number } of missing) found('lost-write', streamId, id, number, 'was acknowledged, and is not in the log')
    } else if (missing.length < count && writes[first.number]?.outcome !== 'ok') {
      wrong.add(first.streamId)
      const message = `of an append whose outcome is unknown ${missing.length} of ${count} events are not in the log`
      findings.add('torn-batch', message, [index], first.streamId)
    }
  }
  return wrong
}

/** The log cut to a stream is that stream. */
function checkStreamOrder({ streams, hidden, logNumbers }: HistoryIndex, log: Log, wrong: ReadonlySet<string>, findings: Findings): void {
  const cut = new Map<string, number[]>()
  const misplaced = new Map<string, number>()
  for (let place = 0; place < log.length; place += 1) {
    const { streamId, version } = log[place] as HistoryEvent
    let numbers = cut.get(streamId)
    if (numbers === undefined) cut.set(streamId, (numbers = []))
    numbers.push(logNumbers[place] as number)
    if (version !== numbers.length && !misplaced.has(streamId)) misplaced.set(streamId, version)
  }
  for (const streamId of new Set([...cut.keys(), ...streams.keys()])) {
    if (wrong.has(streamId)) continue
    const out = misplaced.get(streamId)
    const { final, finalNumbers } = streams.get(streamId) ?? { final: undefined, finalNumbers: [] }
    if (out !== undefined) findings.add('stream-order', `the log has version ${out} of a stream out of its order`, [], streamId)
    else if (!hidden.has(streamId) && final !== undefined) {
      const inLog = cut.get(streamId) ?? []
      if (finalNumbers.length !== inLog.length || finalNumbers.some((number, index) => number !== inLog[index]))
        findings.add(
          'stream-order',
          `the log, cut to a stream, is not that stream: ${inLog.length} and ${finalNumbers.length} events`,
          [],
          streamId,
        )
    }
  }
}

/** A position is one event, for all, always. */
function checkPositions({ numbers: all, logNumbers, attempts, reads, followers }: HistoryIndex, log: Log, findings: Findings): void {
  const events = new Map<string, number>()
  const positions: (string | undefined)[] = []
  function see(position: string | undefined, number: number, index: number | undefined): void {
    const other = positions[number]
    // As it was seen before.
    if (position === undefined || other === position) return
    const event = events.get(position)
    const operations = index === undefined ? [] : [index]
    if (event === undefined) events.set(position, number)
    else if (event !== number) findings.add('divergent-position', `the position ${position} is of two events`, operations)
    if (other === undefined) positions[number] = position
    else findings.add('divergent-position', `an event has the positions ${other} and ${position}`, operations)
  }
  function seeAll(seen: readonly HistoryEvent[], numbers: readonly number[], index: number | undefined): void {
    for (let n = 0; n < seen.length; n += 1) see((seen[n] as HistoryEvent).position, numbers[n] as number, index)
  }
  seeAll(log, logNumbers, undefined)
  for (const { index, position, numbers } of attempts) {
    const last = numbers.at(-1)
    if (last !== undefined) see(position, last, index)
  }
  for (const { index, operation } of reads)
    for (const { position, streamId, id } of operation.events) see(position, all.of(streamId, id), index)
  for (const { index, operation, numbers } of followers) seeAll(operation.events, numbers, index)
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
  { writes, followers }: HistoryIndex,
  log: Log,
  sequence: Sequence,
  findings: Findings,
  refused: Refusal[],
): void {
  let places: Map<string | undefined, number> | undefined
  const acknowledged = acknowledgedBefore(sequence)
  for (const { index, operation, numbers } of followers) {
    const { op, after, filter, events } = operation
    if (op === 'read-all' ? operation.outcome !== 'ok' : operation.streamId !== undefined) continue
    const direction = op === 'read-all' ? operation.direction : 'forwards'
    const fromStart = direction === 'forwards' && (after === undefined || after === 'start')
    let place: number | undefined
    if (typeof after === 'string' && !fromStart && after !== 'end') {
      places ??= new Map(log.map(({ position }, at) => [position, at]))
      place = places.get(after)
    }
    const known = fromStart ? since === undefined : after === undefined || after === 'end' || after === since || place !== undefined
    if (!known) {
      refused.push({ reason: `operation ${index} reads from a place of the log that this history does not know` })
      continue
    }
    const asked = { index, after: place, filter, events, numbers }
    if (op === 'subscribe') checkReader({ ...asked, ...subscriber(operation, log.length) }, sequence, writes, findings)
    else {
      const { cut, limit = Infinity, invoke } = operation
      // Down to where the history begins is not down to the start.
      const whole = direction === 'forwards' || since === undefined
      const complete = !cut && events.length < limit && whole
      checkReader({ ...asked, direction, due: strongReads ? acknowledged(invoke) : 0, complete }, sequence, writes, findings)
    }
  }
}

/** Subscriptions to streams: as readers of the stream, as it stands in the end. */
function checkStreamSubscriptions(
  { streams, hidden, followers, writes, placesInStream }: HistoryIndex,
  findings: Findings,
  refused: Refusal[],
): void {
  const sequences = new Map<string, Sequence>()
  for (const { index, operation, numbers } of followers) {
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
    const reader = { ...subscriber(operation, sequence.length), index, after: place, filter: undefined, events, numbers, streamId }
    checkReader(reader, sequence, writes, findings)
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
