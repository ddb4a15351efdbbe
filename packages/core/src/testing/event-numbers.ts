/** A small whole number for each event, a stream's id and its own: looking both up each time would take most of a check. */
export interface EventNumbers {
  of(streamId: string, id: string): number
  /** How many there are: 0 up to, not including, this one. */
  count(): number
}

export function createEventNumbers(): EventNumbers {
  const streamIds: string[] = []
  const ids: string[] = []
  /** By id, since it is mostly of one event only. */
  const byId = new Map<string, number>()
  /** Of further events with an id that an event of another stream has too. */
  const others = new Map<string, Map<string, number>>()
  let last = -1

  function add(streamId: string, id: string): number {
    ids.push(id)
    return streamIds.push(streamId) - 1
  }
  function find(streamId: string, id: string): number {
    let number = byId.get(id)
    if (number === undefined) byId.set(id, (number = add(streamId, id)))
    if (streamIds[number] === streamId) return number
    let own = others.get(streamId)
    if (own === undefined) others.set(streamId, (own = new Map()))
    number = own.get(id)
    if (number === undefined) own.set(id, (number = add(streamId, id)))
    return number
  }

  return {
    of(streamId, id) {
      // Most are met in the order in which they were met before.
      const next = last + 1
      last = ids[next] === id && streamIds[next] === streamId ? next : find(streamId, id)
      return last
    },
    count: () => ids.length,
  }
}
