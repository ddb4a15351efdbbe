import type { StreamHistory } from './stream-history.js'

/** A small whole number for each event, a stream and an id: what is known of an event stands in arrays. */
export interface EventNumbers {
  /** Its number, maybe a new one. Most events stand in their stream in the end, at their version: comparing takes less than looking up. */
  of(stream: StreamHistory, id: string, version?: number): number
  /** Whether a number is this event's: of a good guess, sooner said than looked up. */
  isOf(number: number, streamId: string, id: string): boolean
  /** How many there are: 0 up to, not including, this one. */
  count(): number
}

export function createEventNumbers(): EventNumbers {
  const streams: StreamHistory[] = []
  const ids: string[] = []
  /** By id, since it is mostly of one event only. */
  const byId = new Map<string, number>()
  /** Of further events with an id that an event of another stream has too. */
  const others = new Map<StreamHistory, Map<string, number>>()

  function add(stream: StreamHistory, id: string): number {
    ids.push(id)
    return streams.push(stream) - 1
  }
  function find(stream: StreamHistory, id: string): number {
    let number = byId.get(id)
    if (number === undefined) byId.set(id, (number = add(stream, id)))
    if (streams[number] === stream) return number
    let own = others.get(stream)
    if (own === undefined) others.set(stream, (own = new Map()))
    number = own.get(id)
    if (number === undefined) own.set(id, (number = add(stream, id)))
    return number
  }

  return {
    of(stream, id, version = 0) {
      const there = version > 0 ? stream.finalNumbers[version - 1] : undefined
      return there !== undefined && ids[there] === id ? there : find(stream, id)
    },
    isOf: (number, streamId, id) => ids[number] === id && streams[number]?.streamId === streamId,
    count: () => ids.length,
  }
}
