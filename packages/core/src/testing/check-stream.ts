import type { ExpectedVersion } from '../expected-version.js'
import { type Anomaly, type AnomalyName, type Findings, createFindings } from './anomaly.js'
import type { HistoryEvent } from './history.js'
import type { HistoryIndex } from './history-index.js'
import { type Observation, observeRead, observeState } from './observations.js'
import { type Boundaries, type Slot, boundariesOf, checkRealTime } from './real-time.js'
import { type Attempt, type ReadableStream, type Write, holdsAt } from './stream-history.js'

type StreamIndex = Pick<HistoryIndex, 'mentions' | 'writes' | 'placesInStream'>

/**
 * Checker A: one stream against what it holds in the end. In O(n log n), and exact: it finds an anomaly if and only if no order of the
 * calls, each at one moment between its invoke and its return, explains every answer (where rejections carry the actual version;
 * without it they tell nothing). Source: conformance.md §4.
 *
 * @param strongReads false: a read may be of any earlier moment, but never of a later one.
 */
export function checkStream(stream: ReadableStream, index: StreamIndex, strongReads: boolean): Anomaly[] {
  const findings = createFindings('stream')
  checkFinal(stream, index, findings)
  const slots = placeWrites(stream, index, findings)
  // With the stream itself wrong, what was seen of it proves nothing more.
  if (findings.anomalies.length > 0) return findings.anomalies
  const observations = observe(stream, index.mentions, findings)
  const boundaries = boundariesOf(slots)
  checkBoundaries(boundaries, observations, stream, findings)
  if (findings.anomalies.length === 0) checkRealTime(slots, boundaries, observations, strongReads, stream.streamId, findings)
  return findings.anomalies
}

/** The stream is 1…N, each event once, and somebody appended it. */
function checkFinal(
  { streamId, final, finalNumbers }: ReadableStream,
  { writes, placesInStream: places }: StreamIndex,
  findings: Findings,
): void {
  for (let place = 1; place <= final.length; place += 1) {
    const { id, version } = final[place - 1] as HistoryEvent
    const number = finalNumbers[place - 1] as number
    const [first, write] = [places[number], writes[number]]
    if (version !== place) findings.add('version-gap', `version ${place} was due, and ${version} is there`, [], streamId)
    if (first !== place) findings.add('duplicate', `${id} is stored at version ${first} and again at ${place}`, indexesOf(write), streamId)
    if (write === undefined) findings.add('phantom', `${id} at version ${place} was never appended`, [], streamId)
  }
}

/** The appends that are in the stream, in its order, after what they promise was compared with what is there. */
function placeWrites({ streamId, writes }: ReadableStream, index: StreamIndex, findings: Findings): Slot[] {
  const slots: Slot[] = []
  for (const write of writes) {
    const slot = placeWrite(write, index, streamId, findings)
    if (slot !== undefined) slots.push(slot)
  }
  return slots.sort((a, b) => a.first - b.first)
}

function placeWrite(write: Write, index: StreamIndex, streamId: string, findings: Findings): Slot | undefined {
  const { start, count, attempts, outcome } = write
  const { mentions, placesInStream: places } = index
  const add = (name: AnomalyName, message: string): undefined => {
    findings.add(name, message, indexesOf(write), streamId)
    return undefined
  }
  const first = places[mentions[start] as number] as number
  let [present, whole] = [0, true]
  for (let n = 0; n < count; n += 1) {
    const place = places[mentions[start + n] as number] as number
    if (place > 0) present += 1
    if (place !== first + n) whole = false
  }
  const acknowledged = outcome === 'ok'
  const missing = (): string => `${count - present} of ${count} events`
  if (present < count && acknowledged) return add('lost-write', `an append was acknowledged, and ${missing()} are not there`)
  if (present === 0) return undefined
  if (outcome === 'rejected') return add('phantom', `${attempts[0]?.part.ids[0] ?? ''} is there, although its append was rejected`)
  if (present < count) return add('torn-batch', `of an append whose outcome is unknown ${missing()} are not there`)
  const last = first + count - 1
  if (!whole && !acknowledged) return add('torn-batch', 'the events of an append do not stand one after the other')
  // Who was acknowledged at an exact version stands there; otherwise one of the attempts must have found what it expected.
  let [fitting, unfit, elsewhere, told]: (Attempt | undefined)[] = []
  let invoke = Infinity
  for (const attempt of attempts) {
    const { part, result } = attempt
    if (attempt.outcome === 'rejected') continue
    const fits = holdsAt(part.expected, first - 1)
    if (fits) {
      fitting ??= attempt
      invoke = Math.min(invoke, attempt.invoke)
    }
    if (attempt.outcome !== 'ok') continue
    told ??= attempt
    if (!fits && isExact(part.expected)) unfit ??= attempt
    if (result?.firstVersion !== first || result.version !== last) elsewhere ??= attempt
  }
  if (!whole || elsewhere !== undefined) {
    const { firstVersion, version } = (elsewhere ?? told)?.result ?? { firstVersion: 0, version: 0 }
    const there = mentions
      .slice(start, start + count)
      .map((number) => places[number])
      .join(', ')
    return add('wrong-version', `an append was acknowledged at versions ${firstVersion} to ${version}, and stands at ${there}`)
  }
  if (fitting === undefined || unfit !== undefined) {
    const { part } = unfit ?? (attempts.find((one) => one.outcome !== 'rejected') as Attempt)
    return add('broken-precondition', `an append that expected ${part.expected} stands behind version ${first - 1}`)
  }
  for (const attempt of attempts) checkRecognised(attempt, first, last, streamId, findings)
  return { index: (told ?? fitting).index, invoke, return: write.return, first, last }
}

/** An attempt at what is stored already, where it expects it, is no conflict. */
function checkRecognised(
  { index, conflict, part: { expected }, alone }: Attempt,
  first: number,
  last: number,
  streamId: string,
  findings: Findings,
): void {
  const version = conflict?.actualVersion
  if (version === undefined || !alone || !isExact(expected) || !holdsAt(expected, first - 1) || version < last) return
  findings.add(
    'false-conflict',
    `an append was rejected, and stands at versions ${first} to ${last}, where it was expected`,
    [index],
    streamId,
  )
}

/** Everything that somebody learned of the stream's version. */
function observe(stream: ReadableStream, mentions: readonly number[], findings: Findings): Observation[] {
  const { streamId, checks, conflicts, reads, states } = stream
  const observations: Observation[] = []
  const see = (one: Observation | undefined): void => {
    if (one !== undefined) observations.push(one)
  }
  for (const read of reads) see(observeRead(read, stream, mentions, findings))
  for (const { index, operation } of states) see(observeState(index, operation, findings))
  for (const check of checks) see(observeCheck(check, streamId, findings))
  for (const attempt of conflicts) see(observeConflict(attempt, streamId, findings))
  return observations
}

/** An append without events tells the version, after checking its expectation. */
function observeCheck(check: Attempt, streamId: string, findings: Findings): Observation | undefined {
  const { index, invoke, part, result } = check
  if (check.outcome !== 'ok') return observeConflict(check, streamId, findings)
  const { firstVersion, version } = result ?? { firstVersion: Number.NaN, version: Number.NaN }
  if (firstVersion !== version + 1)
    findings.add('wrong-version', `an append without events told of versions ${firstVersion} to ${version}`, [index], streamId)
  else if (!holdsAt(part.expected, version))
    findings.add('broken-precondition', `an append that expected ${part.expected} passed at version ${version}`, [index], streamId)
  else return { index, invoke, return: check.return, low: version, high: version }
  return undefined
}

function observeConflict(
  { index, invoke, return: returned, part: { expected }, conflict }: Attempt,
  streamId: string,
  findings: Findings,
): Observation | undefined {
  if (conflict === undefined) return undefined
  const { actualVersion: version } = conflict
  if (expected === 'any' || (version !== undefined && holdsAt(expected, version))) {
    const met = version === undefined ? '' : `, and met version ${version}`
    findings.add('false-conflict', `an append that expected ${expected} was rejected${met}`, [index], streamId)
    return undefined
  }
  return version === undefined ? undefined : { index, invoke, return: returned, low: version, high: version }
}

/** Whoever saw the end of the stream saw the end of an append. */
function checkBoundaries(
  { version, isEnd }: Boundaries,
  observations: readonly Observation[],
  { streamId }: ReadableStream,
  findings: Findings,
): void {
  for (const { index, low, high } of observations) {
    if (low > version) findings.add('divergent-read', `version ${low} was seen, and the stream ends at ${version}`, [index], streamId)
    else if (low === high && !isEnd(low))
      findings.add('torn-batch', `version ${low} was seen as the end, in the middle of an append`, [index], streamId)
  }
}

function isExact(expected: ExpectedVersion): boolean {
  return typeof expected === 'number' || expected === 'noStream'
}

function indexesOf(write: Write | undefined): number[] {
  return write?.attempts.map(({ index }) => index) ?? []
}
