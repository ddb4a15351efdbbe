import type { LogFilter } from '../../packages/core/src/adapter.js'
import { type Random, createRandom } from '../../packages/core/src/conformance/random.js'
import type { History, HistoryEvent, Operation } from '../../packages/core/src/testing/history.js'

type Draft = Operation & Record<string, unknown>
type Stored = HistoryEvent & { readonly position: string; readonly type: string }

/** A small history of a log with two streams: appends and readers that tell the truth, and then, most of the time, one or two lies. */
export function randomLogHistory(seed: number): History {
  const random = createRandom(seed)
  const count = 1 + random.int(6)
  const drafts: Draft[] = []
  const log: Stored[] = []
  const contiguousBatches = random.int(2) === 0
  // One after the other, each at a moment of its own; then the times are stretched, so that they overlap.
  for (let n = 0; n < count; n += 1) drafts.push(n === 0 || random.int(2) === 0 ? append(random, n, log) : follower(random, n, log))
  for (const one of drafts) if (one.op === 'subscribe' && one.live) catchUp(one, log)
  stretch(random, drafts)
  if (!contiguousBatches) interleave(random, log)
  let lies = random.pick([0, 1, 1, 2])
  const streams = Object.fromEntries(['a', 'b'].map((streamId) => [streamId, log.filter((event) => event.streamId === streamId)]))
  const history = {
    format: 1 as const,
    declares: { strongReads: random.int(4) > 0, realTimeOrder: random.int(4) > 0, contiguousBatches },
    operations: drafts as readonly Operation[],
    streams,
    log,
  }
  for (; lies > 0; lies -= 1) lie(random, drafts, log, streams)
  return history
}

function append(random: Random, n: number, log: Stored[]): Draft {
  const parts = random.pick([['a'], ['a'], ['b'], ['a', 'b']]).map((streamId) => ({
    streamId,
    ids: random.int(2) === 0 ? [`e${n}`, `f${n}`] : [`e${n}`],
    expected: 'any' as const,
  }))
  const base = { process: 1, op: 'append' as const, invoke: 10 * n + 1, parts }
  if (random.int(8) === 0) return { ...base, return: 10 * n + 3, outcome: 'rejected' } as Draft
  const unknown = random.int(4) === 0
  if (unknown && random.int(2) === 0) return { ...base, outcome: 'unknown' } as Draft
  const results = parts.map(({ streamId, ids }) => {
    for (const id of ids) {
      const version = log.filter((event) => event.streamId === streamId).length + 1
      log.push({ id, streamId, version, position: `p${log.length + 1}`, type: random.pick(['x', 'y']) })
    }
    const last = log.at(-1) as Stored
    return { firstVersion: last.version - ids.length + 1, version: last.version, position: last.position }
  })
  return (unknown ? { ...base, outcome: 'unknown' } : { ...base, return: 10 * n + 3, outcome: 'ok', results }) as Draft
}

function follower(random: Random, n: number, log: readonly Stored[]): Draft {
  const base = { process: 2, invoke: 10 * n + 1, return: 10 * n + 3, outcome: 'ok' as const }
  const filter = random.pick<LogFilter | undefined>([undefined, undefined, { eventTypes: ['x'] }, { streamIdPrefix: 'b' }])
  const from = random.int(3) === 0 ? log[random.int(log.length)] : undefined
  if (random.int(2) === 0) {
    const direction = random.pick(['forwards', 'backwards'] as const)
    const limit = random.int(4) === 0 ? random.int(3) : undefined
    const place = from === undefined ? undefined : log.indexOf(from)
    const window = direction === 'forwards' ? log.slice((place ?? -1) + 1) : log.slice(0, place ?? log.length).reverse()
    const matching = window.filter((event) => passes(event, filter))
    const cut = random.int(5) === 0
    const events = (cut ? matching.slice(0, random.int(matching.length + 1)) : matching).slice(0, limit)
    return { ...base, op: 'read-all', direction, after: from?.position, limit, filter, cut, events } as unknown as Draft
  }
  const live = random.int(2) === 0
  const toStream = random.int(3) === 0 ? 'a' : undefined
  const own = log.filter(({ streamId }) => toStream === undefined || streamId === toStream)
  const start = random.pick(['start', 'end', 'from'] as const)
  const begin = start === 'end' ? own.length : start === 'from' && from !== undefined ? own.indexOf(from) + 1 : 0
  const point = begin === 0 ? 'start' : toStream === undefined ? (own[begin - 1]?.position ?? 'start') : begin
  const after = start === 'end' ? 'end' : point === 'start' && toStream !== undefined ? 0 : point
  const own2 = toStream === undefined ? { filter } : { streamId: toStream }
  const got = own.slice(begin).filter((event) => toStream !== undefined || passes(event, filter))
  const events = live ? got : got.slice(0, random.int(got.length + 1))
  return { ...base, op: 'subscribe', after, ...own2, live, caughtUp: 10 * n + 2, events, begin } as unknown as Draft
}

function passes({ type, streamId }: Stored, filter: LogFilter | undefined): boolean {
  return (
    (filter?.eventTypes?.includes(type) ?? true) && (filter?.streamIdPrefix === undefined || streamId.startsWith(filter.streamIdPrefix))
  )
}

/** Who still listens gets what comes. */
function catchUp(one: Draft & { readonly op: 'subscribe' }, log: readonly Stored[]): void {
  const own = log.filter(({ streamId }) => one.streamId === undefined || streamId === one.streamId)
  const due = own.slice(one.begin as number).filter((event) => one.streamId !== undefined || passes(event, one.filter))
  Object.assign(one, { events: due, return: undefined })
}

function stretch(random: Random, drafts: readonly Draft[]): void {
  const width = random.pick([0, 8, 30])
  const ends = drafts.flatMap((one) =>
    (['invoke', 'caughtUp', 'return'] as const).flatMap((name) => {
      const at = one[name as 'invoke'] as number | undefined
      return at === undefined ? [] : [{ one, name, at: at + (name === 'invoke' ? -1 : name === 'return' ? 1 : 0) * random.next() * width }]
    }),
  )
  ends.sort((a, b) => a.at - b.at)
  for (const [tick, { one, name }] of ends.entries()) Object.assign(one, { [name]: tick + 1 })
}

/** Neighbours of two streams may stand the other way round in the log. */
function interleave(random: Random, log: Stored[]): void {
  if (random.int(2) === 0 || log.length < 2) return
  const at = random.int(log.length - 1)
  const [one, other] = [log[at] as Stored, log[at + 1] as Stored]
  if (one.streamId !== other.streamId) [log[at], log[at + 1]] = [other, one]
}

function lie(random: Random, drafts: readonly Draft[], log: Stored[], streams: Record<string, HistoryEvent[]>): void {
  const one = random.pick(drafts)
  switch (random.int(5)) {
    case 0:
      return stretch(random, drafts)
    case 1: {
      const list = random.int(2) === 0 ? log : (streams[random.pick(['a', 'b'])] as Stored[])
      return change(random, list)
    }
    case 2: {
      const outcome = random.pick(['ok', 'rejected', 'unknown'] as const)
      if (one.op === 'append') Object.assign(one, { outcome })
      return
    }
    default: {
      const told = random.pick(drafts.filter(({ op }) => op !== 'append').concat(one))
      if (told.op === 'append') return
      const events = [...(told as unknown as { events: Stored[] }).events]
      change(random, events)
      Object.assign(told, random.int(5) === 0 ? { cut: false, live: true } : { events })
    }
  }
}

function change(random: Random, events: Stored[]): void {
  const [at, other] = [random.int(events.length + 1), random.int(events.length + 1)]
  const [one, two] = [events[at], events[other]]
  switch (random.int(5)) {
    case 0:
    case 1:
      events.splice(at, 1)
      return
    case 2:
      if (one !== undefined) events.splice(other, 0, one)
      return
    case 3:
      if (one !== undefined && two !== undefined) [events[at], events[other]] = [two, one]
      return
    default:
      if (one !== undefined) events[at] = random.int(2) === 0 ? { ...one, id: 'another' } : { ...one, position: 'p9' }
  }
}
