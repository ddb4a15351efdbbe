import type { LogFilter } from '../adapter.js'
import { matches } from '../read-log.js'
import type { HistoryEvent } from './history.js'
import type { Write } from './stream-history.js'

/** A stream of events that a reader should have got in this order: the log, or one stream. */
export interface Sequence {
  readonly length: number
  /** Place of an event by its number, 0-based; undefined: it is not in there. */
  placeOf(number: number): number | undefined
  at(place: number): HistoryEvent
  numberAt(place: number): number
  /** Whether the event at a place stands at an earlier one too. */
  isAgain(place: number): boolean
  /** The attempts at the event at a place. */
  writeAt(place: number): Write | undefined
  /** Matching events before each place: one pass for each filter of a history, however many readers have it; undefined: all match. */
  countsOf(filter: LogFilter | undefined): Int32Array | undefined
}

/** @param places what {@link placesOf} says of the numbers. @param writes by number of an event. */
export function createSequence(
  events: readonly HistoryEvent[],
  numbers: readonly number[],
  places: Int32Array,
  writes: readonly (Write | undefined)[],
): Sequence {
  const counts = new Map<string, Int32Array>()

  return {
    length: events.length,
    placeOf(number) {
      const place = (places[number] ?? 0) - 1
      // Places of streams stand in one array: it may be one of another stream.
      return numbers[place] === number ? place : undefined
    },
    at: (place) => events[place] as HistoryEvent,
    numberAt: (place) => numbers[place] as number,
    isAgain: (place) => places[numbers[place] as number] !== place + 1,
    writeAt: (place) => writes[numbers[place] as number],
    countsOf(filter) {
      if (filter === undefined) return undefined
      const name = JSON.stringify([filter.eventTypes, filter.streamTypes, filter.streamIdPrefix])
      let before = counts.get(name)
      if (before === undefined) {
        before = new Int32Array(events.length + 1)
        for (const [place, { type = '', streamType, streamId }] of events.entries())
          before[place + 1] = (before[place] ?? 0) + (matches({ type, streamType, streamId }, filter) ? 1 : 0)
        counts.set(name, before)
      }
      return before
    },
  }
}

/** By number of an event: its first place in one of these sequences, none of which has an event of another, 1-based; 0: in none. */
export function placesOf(sequences: Iterable<readonly number[]>, count: number): Int32Array {
  const places = new Int32Array(count)
  for (const numbers of sequences) for (let place = numbers.length - 1; place >= 0; place -= 1) places[numbers[place] as number] = place + 1
  return places
}

/** Knows how far into a sequence everything reaches that was acknowledged before a moment. */
export function acknowledgedBefore(sequence: Sequence): (moment: number) => number {
  /** By place: when the first of the events from there on was acknowledged. It never falls. */
  const soonest = new Float64Array(sequence.length)
  let least = Infinity
  for (let place = sequence.length - 1; place >= 0; place -= 1) {
    least = Math.min(least, sequence.writeAt(place)?.return ?? Infinity)
    soonest[place] = least
  }
  return (moment) => {
    let [low, high] = [0, soonest.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((soonest[middle] as number) < moment) low = middle + 1
      else high = middle
    }
    return low
  }
}
