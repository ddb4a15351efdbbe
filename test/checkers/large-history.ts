import { createRandom } from '../../packages/core/src/conformance/random.js'
import type { History, HistoryEvent, Operation } from '../../packages/core/src/testing/history.js'

const nameOf = (stream: number): string => `order-${stream}`
/** As long as those of real stores: a check's time goes into comparing them. */
const positionOf = (place: number): string => `m1-0b3d2f7c9e41-${place}`

/**
 * A true history of so many operations: writers of several streams, readers of each, and followers of the log. Names are as long as real
 * ones, and it comes out of JSON as a recorded one does, so that no two mentions of an event share an object.
 */
export function largeHistory(operations: number, streams: number, seed = 1): History {
  const random = createRandom(seed)
  const stored: HistoryEvent[][] = Array.from({ length: streams }, () => [])
  const log: HistoryEvent[] = []
  const recorded: Operation[] = []
  for (let n = 0; n < operations; n += 1) {
    const index = random.int(streams)
    const [streamId, events] = [nameOf(index), stored[index] ?? []]
    // Up to three calls overlap.
    const times = { process: n % 3, invoke: 10 * n + 1, return: 10 * n + 25, outcome: 'ok' as const }
    const version = events.length
    const kind = random.int(10)
    if (kind < 6) {
      const ids = random.int(4) === 0 ? [random.uuid(), random.uuid()] : [random.uuid()]
      const expected = random.pick([version, 'any'] as const)
      for (const id of ids) {
        const event = { id, streamId, version: events.length + 1, position: positionOf(log.length), type: 'OrderPlaced' }
        events.push(event)
        log.push(event)
      }
      recorded.push({
        ...times,
        op: 'append',
        parts: [{ streamId, ids, expected }],
        results: [{ firstVersion: version + 1, version: version + ids.length, position: positionOf(log.length - 1) }],
      })
    } else if (kind === 6 && version > 0)
      recorded.push({
        ...times,
        op: 'append',
        parts: [{ streamId, ids: [random.uuid()], expected: version - 1 }],
        outcome: 'rejected',
        conflict: { streamId, actualVersion: version },
      })
    else if (kind === 7)
      recorded.push({ ...times, op: 'state', streamId, status: version === 0 ? 'missing' : 'live', version, firstVersion: 1 })
    else if (kind === 8)
      recorded.push({ ...times, op: 'read', streamId, direction: 'backwards', limit: 3, cut: false, events: events.slice(-3).reverse() })
    else recorded.push({ ...times, op: 'read-all', direction: 'backwards', limit: 5, cut: false, events: log.slice(-5).reverse() })
  }
  recorded.push({ process: 9, op: 'subscribe', invoke: 0, outcome: 'ok', after: 'start', live: true, events: log })
  const history: History = {
    format: 1,
    declares: { strongReads: true, realTimeOrder: true, contiguousBatches: true },
    operations: recorded,
    streams: Object.fromEntries(stored.map((events, index) => [nameOf(index), events])),
    log,
  }
  return JSON.parse(JSON.stringify(history)) as History
}
