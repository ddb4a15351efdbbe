import { randomUUID } from 'node:crypto'
import type { KnownIds } from './known-ids.js'
import {
  type NewEvent,
  type NodeData,
  conditionOf,
  firstVisibleOf,
  isSoftDeleted,
  isTombstoned,
  metadataStreamOf,
  metadataText,
  originalOf,
  tipOf,
  writeEmptyRecord,
  writeToStream,
} from './node-data.js'
import type { Expectation, Verdict } from './rules.js'

export type Expected = { readonly kind: 'any' | 'noStream' | 'streamExists' } | { readonly kind: 'revision'; readonly revision: bigint }

/** `revision` -1: the stream has no events. Without `position`: the events are known and hidden. */
export type AppendOutcome =
  | { readonly kind: 'appended'; readonly revision: bigint; readonly position: bigint | undefined }
  | { readonly kind: 'wrong'; readonly actual: bigint }
  | { readonly kind: 'deleted' }

/** The state of a node that appends need: what it stored, and the ids it remembers. */
export interface Writer {
  readonly data: NodeData
  readonly knownIds: KnownIds
}

/** Appends events or none. Checks the expectation, looks for known ids where it does not hold, undeletes. */
export function append({ data, knownIds }: Writer, stream: string, expected: Expected, events: readonly NewEvent[]): AppendOutcome {
  const tip = tipOf(data, stream)
  const known = events.length === 0 ? 'no answer' : resent({ data, knownIds }, stream, expected, events)
  const verdict = known === 'no answer' ? verdictOf(data, stream, expected, events.length === 0) : known
  if (verdict === 'wrong') return { kind: 'wrong', actual: tip }
  if (verdict === 'deleted') return { kind: 'deleted' }
  if (verdict !== 'write') return answer(data, stream, verdict)
  return { kind: 'appended', ...write({ data, knownIds }, stream, events) }
}

/** What an expectation is, seen from the last revision. */
function expectationOf(tip: bigint, expected: Expected): Expectation {
  if (expected.kind !== 'revision') return expected.kind
  return expected.revision === tip ? 'tip' : 'other'
}

export function verdictOf(data: NodeData, stream: string, expected: Expected, noEvents = false): Verdict {
  const condition = conditionOf(data, stream)
  const expectation = expectationOf(tipOf(data, stream), expected)
  const { newEvents, noEvents: differing } = data.rules
  if (noEvents && condition === 'softDeleted' && expectation === 'noStream') return differing.softDeleted.noStream
  const verdict = newEvents[condition][expectation]
  if (verdict === undefined) throw new Error('a stream without events has no last revision to expect')
  return verdict
}

/** The revisions at which the events are, where they were sent before; a verdict where that is already clear. */
function resent(
  writer: Writer,
  stream: string,
  expected: Expected,
  events: readonly NewEvent[],
): readonly bigint[] | Verdict | 'no answer' {
  const { data, knownIds } = writer
  const { knownIds: rules } = data.rules
  if (isTombstoned(data, stream)) return 'no answer'
  const tip = tipOf(data, stream)
  if (expected.kind === 'any' || expected.kind === 'streamExists') {
    if (expected.kind === 'streamExists' && verdictOf(data, stream, expected) !== 'write') return 'no answer'
    const found = events.map(({ id }) => knownIds.find(stream, id)?.revision)
    const firstNew = found.indexOf(undefined)
    // Whatever follows a new id is written.
    if (firstNew === 0) return 'no answer'
    if (firstNew > 0) return rules.anyKnownThenNew
    return rules.anyAllKnown === 'answer' && recognised(data, stream, found as bigint[]) ? (found as bigint[]) : 'no answer'
  }
  const from = expected.kind === 'revision' ? expected.revision : -1n
  if (from > tip) return 'no answer'
  if (from === tip) {
    const found = events.map(({ id }) => knownIds.find(stream, id)?.revision)
    return rules.atTip === 'answer' && !found.includes(undefined) ? (found as bigint[]) : 'no answer'
  }
  const there = events.map((event, index) => {
    const revision = from + 1n + BigInt(index)
    const stored = data.streams.get(stream)?.[Number(revision)]
    return stored !== undefined && rules.isSame(stored, event) ? revision : undefined
  })
  const firstOther = there.indexOf(undefined)
  if (firstOther > 0) return rules.superset
  if (firstOther < 0) return rules.original === 'answer' && recognised(data, stream, there as bigint[]) ? (there as bigint[]) : 'no answer'
  const elsewhere = events.map(({ id }) => knownIds.find(stream, id)?.revision)
  return rules.permuted === 'answer' && !elsewhere.includes(undefined) ? (elsewhere as bigint[]) : 'no answer'
}

function isHidden(data: NodeData, stream: string, revision: bigint): boolean {
  return isSoftDeleted(data, stream) || revision < firstVisibleOf(data, stream)
}

function recognised(data: NodeData, stream: string, found: readonly bigint[]): boolean {
  return data.rules.knownIds.hidden !== 'unknown' || !found.some((revision) => isHidden(data, stream, revision))
}

function answer(data: NodeData, stream: string, found: readonly bigint[]): AppendOutcome {
  const { answeredRevision, hidden } = data.rules.knownIds
  const revision = answeredRevision(found, tipOf(data, stream))
  const withPosition = hidden === 'with position' || !isHidden(data, stream, revision)
  return { kind: 'appended', revision, position: withPosition ? data.streams.get(stream)?.[Number(revision)]?.position : undefined }
}

function write({ data, knownIds }: Writer, stream: string, events: readonly NewEvent[]): { revision: bigint; position: bigint } {
  const { undeletedBy, undeletedAfterEvents } = data.rules.deletes
  const undeletes = isSoftDeleted(data, stream) && (events.length === 0 ? undeletedBy.noEvents : undeletedBy.append)
  const tip = tipOf(data, stream)
  const original = originalOf(stream)
  const undeletesOriginal = original !== undefined && isSoftDeleted(data, original) && undeletedBy.metadata
  if (undeletes && !undeletedAfterEvents) undelete(data, stream, tip)
  let position = events.length === 0 ? writeEmptyRecord(data) : 0n
  for (const event of events) {
    const stored = writeToStream(data, stream, event)
    knownIds.add(stream, event.id, stored.revision)
    position = stored.position
  }
  const revision = tipOf(data, stream)
  if (undeletes && undeletedAfterEvents) undelete(data, stream, tip)
  if (undeletesOriginal) undelete(data, original, tipOf(data, original))
  return { revision, position }
}

function undelete(data: NodeData, stream: string, tip: bigint): void {
  try {
    writeMetadata(data, stream, data.rules.deletes.undeleted(metadataText(data, stream) ?? '{}', tip))
  } catch {
    // Metadata that is not JSON is left as it is, as the server does.
  }
}

export function writeMetadata(data: NodeData, stream: string, text: string): bigint {
  return writeToStream(data, metadataStreamOf(stream), {
    id: randomUUID(),
    type: '$metadata',
    contentType: 'application/json',
    data: Buffer.from(text),
    metadata: new Uint8Array(),
  }).position
}
