import type { ExpectedVersion } from '../expected-version.js'
import { type Anomaly, type AnomalyName, type Findings, createFindings } from './anomaly.js'
import type { HistoryEvent } from './history.js'
import type { HistoryIndex } from './history-index.js'
import { type Observation, observeRead, observeState } from './observations.js'
import { type Slot, checkRealTime } from './real-time.js'
import { type Attempt, type StreamHistory, type Write, holdsAt } from './stream-history.js'

/**
 * Checker A: one stream against what it holds in the end. In O(n log n), and exact: it finds an anomaly if and only if no order of the
 * calls, each at one moment between its invoke and its return, explains every answer (where rejections carry the actual version;
 * without it they tell nothing). Source: conformance.md §4.
 *
 * @param strongReads false: a read may be of any earlier moment, but never of a later one.
 */
export function checkStream(
  stream: StreamHistory & { readonly final: readonly HistoryEvent[] },
  index: Pick<HistoryIndex, 'writes' | 'placesInStream'>,
  strongReads: boolean,
): Anomaly[] {
  const findings = createFindings('stream')
  const slots = placeWrites(stream, index, findings)
  // With the stream itself wrong, what was seen of it proves nothing more.
  if (findings.anomalies.length > 0) return findings.anomalies
  const observations = observe(stream, findings)
  checkBoundaries(slots, observations, stream, findings)
  if (findings.anomalies.length === 0) checkRealTime(slots, observations, strongReads, stream.streamId, findings)
  return findings.anomalies
}

/** The appends that are in the stream, in its order, after what they promise was compared with what is there. */
function placeWrites(
  { streamId, final, finalNumbers, writes }: StreamHistory & { readonly final: readonly HistoryEvent[] },
  { writes: all, placesInStream: places }: Pick<HistoryIndex, 'writes' | 'placesInStream'>,
  findings: Findings,
): Slot[] {
  for (let index = 0; index < final.length; index += 1) {
    const { id, version } = final[index] as HistoryEvent
    const place = index + 1
    const number = finalNumbers[index] as number
    const first = places[number]
    if (version !== place) findings.add('version-gap', `version ${place} was due, and ${version} is there`, [], streamId)
    if (first !== place)
      findings.add('duplicate', `${id} is stored at version ${first} and again at ${place}`, indexesOf(all[number]), streamId)
    if (all[number] === undefined) findings.add('phantom', `${id} at version ${place} was never appended`, [], streamId)
  }
  const slots: Slot[] = []
  for (const write of writes) {
    const slot = placeWrite(write, places, streamId, findings)
    if (slot !== undefined) slots.push(slot)
  }
  return slots.sort((a, b) => a.first - b.first)
}

function placeWrite(write: Write, places: Int32Array, streamId: string, findings: Findings): Slot | undefined {
  const { ids, numbers, attempts, outcome } = write
  const add = (name: AnomalyName, message: string): undefined => {
    findings.add(name, message, indexesOf(write), streamId)
    return undefined
  }
  const first = places[numbers[0] as number] as number
  let [present, whole] = [0, true]
  for (let n = 0; n < numbers.length; n += 1) {
    const place = places[numbers[n] as number] as number
    if (place > 0) present += 1
    if (place !== first + n) whole = false
  }
  const acknowledged = outcome === 'ok'
  const missing = (): string => `${ids.length - present} of ${ids.length} events`
  if (present < ids.length && acknowledged) return add('lost-write', `an append was acknowledged, and ${missing()} are not there`)
  if (present === 0) return undefined
  if (outcome === 'rejected') return add('phantom', `${ids[0] ?? ''} is there, although its append was rejected`)
  if (present < ids.length) return add('torn-batch', `of an append whose outcome is unknown ${missing()} are not there`)
  const last = first + ids.length - 1
  if (!whole && !acknowledged) return add('torn-batch', 'the events of an append do not stand one after the other')
  // Who was acknowledged at an exact version stands there; otherwise one of the attempts must have found what it expected.
  let [fitting, unfit, elsewhere, told]: (Attempt | undefined)[] = []
  let invoke = Infinity
  for (const attempt of attempts) {
    if (attempt.outcome === 'rejected') continue
    const fits = holdsAt(attempt.expected, first - 1)
    if (fits) {
      fitting ??= attempt
      invoke = Math.min(invoke, attempt.invoke)
    }
    if (attempt.outcome !== 'ok') continue
    told ??= attempt
    if (!fits && isExact(attempt.expected)) unfit ??= attempt
    if (attempt.result?.firstVersion !== first || attempt.result.version !== last) elsewhere ??= attempt
  }
  if (!whole || elsewhere !== undefined) {
    const { firstVersion, version } = (elsewhere ?? told)?.result ?? { firstVersion: 0, version: 0 }
    const there = numbers.map((number) => places[number]).join(', ')
    return add('wrong-version', `an append was acknowledged at versions ${firstVersion} to ${version}, and stands at ${there}`)
  }
  if (fitting === undefined || unfit !== undefined) {
    const { expected } = unfit ?? (attempts.find((one) => one.outcome !== 'rejected') as Attempt)
    return add('broken-precondition', `an append that expected ${expected} stands behind version ${first - 1}`)
  }
  for (const attempt of attempts) checkRecognised(attempt, first, last, streamId, findings)
  return { index: (told ?? fitting).index, invoke, return: write.return, first, last }
}

/** An attempt at what is stored already, where it expects it, is no conflict. */
function checkRecognised(
  { index, conflict, expected, alone }: Attempt,
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
function observe(stream: StreamHistory & { readonly final: readonly HistoryEvent[] }, findings: Findings): Observation[] {
  const { streamId, final, writes, checks, reads, states } = stream
  const observations: Observation[] = []
  const see = (one: Observation | undefined): void => {
    if (one !== undefined) observations.push(one)
  }
  for (const { index, operation } of reads) see(observeRead(index, operation, final, findings))
  for (const { index, operation } of states) see(observeState(index, operation, findings))
  for (const check of checks) see(observeCheck(check, streamId, findings))
  for (const { attempts } of writes) for (const attempt of attempts) see(observeConflict(attempt, streamId, findings))
  return observations
}

/** An append without events tells the version, after checking its expectation. */
function observeCheck(check: Attempt, streamId: string, findings: Findings): Observation | undefined {
  const { index, invoke, expected, result } = check
  if (check.outcome !== 'ok') return observeConflict(check, streamId, findings)
  const { firstVersion, version } = result ?? { firstVersion: Number.NaN, version: Number.NaN }
  if (firstVersion !== version + 1)
    findings.add('wrong-version', `an append without events told of versions ${firstVersion} to ${version}`, [index], streamId)
  else if (!holdsAt(expected, version))
    findings.add('broken-precondition', `an append that expected ${expected} passed at version ${version}`, [index], streamId)
  else return { index, invoke, return: check.return, low: version, high: version }
  return undefined
}

function observeConflict(
  { index, invoke, return: returned, expected, conflict }: Attempt,
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
  slots: readonly Slot[],
  observations: readonly Observation[],
  { streamId }: StreamHistory,
  findings: Findings,
): void {
  const ends = new Set([0, ...slots.map(({ last }) => last)])
  const version = slots.at(-1)?.last ?? 0
  for (const { index, low, high } of observations) {
    if (low > version) findings.add('divergent-read', `version ${low} was seen, and the stream ends at ${version}`, [index], streamId)
    else if (low === high && !ends.has(low))
      findings.add('torn-batch', `version ${low} was seen as the end, in the middle of an append`, [index], streamId)
  }
}

function isExact(expected: ExpectedVersion): boolean {
  return typeof expected === 'number' || expected === 'noStream'
}

function indexesOf(write: Write | undefined): number[] {
  return write?.attempts.map(({ index }) => index) ?? []
}
