import type { Position } from '../event.js'

/** Which position each event has, as everybody saw it: a position is one event, for all, always. */
export interface EventPositions {
  /** @param number of the event. @param index of the call that saw it; undefined: the log in the end. */
  see(position: Position | undefined, number: number, index?: number): void
  /** Number of the event that was first seen at a position. */
  eventAt(position: Position): number | undefined
  /** What contradicts it, in the order in which it was seen. */
  readonly divergences: readonly { readonly message: string; readonly operations: readonly number[] }[]
}

export function createEventPositions(): EventPositions {
  const events = new Map<Position, number>()
  /** By number of the event. */
  const positions: (Position | undefined)[] = []
  const divergences: { readonly message: string; readonly operations: readonly number[] }[] = []

  return {
    see(position, number, index) {
      const known = positions[number]
      // As it was seen before.
      if (position === undefined || known === position) return
      const operations = index === undefined ? [] : [index]
      const event = events.get(position)
      if (event === undefined) events.set(position, number)
      else if (event !== number) divergences.push({ message: `the position ${position} is of two events`, operations })
      if (known === undefined) positions[number] = position
      else divergences.push({ message: `an event has the positions ${known} and ${position}`, operations })
    },
    eventAt: (position) => events.get(position),
    divergences,
  }
}
