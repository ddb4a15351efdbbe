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

/** An observation, and the slot it stands behind, 1-based. */
interface Seen {
  readonly at: number
  readonly one: Observation
}

interface Ahead {
  readonly invoke: number
  readonly index: number
  readonly isWrite: boolean
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
  observations: readonly Observation[],
  strong: boolean,
  streamId: string,
  findings: Findings,
): void {
  const bounds = boundariesOf(slots)
  const version = slots.at(-1)?.last ?? 0
  const [seen, notSeen]: [Seen[], Seen[]] = [[], []]
  for (const one of observations) {
    // What lies within an append was seen with all of it: reads of a part of a batch are found by `torn-batch`.
    seen.push({ at: bounds.within(Math.min(one.low, version)), one })
    if (strong && one.high < version) notSeen.push({ at: bounds.endedBy(one.high), one })
  }
  for (const list of [seen, notSeen]) list.sort((a, b) => a.at - b.at)
  let ahead: Ahead = { invoke: -Infinity, index: -1, isWrite: true }
  let [nextSeen, nextNotSeen] = [0, 0]
  for (let at = 0; at <= slots.length; at += 1) {
    const slot = slots[at - 1]
    if (slot !== undefined) {
      if (slot.invoke > ahead.invoke) ahead = { invoke: slot.invoke, index: slot.index, isWrite: true }
      if (slot.return < ahead.invoke) report(slot.index, true, ahead)
    }
    for (let next = seen[nextSeen]; next?.at === at; nextSeen += 1, next = seen[nextSeen])
      if (next.one.return < ahead.invoke) report(next.one.index, false, ahead)
    for (let next = notSeen[nextNotSeen]; next?.at === at; nextNotSeen += 1, next = notSeen[nextNotSeen])
      if (next.one.invoke > ahead.invoke) ahead = { invoke: next.one.invoke, index: next.one.index, isWrite: false }
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

/** Which append a version belongs to, 1-based; 0: none. */
function boundariesOf(slots: readonly Slot[]): { within(version: number): number; endedBy(version: number): number } {
  const owners = new Int32Array((slots.at(-1)?.last ?? 0) + 1)
  for (const [index, { first, last }] of slots.entries()) owners.fill(index + 1, first, last + 1)
  const within = (version: number): number => owners[version] ?? 0
  return {
    within,
    endedBy: (version) => (slots[within(version) - 1]?.last === version ? within(version) : Math.max(0, within(version) - 1)),
  }
}
