import { randomUUID } from 'node:crypto'
import { type Expected, type Writer, verdictOf, writeMetadata } from './append.js'
import { conditionOf, metadataText, tipOf, writeEvent } from './node-data.js'

export type DeleteOutcome =
  { readonly kind: 'deleted'; readonly position: bigint } | { readonly kind: 'wrong'; readonly actual: bigint } | { readonly kind: 'gone' }

/** Hides all events of a stream by its metadata. Writes again where the stream is deleted already. */
export function softDelete({ data }: Writer, stream: string, expected: Expected): DeleteOutcome {
  const refused = refusal({ data }, stream, expected)
  if (refused !== undefined) return refused
  if (conditionOf(data, stream) === 'missing' && data.rules.deletes.ofNothing !== 'write') return { kind: 'wrong', actual: -1n }
  if (conditionOf(data, stream) === 'softDeleted' && data.rules.deletes.again === 'refused') return { kind: 'gone' }
  return { kind: 'deleted', position: writeMetadata(data, stream, data.rules.deletes.softDeleted(metadataText(data, stream))) }
}

/** Closes a stream for ever; it need not have existed. */
export function tombstone({ data }: Writer, stream: string, expected: Expected): DeleteOutcome {
  const refused = refusal({ data }, stream, expected)
  if (refused !== undefined) return refused
  const { revision, type, contentType } = data.rules.all.tombstone
  const nothing = new Uint8Array()
  const { position } = writeEvent(data, stream, { id: randomUUID(), type, contentType, data: nothing, metadata: nothing }, revision)
  data.tombstoned.add(stream)
  return { kind: 'deleted', position }
}

function refusal({ data }: Pick<Writer, 'data'>, stream: string, expected: Expected): DeleteOutcome | undefined {
  const verdict = verdictOf(data, stream, expected)
  if (verdict === 'write') return undefined
  return verdict === 'deleted' ? { kind: 'gone' } : { kind: 'wrong', actual: tipOf(data, stream) }
}
