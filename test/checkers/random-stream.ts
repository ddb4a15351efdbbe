import type { History, HistoryEvent, Operation } from '../../packages/core/src/testing/history.js'
import { type Random, createRandom } from '../../packages/core/src/conformance/random.js'

type Loose = Record<string, unknown>
type Draft = Operation & Loose

const streamId = 's'

/**
 * A small history of one stream: calls that a store answered truly, in an order that their times allow, and then, most of the time, one
 * or two lies. Half of the lies change nothing that can be told.
 */
export function randomStreamHistory(seed: number): History {
  const random = createRandom(seed)
  const count = 1 + random.int(6)
  const drafts = Array.from({ length: count }, (_, n) => draft(random, n))
  const events = simulate(random, drafts)
  const final: HistoryEvent[] = events.map((id, index) => ({ id, streamId, version: index + 1 }))
  const history = {
    format: 1 as const,
    declares: { strongReads: random.int(4) > 0, realTimeOrder: true, contiguousBatches: true },
    operations: drafts as readonly Operation[],
    streams: { [streamId]: final },
  }
  for (let lies = random.pick([0, 1, 1, 2]); lies > 0; lies -= 1) lie(random, drafts, final)
  return history
}

function draft(random: Random, n: number): Draft {
  const base = { process: 1, invoke: 0, return: 0, outcome: 'ok' as const }
  const kind = random.int(10)
  if (kind < 6) {
    const ids = random.int(8) === 0 ? [] : random.int(3) === 0 ? [`e${n}`, `f${n}`] : [`e${n}`]
    const expected = random.pick(['any', 'noStream', 'streamExists', 0, 1, 1, 2, 3] as const)
    return { ...base, op: 'append', parts: [{ streamId, ids, expected }] } as unknown as Draft
  }
  if (kind < 9) {
    const direction = random.pick(['forwards', 'backwards'] as const)
    const bound = (): number | undefined => (random.int(3) === 0 ? 1 + random.int(3) : undefined)
    const limit = random.int(4) === 0 ? random.int(3) : undefined
    return { ...base, op: 'read', streamId, from: bound(), to: bound(), direction, limit, cut: random.int(5) === 0, events: [] } as Draft
  }
  return { ...base, op: 'state', streamId, status: 'missing', version: 0, firstVersion: 1 } as Draft
}

/** Gives the calls times, takes one after the other as these allow, and answers. @returns the ids stored. */
function simulate(random: Random, drafts: Draft[]): string[] {
  for (const one of drafts)
    // Some are further attempts at an earlier append.
    if (one.op === 'append' && random.int(4) === 0) {
      const other = random.pick(drafts)
      if (other.op === 'append') (one.parts[0] as Loose | undefined)!.ids = other.parts[0]?.ids
    }
  setTimes(random, drafts)
  const events: string[] = []
  const stored = new Map<string, number>()
  const left = new Set(drafts)
  while (left.size > 0) {
    const soonest = Math.min(...[...left].map((one) => one.return ?? Infinity))
    const one = random.pick([...left].filter(({ invoke }) => invoke <= soonest))
    left.delete(one)
    answer(random, one, events, stored)
  }
  return events
}

function setTimes(random: Random, drafts: readonly Draft[]): void {
  const width = random.pick([2, 4, 20])
  const times = drafts.flatMap((one, index) => [
    { one, at: index * 2 + random.next() * width },
    { one, at: index * 2 + random.next() * width },
  ])
  times.sort((a, b) => a.at - b.at)
  const begun = new Set<Draft>()
  for (const [tick, { one }] of times.entries()) {
    Object.assign(one, begun.has(one) ? { return: tick + 1 } : { invoke: tick + 1 })
    begun.add(one)
  }
}

function answer(random: Random, one: Draft, events: string[], stored: Map<string, number>): void {
  const version = events.length
  if (one.op === 'state') {
    Object.assign(one, { status: version === 0 ? 'missing' : 'live', version })
    return
  }
  if (one.op === 'read') {
    const all = events.map((id, index) => ({ id, streamId, version: index + 1 }))
    const { from, to, limit = 99 } = one
    const forwards = one.direction === 'forwards'
    const window = forwards
      ? all.slice((from ?? 1) - 1, to ?? version)
      : all.slice(Math.max(0, (to ?? 1) - 1), Math.min(from ?? version, version)).reverse()
    const got = window.slice(0, limit)
    Object.assign(one, { events: one.cut ? got.slice(0, random.int(got.length + 1)) : got })
    return
  }
  if (one.op !== 'append') return
  const [part] = one.parts
  if (part === undefined) return
  const { ids, expected } = part
  const lost = random.int(4) === 0
  const first = stored.get(ids[0] ?? '')
  const exact = typeof expected === 'number' ? expected : expected === 'noStream' ? 0 : undefined
  const holds = expected === 'any' || (expected === 'streamExists' ? version > 0 : exact === version)
  const recognised = first !== undefined && (exact === undefined || exact === first - 1)
  if (lost) {
    Object.assign(one, { outcome: 'unknown', return: undefined })
    if (random.int(2) === 0) return
  }
  if (!recognised && (!holds || first !== undefined)) {
    if (!lost) Object.assign(one, { outcome: 'rejected', ...(holds ? {} : { conflict: { streamId, actualVersion: version } }) })
    return
  }
  const at = first ?? version + 1
  if (!lost) Object.assign(one, { results: [{ firstVersion: at, version: at + ids.length - 1 }] })
  if (first !== undefined || ids.length === 0) return
  stored.set(ids[0] ?? '', at)
  events.push(...ids)
}

function lie(random: Random, drafts: readonly Draft[], final: HistoryEvent[]): void {
  const one = random.pick(drafts)
  const by = random.pick([-1, 1])
  switch (random.int(8)) {
    case 0:
    case 1:
    case 2:
      return lieOfTimes(random, drafts)
    case 3:
      return lieOfFinal(random, final)
    case 4: {
      const outcome = random.pick(['ok', 'rejected', 'unknown'] as const)
      Object.assign(one, { outcome }, outcome === 'unknown' ? { return: undefined } : {})
      return
    }
    default:
      return lieOfAnswer(random, one, by)
  }
}

/** Other times for all, or one. */
function lieOfTimes(random: Random, drafts: readonly Draft[]): void {
  const open = drafts.filter((one) => one.return === undefined)
  setTimes(random, drafts)
  for (const one of open) Object.assign(one, { return: undefined })
}

function lieOfFinal(random: Random, final: HistoryEvent[]): void {
  const at = random.int(final.length + 1)
  const other = random.int(final.length + 1)
  const ids = final.map(({ id }) => id)
  if (random.int(3) === 0) ids.splice(at, 1)
  else {
    const added = random.int(3) === 0
    if (added) ids.splice(at, 0, random.int(2) === 0 ? 'nobodys' : (ids[other] ?? 'nobodys'))
    else if (ids[at] !== undefined && ids[other] !== undefined) [ids[at], ids[other]] = [ids[other], ids[at]]
  }
  final.splice(0, final.length, ...ids.map((id, index) => ({ id, streamId, version: index + 1 + (random.int(30) === 0 ? 1 : 0) })))
}

function lieOfAnswer(random: Random, one: Draft, by: number): void {
  if (one.op === 'state')
    Object.assign(one, random.int(4) === 0 ? { status: 'live' } : { version: (one.version ?? 0) + by, status: 'live' })
  else if (one.op === 'read') {
    const events = [...one.events]
    const at = random.int(events.length + 1)
    const event = events[at]
    if (random.int(3) === 0 || event === undefined) events.splice(random.int(2) === 0 ? at : events.length - 1, 1)
    else if (random.int(2) === 0) events[at] = { ...event, version: event.version + by }
    else events[at] = { ...event, id: 'another' }
    Object.assign(one, { events })
  } else if (one.op === 'append') {
    const [part] = one.parts
    const [result] = one.results ?? []
    if (random.int(2) === 0 && part !== undefined)
      Object.assign(part, { expected: random.pick(['any', 'noStream', 'streamExists', 1, 2, 3]) })
    else if (result !== undefined) Object.assign(result, { firstVersion: result.firstVersion + by, version: result.version + by })
    else if (one.conflict !== undefined)
      Object.assign(one, { conflict: { streamId, actualVersion: (one.conflict.actualVersion ?? 0) + by } })
  }
}
