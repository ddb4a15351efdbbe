import type { LogFilter } from '../adapter.js'
import type { Findings } from './anomaly.js'
import type { HistoryEvent } from './history.js'
import type { Sequence } from './log-index.js'

/** What a reader asked for, and got. */
export interface Reader {
  readonly index: number
  readonly direction: 'forwards' | 'backwards'
  /** Place of the event it reads after, exclusive; undefined: from the start (backwards: from the end as it was). */
  readonly after: number | undefined
  /** It starts where the end was at some moment before this one; only for subscriptions. */
  readonly startedBy?: number | undefined
  readonly filter: LogFilter | undefined
  readonly events: readonly HistoryEvent[]
  /** Places below this one were there to be seen while it read. */
  readonly due: number
  /** It read on until nothing was left. */
  readonly complete: boolean
  readonly streamId?: string | undefined
}

/** What a reader got after p is a gapless, filtered slice of the sequence after p, and reaches as far as it had to. */
export function checkReader(reader: Reader, sequence: Sequence, findings: Findings): void {
  const { index, direction, filter, events, streamId, due, complete } = reader
  const forwards = direction === 'forwards'
  const add = (name: Parameters<Findings['add']>[0], message: string, more: readonly number[] = []): void =>
    findings.add(name, message, [index, ...more], streamId)
  const delivered = new Set<number>()
  /** Forwards: the next place due. Backwards: the place behind the next one due. */
  let cursor = startOf(reader, sequence)
  if (reader.after !== undefined) delivered.add(reader.after)
  for (const event of events) {
    const place = sequence.placeOf(event)
    if (place === undefined) return reportUnknown(event)
    if (sequence.countMatching(filter, place, place + 1) === 0) return add('phantom', `it got ${event.id}, which its filter excludes`)
    if (delivered.has(place)) return add('duplicate', `it got ${event.id} twice`)
    if (forwards ? place < cursor : place >= cursor) return add('non-monotonic-read', `it got ${event.id} behind a later event`)
    const [from, to] = forwards ? [cursor, place] : [place + 1, cursor]
    const first = event === events[0]
    // Backwards from the end, the first event tells where the end was.
    if (first && !forwards && reader.after === undefined) {
      if (isSkipped(reader, sequence, from, due, first)) return add('unseen', `it began behind ${firstMatching(from, due)}`)
    } else if (isSkipped(reader, sequence, from, to, first)) return add('skipped-read', `it passed over ${firstMatching(from, to)}`)
    delivered.add(place)
    cursor = forwards ? place + 1 : place
  }
  if (!complete) return
  const begun = events.length > 0 || reader.after !== undefined
  const [from, to] = forwards ? [cursor, due] : [0, begun ? cursor : due]
  if (isSkipped(reader, sequence, from, to, events.length === 0))
    add(forwards || !begun ? 'unseen' : 'skipped-read', `it ended without ${firstMatching(from, to)}, which was there to be seen`)

  function reportUnknown(event: HistoryEvent): void {
    const origin = sequence.originOf(event)
    if (origin === undefined) return add('phantom', `it got ${event.id}, which was never appended`)
    const what = origin.outcome === 'ok' ? 'is not there in the end' : origin.outcome === 'rejected' ? 'was rejected' : 'did not come to be'
    add('aborted-read', `it got ${event.id}, which ${what}`, origin.operations)
  }
  function firstMatching(from: number, to: number): string {
    for (let place = from; place < to; place += 1) if (sequence.countMatching(filter, place, place + 1) === 1) return sequence.at(place).id
    return ''
  }
}

function startOf({ direction, after }: Reader, sequence: Sequence): number {
  if (direction === 'forwards') return after === undefined ? 0 : after + 1
  return after ?? sequence.length
}

/** Whether something between two places was due. `first`: before the first event that was delivered. */
function isSkipped({ startedBy, filter }: Reader, sequence: Sequence, from: number, to: number, first: boolean): boolean {
  if (!first || startedBy === undefined) return sequence.countMatching(filter, from, to) > 0
  // Begun at the end: only what was appended after that moment is due.
  for (let place = from; place < to; place += 1)
    if ((sequence.originAt(place)?.invoke ?? 0) > startedBy && sequence.countMatching(filter, place, place + 1) === 1) return true
  return false
}
