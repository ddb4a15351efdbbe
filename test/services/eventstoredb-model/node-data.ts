import { type Condition, type ModelRules, farRevision } from './rules.js'

/** An event as the node keeps it. `revision` of a tombstone is the far end of all revisions. */
export interface StoredEvent {
  readonly id: string
  readonly stream: string
  readonly revision: bigint
  readonly position: bigint
  readonly type: string
  readonly contentType: string
  /** 100-nanosecond steps since 1970. */
  readonly created: bigint
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

export interface NewEvent {
  readonly id: string
  readonly type: string
  readonly contentType: string
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

/** What survives a restart: the log, and what can be told from it. */
export interface NodeData {
  readonly rules: ModelRules
  readonly log: StoredEvent[]
  readonly streams: Map<string, StoredEvent[]>
  readonly tombstoned: Set<string>
  /** Where the next record begins. A node writes records of its own before the first one of a user. */
  end: bigint
  lastCreated: bigint
}

export function createNodeData(rules: ModelRules): NodeData {
  return { rules, log: [], streams: new Map(), tombstoned: new Set(), end: 512n, lastCreated: 0n }
}

export const metadataStreamOf = (stream: string): string => `$$${stream}`
export const originalOf = (stream: string): string | undefined => (stream.startsWith('$$') ? stream.slice(2) : undefined)

/** The last revision ever written; -1 before the first. */
export const tipOf = ({ streams }: NodeData, stream: string): bigint => BigInt(streams.get(stream)?.length ?? 0) - 1n

export function isTombstoned({ tombstoned, rules }: NodeData, stream: string): boolean {
  const original = originalOf(stream)
  return tombstoned.has(stream) || (rules.deletes.tombstoneClosesMetadata && original !== undefined && tombstoned.has(original))
}

/** The metadata as last written, as text. */
export function metadataText({ streams }: NodeData, stream: string): string | undefined {
  const last = streams.get(metadataStreamOf(stream))?.at(-1)
  return last === undefined ? undefined : Buffer.from(last.data).toString()
}

interface Retention {
  readonly truncateBefore: bigint | undefined
  readonly maxCount: bigint | undefined
}

const retentions = new WeakMap<StoredEvent, Retention>()

/** What the stream's metadata hides. Not parsed as JSON: a number of JavaScript does not hold the far end of all revisions. */
function retentionOf({ streams }: NodeData, stream: string): Retention | undefined {
  const last = streams.get(metadataStreamOf(stream))?.at(-1)
  if (last === undefined) return undefined
  const known = retentions.get(last)
  if (known !== undefined) return known
  const text = Buffer.from(last.data).toString()
  const number = (key: string): bigint | undefined => {
    const found = new RegExp(`"\\${key}"\\s*:\\s*(\\d+)`).exec(text)?.[1]
    return found === undefined ? undefined : BigInt(found)
  }
  const retention = { truncateBefore: number('$tb'), maxCount: number('$maxCount') }
  retentions.set(last, retention)
  return retention
}

export function conditionOf(node: NodeData, stream: string): Condition {
  if (isTombstoned(node, stream)) return 'tombstoned'
  if (isSoftDeleted(node, stream)) return 'softDeleted'
  if (tipOf(node, stream) >= 0n) return 'live'
  return tipOf(node, metadataStreamOf(stream)) >= 0n ? 'metadataOnly' : 'missing'
}

export function isSoftDeleted(node: NodeData, stream: string): boolean {
  return retentionOf(node, stream)?.truncateBefore === farRevision
}

export function firstVisibleOf(node: NodeData, stream: string): bigint {
  const retention = retentionOf(node, stream)
  return node.rules.reads.firstVisible({
    tip: tipOf(node, stream),
    truncateBefore: retention?.truncateBefore ?? 0n,
    maxCount: originalOf(stream) === undefined ? retention?.maxCount : node.rules.reads.metadataKept,
  })
}

/** Bytes that a record takes beside its own; any number will do that leaves room between two positions. */
const recordOverhead = 96

/** A record that takes a place in the log and is seen by nobody: an append of no events. */
export function writeEmptyRecord(node: NodeData): bigint {
  const position = node.end
  node.end += BigInt(recordOverhead)
  return position
}

export function writeEvent(node: NodeData, stream: string, event: NewEvent, revision: bigint = tipOf(node, stream) + 1n): StoredEvent {
  const now = BigInt(Date.now()) * 10_000n
  node.lastCreated = now > node.lastCreated ? now : node.lastCreated + 1n
  const stored = { ...event, stream, revision, position: node.end, created: node.lastCreated }
  node.end += BigInt(recordOverhead + Buffer.byteLength(stream) + event.type.length + event.data.length + event.metadata.length)
  node.log.push(stored)
  return stored
}

/** Adds the event to its stream as well: a tombstone is in the log only. */
export function writeToStream(node: NodeData, stream: string, event: NewEvent): StoredEvent {
  const stored = writeEvent(node, stream, event)
  const events = node.streams.get(stream)
  if (events === undefined) node.streams.set(stream, [stored])
  else events.push(stored)
  return stored
}

/** The index in the log of the first record at or after a position. */
export function indexAt({ log }: NodeData, position: bigint): number {
  let low = 0
  let high = log.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((log[middle]?.position ?? 0n) < position) low = middle + 1
    else high = middle
  }
  return low
}
