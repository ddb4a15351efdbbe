import type { Findings } from './anomaly.js'
import type { Observation } from './observations.js'

/** An append that is in the stream, in the order of the stream. */
export interface Slot {
  readonly index: number
  readonly invoke: number
  readonly return: number
  readonly first: number
  readonly last: number
}

interface Ahead {
  readonly invoke: number
  readonly index: number
  readonly isWrite: boolean
}

/** Where appends begin and end in a stream. */
export interface Boundaries {
  /** Of the stream in the end. */
  readonly version: number
  /** The append that a version belongs to: its place among the slots, 1-based; 0: none. */
  within(version: number): number
  /** The last append that ends at this version or before it, likewise. */
  endedBy(version: number): number
  /** Whether a version is the last of an append, or 0. */
  isEnd(version: number): boolean
}

/** @param slots in the order of the stream. */
export function boundariesOf(slots: readonly Slot[]): Boundaries {
  const version = slots.at(-1)?.last ?? 0
  const owners = new Int32Array(version + 1)
  for (let at = 1; at <= slots.length; at += 1) {
    const { first, last } = slots[at - 1] as Slot
    for (let place = first; place <= last; place += 1) owners[place] = at
  }
  const within = (place: number): number => owners[place] ?? 0
  const isEnd = (place: number): boolean => place === 0 || slots[within(place) - 1]?.last === place
  return { version, within, isEnd, endedBy: (place) => (isEnd(place) ? within(place) : Math.max(0, within(place) - 1)) }
}

/**
 * Whether the order of the stream fits real time: one sweep over the appends in slot order. An observation stands behind the append that
 * ends at the version it saw. None may have returned before the largest invoke ahead of it; an observation that says what was *not* there
 * yet pushes the appends behind it, one that says what was there pushes nothing. That is the earliest schedule there is, so a history
 * passes if and only if some order of moments explains it.
 *
 * @param strong a read sees what was acknowledged before it; otherwise it may be of any earlier moment.
 */
export function checkRealTime(
  slots: readonly Slot[],
  { version, within, endedBy }: Boundaries,
  observations: readonly Observation[],
  strong: boolean,
  streamId: string,
  findings: Findings,
): void {
  /** By place of the append that an observation did not see beyond: the one of them that was called last. */
  const unaware: (Observation | undefined)[] = []
  if (strong)
    for (const one of observations) {
      if (one.high >= version) continue
      const at = endedBy(one.high)
      if (one.invoke > (unaware[at]?.invoke ?? -Infinity)) unaware[at] = one
    }
  /** By place of an append: the latest call ahead of what stands right behind it. */
  const latest: Ahead[] = []
  let ahead: Ahead = { invoke: -Infinity, index: -1, isWrite: true }
  for (let at = 0; at <= slots.length; at += 1) {
    const slot = slots[at - 1]
    if (slot !== undefined) {
      if (slot.invoke > ahead.invoke) ahead = { invoke: slot.invoke, index: slot.index, isWrite: true }
      if (slot.return < ahead.invoke) report(slot.index, true, ahead)
    }
    latest.push(ahead)
    const blind = unaware[at]
    if (blind !== undefined && blind.invoke > ahead.invoke) ahead = { invoke: blind.invoke, index: blind.index, isWrite: false }
  }
  for (const one of observations) {
    // What lies within an append was seen with all of it: reads of a part of a batch are found by `torn-batch`.
    const before = latest[within(Math.min(one.low, version))] as Ahead
    if (one.return < before.invoke) report(one.index, false, before)
  }

  /** `early` returned before `late` was called, and stands behind it all the same. */
  function report(early: number, earlyWrites: boolean, late: Ahead): void {
    const operations = [early, late.index]
    if (late.isWrite) {
      const what = earlyWrites ? 'an append was acknowledged' : 'a read had returned'
      findings.add('realtime-order', `${what} before another append was begun, and yet stands behind it`, operations, streamId)
    } else if (earlyWrites)
      findings.add('stale-read', 'a read did not see an append that was acknowledged before it began', operations, streamId)
    else findings.add('non-monotonic-read', 'a read did not see what another, which had ended before it began, saw', operations, streamId)
  }
}
