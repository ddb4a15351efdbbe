import { describe, expect, test } from 'vitest'
import type { AnomalyName } from './anomaly.js'
import { checkHistory } from './check-history.js'
import type { AppendOperation, History, HistoryEvent, Operation, SubscribeOperation } from './history.js'

type Times = readonly [invoke: number, returned?: number]
type Expected = AppendOperation['parts'][number]['expected']

/** Events of the stream s at versions 1…N and positions of the same number. */
const stored = (...ids: string[]): HistoryEvent[] => ids.map((id, index) => event(id, index + 1))
const event = (id: string, version: number, streamId = 's', position = `p${version}`): HistoryEvent => ({ id, streamId, version, position })

const appended = (
  [invoke, returned]: Times,
  ids: string[],
  firstVersion: number,
  expected: Expected = 'any',
  streamId = 's',
): Operation => ({
  process: 1,
  op: 'append',
  invoke,
  return: returned,
  outcome: returned === undefined ? 'unknown' : 'ok',
  parts: [{ streamId, ids, expected }],
  results: returned === undefined ? undefined : [{ firstVersion, version: firstVersion + ids.length - 1 }],
})
const lost = (invoke: number, ids: string[], expected: Expected = 'any'): Operation => appended([invoke], ids, 0, expected)
const refused = ([invoke, returned]: Times, ids: string[], expected: Expected, actualVersion?: number): Operation => ({
  process: 1,
  op: 'append',
  invoke,
  return: returned,
  outcome: 'rejected',
  parts: [{ streamId: 's', ids, expected }],
  conflict: actualVersion === undefined ? undefined : { streamId: 's', actualVersion },
})
const read = ([invoke, returned]: Times, events: HistoryEvent[], more: Partial<Operation & { op: 'read' }> = {}): Operation => ({
  process: 2,
  op: 'read',
  invoke,
  return: returned,
  outcome: 'ok',
  streamId: 's',
  direction: 'forwards',
  cut: false,
  events,
  ...more,
})
const state = ([invoke, returned]: Times, version: number): Operation => ({
  process: 2,
  op: 'state',
  invoke,
  return: returned,
  outcome: 'ok',
  streamId: 's',
  status: version === 0 ? 'missing' : 'live',
  version,
  firstVersion: 1,
})
const readAll = ([invoke, returned]: Times, events: HistoryEvent[], more: Partial<Operation & { op: 'read-all' }> = {}): Operation => ({
  process: 2,
  op: 'read-all',
  invoke,
  return: returned,
  outcome: 'ok',
  direction: 'forwards',
  cut: false,
  events,
  ...more,
})
const subscribed = (invoke: number, events: HistoryEvent[], more: Partial<SubscribeOperation> = {}): Operation => ({
  process: 2,
  op: 'subscribe',
  invoke,
  outcome: 'ok',
  after: 'start',
  live: true,
  events,
  ...more,
})

/** What is stored in the end: the stream s (default: none known), and the log. */
interface Stored {
  readonly s?: HistoryEvent[]
  readonly t?: HistoryEvent[]
  readonly log?: HistoryEvent[]
}
function history(operations: Operation[], { s, t, log }: Stored): History {
  return {
    format: 1,
    declares: { strongReads: true, realTimeOrder: true, contiguousBatches: true },
    operations,
    streams: { ...(s === undefined ? {} : { s }), ...(t === undefined ? {} : { t }) },
    log,
  }
}

const one = appended([1, 2], ['a'], 1)
const two = appended([3, 4], ['b'], 2)
const pair = appended([1, 2], ['a', 'b'], 1)

/** Two bad histories for each anomaly. Each breaks one rule, so that it gets exactly this name. */
const bad: Readonly<Record<AnomalyName, readonly (readonly [what: string, history: History])[]>> = {
  'version-gap': [
    ['versions 1, 3', history([one, appended([3, 4], ['b'], 2)], { s: [event('a', 1), event('b', 3)] })],
    ['versions from 0', history([lost(1, ['a'])], { s: [event('a', 0)] })],
  ],
  duplicate: [
    [
      'an unknown append that was sent again is there twice',
      history([lost(1, ['a']), appended([3, 4], ['a'], 1)], { s: stored('a', 'a') }),
    ],
    ['an event stands in the log twice', history([one], { log: [event('a', 1), event('a', 1)] })],
    ['a subscription gets an event twice', history([one, subscribed(3, [event('a', 1), event('a', 1)])], { log: stored('a') })],
  ],
  phantom: [
    ['an event of nobody', history([one], { s: stored('a', 'x') })],
    ['an event of a rejected append', history([one, refused([3, 4], ['b'], 5, 1)], { s: stored('a', 'b') })],
    ['a reader of the log gets an event of nobody', history([one, readAll([3, 4], [event('x', 9)])], { log: stored('a') })],
  ],
  'lost-write': [
    ['an acknowledged event is not there', history([one, two], { s: stored('a') })],
    ['a part of an acknowledged batch is not in the log', history([pair], { log: stored('a') })],
  ],
  'wrong-version': [
    ['acknowledged at version 2, stored at 1', history([appended([1, 2], ['a'], 2)], { s: stored('a') })],
    ['acknowledged in a row, stored apart', history([pair, lost(1, ['c'])], { s: stored('a', 'c', 'b') })],
  ],
  'torn-batch': [
    ['a part of an unknown append is there', history([lost(1, ['a', 'b'])], { s: stored('a') })],
    ['a read sees a part of a batch', history([appended([1, 4], ['a', 'b'], 1), read([2, 3], stored('a'))], { s: stored('a', 'b') })],
    [
      'the log has a batch apart',
      history([pair, appended([1, 2], ['c'], 1, 'any', 't')], { log: [event('a', 1), event('c', 1, 't', 'q'), event('b', 2)] }),
    ],
  ],
  'broken-precondition': [
    ['expected 0, stands behind version 1', history([one, appended([3, 4], ['b'], 2, 'noStream')], { s: stored('a', 'b') })],
    ['expected a stream, and is its first event', history([appended([1, 2], ['a'], 1, 'streamExists')], { s: stored('a') })],
    ['an append without events passed at another version', history([one, appended([3, 4], [], 2, 5)], { s: stored('a') })],
  ],
  'false-conflict': [
    ['rejected at the very version it expected', history([one, refused([3, 4], ['b'], 1, 1)], { s: stored('a') })],
    [
      'the client repeated a stored write, and reports a conflict',
      history([one, lost(3, ['b'], 1), refused([5, 6], ['b'], 1, 2)], { s: stored('a', 'b') }),
    ],
  ],
  'skipped-read': [
    [
      'a read of a stream leaves out version 2',
      history([appended([1, 2], ['a', 'b', 'c'], 1), read([3, 4], [event('a', 1), event('c', 3)])], { s: stored('a', 'b', 'c') }),
    ],
    ['a subscription passes over an event', history([one, two, subscribed(1, [event('b', 2)])], { log: stored('a', 'b') })],
    [
      'a read of the log backwards ends before the start',
      history([one, two, readAll([5, 6], [event('b', 2)], { direction: 'backwards' })], { log: stored('a', 'b') }),
    ],
  ],
  'divergent-read': [
    ['another event at a version', history([one, read([3, 4], [event('x', 1)])], { s: stored('a') })],
    ['a state beyond the end', history([one, state([3, 4], 2)], { s: stored('a') })],
  ],
  'stale-read': [
    ['a read begun after an acknowledgement does not see it', history([one, read([3, 4], [])], { s: stored('a') })],
    ['a conflict tells an older version', history([one, two, refused([5, 6], ['c'], 0, 1)], { s: stored('a', 'b') })],
  ],
  'non-monotonic-read': [
    ['the later of two reads sees less', history([lost(1, ['a']), read([2, 3], stored('a')), read([4, 5], [])], { s: stored('a') })],
    [
      'a subscription gets events out of their order',
      history([one, two, subscribed(1, [event('b', 2), event('a', 1)], { after: 'end', live: false })], { log: stored('a', 'b') }),
    ],
  ],
  'realtime-order': [
    [
      'acknowledged before the other began, and stands behind it',
      history([appended([1, 2], ['b'], 2), appended([3, 4], ['a'], 1)], { s: stored('a', 'b') }),
    ],
    [
      'so in the log, of two streams',
      history([one, appended([3, 4], ['c'], 1, 'any', 't')], { log: [event('c', 1, 't', 'p1'), event('a', 1, 's', 'p2')] }),
    ],
    ['a read saw an append before it began', history([read([1, 2], stored('a')), appended([3, 4], ['a'], 1)], { s: stored('a') })],
  ],
  'aborted-read': [
    ['the log has a rejected event', history([one, refused([3, 4], ['b'], 5, 1)], { log: stored('a', 'b') })],
    [
      'a reader gets an event that did not come to be',
      history([one, lost(3, ['b']), readAll([4, 5], stored('a', 'b'))], { log: stored('a') }),
    ],
  ],
  'stream-order': [
    ['the log has version 2 before version 1', history([one, appended([1, 4], ['b'], 2)], { log: [event('b', 2), event('a', 1)] })],
    [
      'the log and the stream have other events in the middle',
      history([lost(1, ['a']), lost(2, ['b'])], { s: stored('a', 'b'), log: [event('b', 1), event('a', 2)] }),
    ],
  ],
  'divergent-position': [
    [
      'a read of the stream has another position than the log',
      history([one, read([3, 4], [event('a', 1, 's', 'p7')])], { s: stored('a'), log: stored('a') }),
    ],
    ['two events at one position', history([one, two], { log: [event('a', 1), event('b', 2, 's', 'p1')] })],
  ],
  unseen: [
    ['a subscription does not reach the end', history([one, two, subscribed(1, stored('a'))], { log: stored('a', 'b') })],
    ['a read of the log ends before what was acknowledged', history([one, two, readAll([5, 6], stored('a'))], { log: stored('a', 'b') })],
    [
      'a read backwards begins too low',
      history([one, two, readAll([5, 6], stored('a'), { direction: 'backwards' })], { log: stored('a', 'b') }),
    ],
  ],
}

describe('checkHistory', () => {
  for (const [name, examples] of Object.entries(bad)) {
    test(`${name}: has two examples`, () => {
      expect(examples.length).toBeGreaterThanOrEqual(2)
    })
    test.each(examples)(`${name}: %s`, (_what, given) => {
      const { holds, anomalies } = checkHistory(given)
      expect([...new Set(anomalies.map((anomaly) => anomaly.name))]).toEqual([name])
      expect(holds).toBe(false)
      // A bad history that was kept as JSON is as bad.
      expect(checkHistory(JSON.parse(JSON.stringify(given)) as History).anomalies).toEqual(anomalies)
    })
  }

  test('what may be is no anomaly: an unknown append there or not, reads at either side of what overlaps them', () => {
    const overlapping = [lost(1, ['a']), lost(2, ['x']), read([3, 6], []), read([4, 5], stored('a')), refused([7, 8], ['c'], 0, 1)]
    expect(checkHistory(history(overlapping, { s: stored('a'), log: stored('a') }))).toEqual({ holds: true, anomalies: [], refused: [] })
  })
  test('without strong reads a read may be of an earlier moment, but never of a later one', () => {
    const weak = (operations: Operation[]): History => ({
      ...history(operations, { s: stored('a') }),
      declares: { strongReads: false, realTimeOrder: true, contiguousBatches: true },
    })
    expect(checkHistory(weak([one, read([3, 4], [])])).holds).toBe(true)
    expect(checkHistory(weak([read([1, 2], stored('a')), appended([3, 4], ['a'], 1)])).anomalies.map(({ name }) => name)).toEqual([
      'realtime-order',
    ])
  })
  test('what it cannot judge is refused, not passed', () => {
    const hiding: Operation = { process: 1, op: 'delete', invoke: 3, return: 4, outcome: 'ok', streamId: 's' }
    expect(checkHistory(history([one, hiding], { s: [] }))).toMatchObject({ holds: false, anomalies: [], refused: [{ streamId: 's' }] })
    // The log is judged all the same.
    expect(checkHistory(history([one, two, hiding], { s: [], log: stored('a') })).anomalies.map(({ name }) => name)).toEqual(['lost-write'])
    expect(checkHistory(history([one, lost(3, ['a', 'b'])], { s: stored('a') })).refused).toHaveLength(1)
    expect(checkHistory(history([one], {})).refused).toHaveLength(1)
    expect(
      checkHistory(history([one, readAll([3, 4], [], { after: 'nowhere' })], { s: stored('a'), log: stored('a') })).refused,
    ).toHaveLength(1)
  })
  test('an anomaly says which operations contradict each other', () => {
    const [anomaly] = checkHistory(history([one, read([3, 4], [])], { s: stored('a') })).anomalies
    expect(anomaly).toEqual({
      name: 'stale-read',
      checker: 'stream',
      streamId: 's',
      message: 'a read did not see an append that was acknowledged before it began',
      operations: [0, 1],
    })
  })
})
