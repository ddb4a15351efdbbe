import type { AppendOperation, History, HistoryEvent, Operation } from '../../packages/core/src/testing/history.js'

// The meaning of checker A, spelled out: is there an order of moments, each between a call's invoke and its return, in which a stream
// that does one thing at a time gives every answer, and ends as the real one did? It tries them all.

/** What one call may do at its moment. @returns the events after it, or undefined where it could not have answered so. */
type Step = (events: readonly string[]) => readonly string[] | undefined

interface Call {
  readonly invoke: number
  readonly return: number
  /** It may have had no effect at all. */
  readonly optional: boolean
  /** Has to be taken at the state, as it was at some moment not after this one. */
  readonly weak: boolean
  readonly step: Step
}

export function explainsStream(history: History, streamId: string): boolean {
  const final = history.streams[streamId] ?? []
  if (final.some(({ version }, index) => version !== index + 1)) return false
  const goal = final.map(({ id }) => id)
  const strong = history.declares.strongReads
  const calls = history.operations.flatMap((one): Call[] => {
    const step = stepOf(one)
    if (step === undefined) return []
    const weak = !strong && (one.op !== 'append' || one.outcome === 'rejected' || one.parts[0]?.ids.length === 0)
    return [{ invoke: one.invoke, return: one.return ?? Infinity, optional: one.outcome === 'unknown', weak, step }]
  })
  return search(calls, new Set(), [[]], goal)
}

/** @param past every state so far, the present one last. */
function search(calls: readonly Call[], done: ReadonlySet<Call>, past: readonly (readonly string[])[], goal: readonly string[]): boolean {
  const present = past.at(-1) ?? []
  const left = calls.filter((call) => !done.has(call))
  if (left.every(({ optional }) => optional) && isSame(present, goal)) return true
  if (!present.every((id, index) => goal[index] === id)) return false
  const soonest = Math.min(...left.map((call) => call.return))
  for (const call of left) {
    // Nobody's moment comes before its invoke, which is not before the return of one that is still to come.
    if (call.invoke > soonest) continue
    const also = new Set(done).add(call)
    if (call.weak) {
      if (past.some((state) => call.step(state) !== undefined) && search(calls, also, past, goal)) return true
      continue
    }
    const next = call.step(present)
    if (next !== undefined && search(calls, also, isSame(next, present) ? past : [...past, next], goal)) return true
  }
  return false
}

function stepOf(one: Operation): Step | undefined {
  switch (one.op) {
    case 'append':
      return appendStep(one)
    case 'read':
      return one.outcome === 'ok' ? (events) => (isSame(readOf(one, events), one.events.map(describe)) ? events : undefined) : undefined
    case 'state': {
      if (one.outcome !== 'ok') return undefined
      return (events) => {
        const status = events.length === 0 ? 'missing' : 'live'
        return one.status === status && one.version === events.length && one.firstVersion === 1 ? events : undefined
      }
    }
    default:
      return undefined
  }
}

function appendStep(one: AppendOperation): Step | undefined {
  const { outcome, conflict } = one
  const [part] = one.parts
  const [result] = one.results ?? []
  if (part === undefined) return undefined
  const { ids } = part
  if (outcome === 'rejected') {
    if (conflict === undefined) return undefined
    return (events) =>
      events.length === conflict.actualVersion && !holds(part.expected, events.length) && appended(part, events) === undefined
        ? events
        : undefined
  }
  return (events) => {
    const answer = appended(part, events)
    if (answer === undefined) return undefined
    const told = answer.firstVersion === result?.firstVersion && answer.version === result.version
    if (outcome === 'ok' && !told) return undefined
    return answer.firstVersion > events.length && ids.length > 0 ? [...events, ...ids] : events
  }
}

/** What a store answers to an append, now; undefined: a conflict. A call that was stored already is recognised, whatever it expects. */
function appended({ ids, expected }: AppendOperation['parts'][number], events: readonly string[]) {
  const version = events.length
  if (ids.length > 0) {
    const first = events.indexOf(ids[0] ?? '') + 1
    const exact = typeof expected === 'number' ? expected : expected === 'noStream' ? 0 : undefined
    if (first > 0) return exact === undefined || exact === first - 1 ? { firstVersion: first, version: first + ids.length - 1 } : undefined
  }
  return holds(expected, version) ? { firstVersion: version + 1, version: version + ids.length } : undefined
}

function holds(expected: AppendOperation['parts'][number]['expected'], version: number): boolean {
  return expected === 'any' || (expected === 'noStream' ? version === 0 : expected === 'streamExists' ? version > 0 : version === expected)
}

function readOf(
  { from, to, direction, limit = Infinity, cut, events: seen }: Operation & { op: 'read' },
  events: readonly string[],
): string[] {
  const all = events.map((id, index) => ({ id, version: index + 1 }))
  const window =
    direction === 'forwards'
      ? all.filter(({ version }) => version >= (from ?? 1) && version <= (to ?? Infinity))
      : all.filter(({ version }) => version <= (from ?? Infinity) && version >= (to ?? 1)).reverse()
  // A reader that left saw the beginning.
  return window.slice(0, cut ? Math.min(limit, seen.length) : limit).map(describe)
}

function describe({ id, version }: Pick<HistoryEvent, 'id' | 'version'>): string {
  return `${version}:${id}`
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index])
}
