import type { Findings } from './anomaly.js'
import type { HistoryEvent, ReadOperation, StateOperation } from './history.js'
import { returnOf } from './history.js'
import type { Delivered, ReadableStream } from './stream-history.js'

/** What a call learned of the version of a stream: at some moment between its invoke and its return it was from `low` to `high`. */
export interface Observation {
  readonly index: number
  readonly invoke: number
  readonly return: number
  readonly low: number
  readonly high: number
}

/** What a read of a stream shows, after its content was compared with the stream; undefined: nothing, or nothing sound. */
export function observeRead(
  { index, operation: read, start }: Delivered<ReadOperation>,
  { streamId, final, finalNumbers }: ReadableStream,
  mentions: readonly number[],
  findings: Findings,
): Observation | undefined {
  const { direction, events, cut } = read
  const limit = read.limit ?? Infinity
  const forwards = direction === 'forwards'
  const step = forwards ? 1 : -1
  const from = read.from ?? (forwards ? 1 : Infinity)
  const to = read.to ?? (forwards ? Infinity : 1)
  const timed = { index, invoke: read.invoke, return: returnOf(read) }
  // Backwards from the end, the first event tells where the end was.
  let wanted = forwards ? from : Math.min(from, events[0]?.version ?? from)
  for (let n = 0; n < events.length; n += 1) {
    const { id, version } = events[n] as HistoryEvent
    if (finalNumbers[version - 1] !== mentions[start + n]) {
      const stored = final[version - 1]
      const what = stored === undefined ? 'ends before it' : `holds ${stored.id} there`
      findings.add('divergent-read', `a read gave ${id} at version ${version}; the stream ${what}`, [index], streamId)
      return undefined
    }
    if (version !== wanted) {
      if ((version - wanted) * step > 0) {
        const message = `a read went on with version ${version} and should have with ${wanted}: it passed over what lies between`
        findings.add('skipped-read', message, [index], streamId)
      } else findings.add('divergent-read', `a read gave version ${version} where ${wanted} was due`, [index], streamId)
      return undefined
    }
    if (n >= limit || (version - to) * step > 0) {
      findings.add('divergent-read', `a read gave version ${version}, beyond what was asked for`, [index], streamId)
      return undefined
    }
    wanted += step
  }
  const [first, last] = [events[0]?.version, events.at(-1)?.version]
  const ended = !cut && events.length < limit
  if (first === undefined || last === undefined)
    return ended && (to - from) * step >= 0 ? observeEmpty(timed, forwards ? from : to) : undefined
  if (forwards) return { ...timed, low: last, high: ended && last < to ? last : Infinity }
  if (ended && last > to) {
    findings.add('skipped-read', `a read backwards ended at version ${last} and should have at ${to}`, [index], streamId)
    return undefined
  }
  return { ...timed, low: first, high: first < from ? first : Infinity }
}

/** Nothing at or behind this version was visible. */
function observeEmpty(timed: Pick<Observation, 'index' | 'invoke' | 'return'>, lowest: number): Observation {
  return { ...timed, low: 0, high: lowest - 1 }
}

/** What a state shows; undefined after a contradiction. */
export function observeState(index: number, state: StateOperation, findings: Findings): Observation | undefined {
  const { streamId, status, version = 0, firstVersion = 1 } = state
  const sound = status === 'live' ? version > 0 && firstVersion === 1 : status === 'missing' && version === 0
  if (!sound) {
    const message = `a state was ${status} at version ${version} with ${firstVersion} as first, of a stream that nothing was hidden of`
    findings.add('divergent-read', message, [index], streamId)
    return undefined
  }
  return { index, invoke: state.invoke, return: returnOf(state), low: version, high: version }
}
