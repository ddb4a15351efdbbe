import type { LogFilter } from '../adapter.js'
import { matches } from '../read-log.js'
import type { History, HistoryEvent } from './history.js'
import { returnOf } from './history.js'

/** What the history knows of an event's append. */
interface Origin {
  /** Places in the history of the attempts at it. */
  readonly operations: number[]
  outcome: 'ok' | 'unknown' | 'rejected'
  /** Of those that may have stored it: the first call, and the first acknowledgement. */
  invoke: number
  return: number
}

/** A stream of events that a reader should have got in this order: the log, or one stream. */
export interface Sequence {
  readonly length: number
  /** Place of an event, 0-based; undefined: it is not in there. */
  placeOf(event: HistoryEvent): number | undefined
  /** Events from place `from` up to, not including, `to` that pass the filter. */
  countMatching(filter: LogFilter | undefined, from: number, to: number): number
  at(place: number): HistoryEvent
  /** Number of the event at a place. */
  numberAt(place: number): number
  /** Whether the event at a place stands at an earlier one too. */
  isAgain(place: number): boolean
  originAt(place: number): Origin | undefined
  /** Of any event, also of one that is not in there. */
  originOf(event: HistoryEvent): Origin | undefined
}

/** A number for each event of a history, so that it is looked up once: joining its names each time takes most of a check. */
export interface EventNumbers {
  of(event: Pick<HistoryEvent, 'streamId' | 'id'>): number
}

export function createEventNumbers(): EventNumbers {
  const streams = new Map<string, Map<string, number>>()
  let count = 0
  return {
    of({ streamId, id }) {
      let ids = streams.get(streamId)
      if (ids === undefined) streams.set(streamId, (ids = new Map()))
      let number = ids.get(id)
      if (number === undefined) {
        number = count
        count += 1
        ids.set(id, number)
      }
      return number
    },
  }
}

/** By number of the event: where it comes from; undefined: nobody appended it. */
export type Origins = readonly (Origin | undefined)[]

export function originsOf(history: History, numbers: EventNumbers): Origins {
  const origins: (Origin | undefined)[] = []
  for (const [index, operation] of history.operations.entries()) {
    if (operation.op !== 'append') continue
    const { outcome, invoke } = operation
    const returned = outcome === 'ok' ? returnOf(operation) : Infinity
    for (const { streamId, ids } of operation.parts)
      for (const id of ids) {
        const number = numbers.of({ streamId, id })
        const known = origins[number]
        if (known === undefined)
          origins[number] = { operations: [index], outcome, invoke: outcome === 'rejected' ? Infinity : invoke, return: returned }
        else {
          known.operations.push(index)
          if (known.outcome === 'rejected' || outcome === 'ok') known.outcome = outcome
          if (outcome !== 'rejected') known.invoke = Math.min(known.invoke, invoke)
          known.return = Math.min(known.return, returned)
        }
      }
  }
  return origins
}

export function createSequence(events: readonly HistoryEvent[], numbers: EventNumbers, origins: Origins): Sequence {
  const places: number[] = []
  const own = events.map((event) => numbers.of(event))
  for (let place = events.length - 1; place >= 0; place -= 1) places[own[place] as number] = place
  const counts = new Map<string, Int32Array>()

  /** Matching events before each place: one pass for each filter of the history, however many readers have it. */
  function countsOf(filter: LogFilter): Int32Array {
    const name = JSON.stringify([filter.eventTypes, filter.streamTypes, filter.streamIdPrefix])
    let before = counts.get(name)
    if (before === undefined) {
      before = new Int32Array(events.length + 1)
      for (const [place, { type = '', streamType, streamId }] of events.entries())
        before[place + 1] = (before[place] ?? 0) + (matches({ type, streamType, streamId }, filter) ? 1 : 0)
      counts.set(name, before)
    }
    return before
  }

  return {
    length: events.length,
    placeOf: (event) => places[numbers.of(event)],
    countMatching(filter, from, to) {
      if (to <= from) return 0
      if (filter === undefined) return to - from
      const before = countsOf(filter)
      return (before[to] ?? 0) - (before[from] ?? 0)
    },
    at: (place) => events[place] as HistoryEvent,
    numberAt: (place) => own[place] as number,
    isAgain: (place) => places[own[place] as number] !== place,
    originAt: (place) => origins[own[place] as number],
    originOf: (event) => origins[numbers.of(event)],
  }
}

/** Knows how far into a sequence everything reaches that was acknowledged before a moment. */
export function acknowledgedBefore(sequence: Sequence): (moment: number) => number {
  const acknowledged: { readonly return: number; readonly end: number }[] = []
  for (let place = 0; place < sequence.length; place += 1) {
    const returned = sequence.originAt(place)?.return ?? Infinity
    if (returned < Infinity) acknowledged.push({ return: returned, end: place + 1 })
  }
  acknowledged.sort((a, b) => a.return - b.return)
  const ends: number[] = []
  for (const { end } of acknowledged) ends.push(Math.max(ends.at(-1) ?? 0, end))
  return (moment) => {
    let [low, high] = [0, acknowledged.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((acknowledged[middle] as { return: number }).return < moment) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : (ends[low - 1] ?? 0)
  }
}

/** Streams of which events were hidden: what they show in the end is not all. */
export function hiddenStreams({ operations }: History): Set<string> {
  const hidden = new Set<string>()
  for (const one of operations) if (one.op === 'delete' || one.op === 'tombstone' || one.op === 'truncate') hidden.add(one.streamId)
  return hidden
}
