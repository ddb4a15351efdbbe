import type { LogFilter } from '../adapter.js'
import type { AnomalyName, Findings } from './anomaly.js'
import type { HistoryEvent } from './history.js'
import type { HistoryIndex } from './history-index.js'
import type { Sequence } from './sequence.js'
import type { Write } from './stream-history.js'

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
  /** Where the numbers of these events begin among those of all mentions. */
  readonly start: number
  /** Places below this one were there to be seen while it read. */
  readonly due: number
  /** It read on until nothing was left. */
  readonly complete: boolean
  readonly streamId?: string | undefined
}

/** What a reader got after p is a gapless, filtered slice of the sequence after p, and reaches as far as it had to. */
export function checkReader(
  reader: Reader,
  sequence: Sequence,
  { mentions, writes }: Pick<HistoryIndex, 'mentions' | 'writes'>,
  findings: Findings,
): void {
  const { index, direction, filter, events, start, streamId, due, complete, after, startedBy } = reader
  const forwards = direction === 'forwards'
  const counts = sequence.countsOf(filter)
  /** Forwards: the next place due. Backwards: the place behind the next one due. */
  let cursor = forwards ? (after === undefined ? 0 : after + 1) : (after ?? sequence.length)
  for (let n = 0; n < events.length; n += 1) {
    const number = mentions[start + n] as number
    const place = sequence.placeOf(number)
    if (place === undefined) return reportUnknown(idAt(n), writes[number])
    if (countMatching(place, place + 1) === 0) return add('phantom', `it got ${idAt(n)}, which its filter excludes`)
    if (forwards ? place < cursor : place >= cursor) {
      if (place === after || mentions.indexOf(number, start) < start + n) return add('duplicate', `it got ${idAt(n)} twice`)
      return add('non-monotonic-read', `it got ${idAt(n)} behind a later event`)
    }
    const [from, to] = forwards ? [cursor, place] : [place + 1, cursor]
    // Backwards from the end, the first event tells where the end was.
    if (n === 0 && !forwards && after === undefined) {
      if (isSkipped(from, due, true)) return add('unseen', `it began behind ${firstMatching(from, due)}`)
    } else if (isSkipped(from, to, n === 0)) return add('skipped-read', `it passed over ${firstMatching(from, to)}`)
    cursor = forwards ? place + 1 : place
  }
  if (!complete) return
  const begun = events.length > 0 || after !== undefined
  const [from, to] = forwards ? [cursor, due] : [0, begun ? cursor : due]
  if (isSkipped(from, to, events.length === 0))
    add(forwards || !begun ? 'unseen' : 'skipped-read', `it ended without ${firstMatching(from, to)}, which was there to be seen`)

  function idAt(n: number): string {
    return events[n]?.id ?? ''
  }
  function add(name: AnomalyName, message: string, more: readonly number[] = []): void {
    findings.add(name, message, [index, ...more], streamId)
  }
  function reportUnknown(id: string, write: Write | undefined): void {
    if (write === undefined) return add('phantom', `it got ${id}, which was never appended`)
    const { outcome, attempts } = write
    const what = outcome === 'ok' ? 'is not there in the end' : outcome === 'rejected' ? 'was rejected' : 'did not come to be'
    add(
      'aborted-read',
      `it got ${id}, which ${what}`,
      attempts.map((attempt) => attempt.index),
    )
  }
  /** Events from place `from` up to, not including, `to` that pass the filter. */
  function countMatching(from: number, to: number): number {
    if (to <= from) return 0
    return counts === undefined ? to - from : (counts[to] ?? 0) - (counts[from] ?? 0)
  }
  function firstMatching(from: number, to: number): string {
    for (let place = from; place < to; place += 1) if (countMatching(place, place + 1) === 1) return sequence.at(place).id
    return ''
  }
  /** Whether something between two places was due. `first`: before the first event that was delivered. */
  function isSkipped(from: number, to: number, first: boolean): boolean {
    if (!first || startedBy === undefined) return countMatching(from, to) > 0
    // Begun at the end: only what was appended after that moment is due.
    for (let place = from; place < to; place += 1)
      if ((sequence.writeAt(place)?.invoke ?? 0) > startedBy && countMatching(place, place + 1) === 1) return true
    return false
  }
}
