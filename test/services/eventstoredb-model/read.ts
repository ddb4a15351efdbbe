import { type NodeData, type StoredEvent, conditionOf, firstVisibleOf, indexAt, tipOf } from './node-data.js'

export type From = { readonly kind: 'start' | 'end' } | { readonly kind: 'at'; readonly at: bigint }

export interface StreamRead {
  readonly stream: string
  readonly from: From
  readonly backwards: boolean
  readonly count: bigint
  /** The client asks for the positions of the stream beside its events. */
  readonly wantsPositions: boolean
}

export type ReadOutcome =
  | {
      readonly kind: 'events'
      readonly events: readonly StoredEvent[]
      /** Said before the events: where the stream begins, for a reader who began before or beyond that. */
      readonly first?: bigint
      /** Said after the events. */
      readonly last?: bigint
    }
  | { readonly kind: 'not found' | 'deleted' | 'error' }

/** Reads one stream as it stands now. */
export function readStream(data: NodeData, { stream, from, backwards, count, wantsPositions }: StreamRead): ReadOutcome {
  const { reads } = data.rules
  const fromFarEnd = !backwards && from.kind === 'end'
  if (fromFarEnd && reads.forwardsFromEnd === 'error') return { kind: 'error' }
  if (count === 0n && reads.ofZero === 'error') return { kind: 'error' }
  const answer = reads.of[conditionOf(data, stream)]
  if (answer !== 'events') return { kind: answer }
  const stored = data.streams.get(stream) ?? []
  const tip = tipOf(data, stream)
  const first = firstVisibleOf(data, stream)
  const says = reads.positions === 'always' || (reads.positions === 'asked' && wantsPositions)
  const last = says ? { last: tip } : {}
  if (backwards) {
    const asked = from.kind === 'at' ? from.at : from.kind === 'end' ? tip : 0n
    if (asked > tip && reads.backwardsFromBeyond === 'empty') return { kind: 'events', events: [], ...last }
    const begin = asked > tip ? tip : asked
    const end = begin - count + 1n > first ? begin - count + 1n : first
    return { kind: 'events', events: stored.slice(Number(end), Number(begin + 1n)).reverse(), ...last }
  }
  const asked = from.kind === 'at' ? from.at : 0n
  if (asked > tip && reads.forwardsFromBeyond === 'not found') return { kind: 'not found' }
  const begin = asked > first ? asked : first
  const events = fromFarEnd ? [] : stored.slice(Number(begin), Number(begin + count))
  return { kind: 'events', events, ...(says ? firstPosition(data, asked, count, first, tip) : {}), ...last }
}

/** Where the server went on after a first look that found no event. */
function firstPosition(data: NodeData, asked: bigint, count: bigint, first: bigint, tip: bigint): { first?: bigint } {
  const { firstPosition: told, batch } = data.rules.reads
  const looked = asked + (count < batch ? count : batch) - 1n
  const foundSome = looked >= first && asked <= tip
  const next = asked > tip ? tip + 1n : first
  return told && !(foundSome && first <= tip) && next !== asked ? { first: next } : {}
}

export interface AllRead {
  readonly from: From
  readonly backwards: boolean
  readonly count: bigint
  matches(event: StoredEvent): boolean
}

/** Reads the log as it stands now. A position that is no record's start has no answer. */
export function readAll(data: NodeData, { from, backwards, count, matches }: AllRead): ReadOutcome {
  const { all } = data.rules
  const { log, end } = data
  if (!backwards && from.kind === 'end') return { kind: all.forwardsFromEnd === 'error' ? 'error' : 'events', events: [] }
  let index = from.kind === 'at' ? indexAt(data, from.at) : from.kind === 'end' ? log.length : 0
  if (from.kind === 'at') {
    if (from.at >= end && all.beyondEnd === 'error') return { kind: 'error' }
    const isRecord = log[index]?.position === from.at
    if (from.at < end && !isRecord && all.betweenRecords === 'error') return { kind: 'error' }
    if (isRecord && !backwards && all.forwards === 'exclusive') index += 1
    if (isRecord && backwards && all.backwards === 'inclusive') index += 1
  }
  const events: StoredEvent[] = []
  const step = backwards ? -1 : 1
  for (let at = backwards ? index - 1 : index; BigInt(events.length) < count; at += step) {
    const event = log[at]
    if (event === undefined) break
    if (isInLog(data, event) && matches(event)) events.push(event)
  }
  return { kind: 'events', events }
}

/** Delete and truncation leave the log as it is. */
export function isInLog(data: NodeData, event: StoredEvent): boolean {
  const { hiddenEvents, systemEvents } = data.rules.all
  if (!systemEvents && (event.stream.startsWith('$') || event.type.startsWith('$'))) return false
  if (hiddenEvents) return true
  return data.rules.reads.of[conditionOf(data, event.stream)] === 'events' && event.revision >= firstVisibleOf(data, event.stream)
}
