import type { LogFilter } from '../../packages/core/src/adapter.js'
import type { History, HistoryEvent, Operation } from '../../packages/core/src/testing/history.js'

// The rules of checker B, each as it is written, tried on all pairs and all places: slow and plain.

type Append = Operation & { readonly op: 'append' }
type Follower = Operation & { readonly op: 'read-all' | 'subscribe' }

const key = ({ streamId, id }: Pick<HistoryEvent, 'streamId' | 'id'>): string => `${streamId}/${id}`

export function explainsLog(history: History): boolean {
  const { log = [], operations, streams, declares } = history
  const appends = operations.filter((one): one is Append => one.op === 'append')
  return (
    holdsContent(appends, log, declares.contiguousBatches) &&
    holdsStreams(log, streams) &&
    holdsPositions(history, log) &&
    (!declares.realTimeOrder || holdsRealTime(appends, log)) &&
    operations.every(
      (one) => (one.op !== 'read-all' && one.op !== 'subscribe') || one.outcome === 'rejected' || holdsFollower(history, one, appends),
    )
  )
}

function idsOf({ parts }: Append): string[] {
  return parts.flatMap(({ streamId, ids }) => ids.map((id) => key({ streamId, id })))
}

function holdsContent(appends: readonly Append[], log: readonly HistoryEvent[], contiguous: boolean): boolean {
  const stored = log.map(key)
  if (new Set(stored).size < stored.length) return false
  const possible = new Set(appends.filter(({ outcome }) => outcome !== 'rejected').flatMap(idsOf))
  if (!stored.every((one) => possible.has(one))) return false
  return appends.every((one) => {
    if (one.outcome === 'rejected') return true
    const ids = idsOf(one)
    const there = ids.filter((id) => stored.includes(id)).length
    if (one.outcome === 'ok' ? there < ids.length : there > 0 && there < ids.length) return false
    if (!contiguous || there === 0) return true
    return one.parts.every(({ streamId, ids: own }) => stored.join(' ').includes(own.map((id) => key({ streamId, id })).join(' ')))
  })
}

function holdsStreams(log: readonly HistoryEvent[], streams: History['streams']): boolean {
  return [...new Set([...log.map(({ streamId }) => streamId), ...Object.keys(streams)])].every((streamId) => {
    const cut = log.filter((event) => event.streamId === streamId)
    const stream = streams[streamId]
    return (
      cut.every(({ version }, index) => version === index + 1) &&
      (stream === undefined || stream.map(({ id }) => id).join(' ') === cut.map(({ id }) => id).join(' '))
    )
  })
}

function holdsPositions({ operations }: History, log: readonly HistoryEvent[]): boolean {
  const seen = [...log, ...operations.flatMap((one) => ('events' in one ? one.events : []))].map((event) => [event.position, key(event)])
  for (const one of operations)
    if (one.op === 'append')
      for (const [n, { streamId, ids }] of one.parts.entries())
        seen.push([one.results?.[n]?.position, key({ streamId, id: ids.at(-1) ?? '' })])
  const known = seen.filter(([position]) => position !== undefined)
  return known.every(([position, event]) => known.every(([other, of]) => (position === other) === (event === of)))
}

function holdsRealTime(appends: readonly Append[], log: readonly HistoryEvent[]): boolean {
  const begun = log.map((event) =>
    Math.min(...attemptsAt(appends, event).map(({ outcome, invoke }) => (outcome === 'rejected' ? Infinity : invoke))),
  )
  const ended = log.map((event) => acknowledgement(appends, event))
  return log.every((_, behind) => log.every((__, ahead) => ahead >= behind || (ended[behind] ?? 0) >= (begun[ahead] ?? 0)))
}

function attemptsAt(appends: readonly Append[], event: HistoryEvent): readonly Append[] {
  return appends.filter((one) => idsOf(one).includes(key(event)))
}

function acknowledgement(appends: readonly Append[], event: HistoryEvent): number {
  return Math.min(Infinity, ...attemptsAt(appends, event).map((one) => (one.outcome === 'ok' ? (one.return ?? Infinity) : Infinity)))
}

/** Is there a moment, that is a beginning of the log that everybody agrees on, of which this is the slice that was asked for? */
function holdsFollower(history: History, one: Follower, appends: readonly Append[]): boolean {
  const own = one.op === 'subscribe' && one.streamId !== undefined
  const all = (own ? history.streams[one.streamId ?? ''] : history.log) ?? []
  const got = one.events.map(key).join(' ')
  const { filter } = one
  const after = typeof one.after === 'number' ? one.after : all.findIndex(({ position }) => position === one.after) + 1
  const slice = (from: number, to: number): string[] =>
    all
      .slice(from, to)
      .filter((event) => passes(event, own ? undefined : filter))
      .map(key)
  const ends = Array.from({ length: all.length + 1 }, (_, end) => end)
  if (one.op === 'subscribe') {
    const wanted = (start: number): boolean => {
      const due = slice(start, all.length)
      return one.live ? due.join(' ') === got : due.slice(0, one.events.length).join(' ') === got
    }
    if (one.after !== 'end') return wanted(after)
    return ends.some((start) => {
      const passed = all.slice(0, start).filter((event) => passes(event, own ? undefined : filter))
      return (
        wanted(start) &&
        passed.every((event) => Math.min(...attemptsAt(appends, event).map(({ invoke }) => invoke)) < (one.caughtUp ?? Infinity))
      )
    })
  }
  const { limit = Infinity, cut, invoke, direction } = one
  const complete = !cut && one.events.length < limit
  const due = history.declares.strongReads
    ? Math.max(0, ...all.map((event, place) => (acknowledgement(appends, event) < invoke ? place + 1 : 0)))
    : 0
  return ends.some((end) => {
    if (end < due) return false
    const window = direction === 'forwards' ? slice(after, end) : slice(0, after > 0 ? after - 1 : end).reverse()
    return (complete ? window : window.slice(0, one.events.length)).join(' ') === got
  })
}

function passes({ type = '', streamId }: HistoryEvent, filter: LogFilter | undefined): boolean {
  return (
    (filter?.eventTypes?.includes(type) ?? true) && (filter?.streamIdPrefix === undefined || streamId.startsWith(filter.streamIdPrefix))
  )
}
