/** A value as DynamoDB has it. Only these kinds are stored: payloads are text or bytes, never native maps. */
export type Value = { readonly S: string } | { readonly N: string } | { readonly B: Uint8Array } | { readonly BOOL: boolean }
export type Item = Readonly<Record<string, Value>>

/** Layout of the table that this version writes and reads. Source: dynamodb.md §2. */
export const layout = 1

/** Largest item, with names. */
export const itemBytesLimit = 409_600

export interface Key {
  readonly pk: string
  readonly sk: string
}

/** Every event of a stream stands under `VERSION#`, in order; nothing under it is ever removed, so "version n exists" stays true. */
export const firstVersionKey = 'VERSION#'
/** Above every version. */
export const lastVersionKey = 'VERSION#~'
/** Sorts before the versions, and nothing lies between: a read from the start brings it along. */
export const metaKey = 'META'
export const configKey: Key = { pk: 'TABLE', sk: 'CONFIG' }
export const sequenceKey: Key = { pk: 'SEQ#0', sk: 'SEQ' }
/** One partition for now; the 0 leaves room for more. */
export const logPartition = 'LOG#0'

export function streamPartition(streamId: string): string {
  return `STREAM#${streamId}`
}
export function versionKey(version: number): string {
  return `${firstVersionKey}${padded(version)}`
}
export function cellKey(cell: number): string {
  return `POS#${padded(cell)}`
}
/** Stream of a partition, undefined for what belongs to the table. */
export function streamOf(item: Item): string | undefined {
  const partition = textOf(item, 'PK') ?? ''
  return partition.startsWith('STREAM#') ? partition.slice('STREAM#'.length) : undefined
}
/** Number at the end of a sort key. */
export function numberInKey(item: Item): number {
  const key = textOf(item, 'SK') ?? ''
  return Number(key.slice(key.indexOf('#') + 1))
}

function padded(value: number): string {
  return String(value).padStart(20, '0')
}

export function keyOf({ pk, sk }: Key): Item {
  return { PK: { S: pk }, SK: { S: sk } }
}
export function textOf(item: Item, name: string): string | undefined {
  return (item[name] as { readonly S?: string } | undefined)?.S
}
export function numberOf(item: Item, name: string): number | undefined {
  const text = (item[name] as { readonly N?: string } | undefined)?.N
  return text === undefined ? undefined : Number(text)
}
export function bytesOf(item: Item, name: string): Uint8Array | undefined {
  return (item[name] as { readonly B?: Uint8Array } | undefined)?.B
}
export function flagOf(item: Item, name: string): boolean {
  return (item[name] as { readonly BOOL?: boolean } | undefined)?.BOOL === true
}

/** Bytes that DynamoDB counts of an item, never less. */
export function itemBytes(item: Item): number {
  let bytes = 0
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value)
  return bytes
}

function valueBytes(value: Value): number {
  if ('S' in value) return Buffer.byteLength(value.S)
  if ('B' in value) return value.B.length
  return 'N' in value ? Math.ceil(value.N.length / 2) + 2 : 1
}

/** What a seal says: the slot after the last version, taken by a delete or a tombstone. */
export type Seal = 'deleted' | 'tombstoned'

export function sealOf(item: Item): Seal | undefined {
  return textOf(item, 'seal') as Seal | undefined
}

/** First and last version of the whole commit of an item, of which there may be several in one transaction. */
export function commitSpan(item: Item): { readonly first: number; readonly last: number } {
  const span = textOf(item, 'commit_span')?.split('-')
  return span === undefined ? itemSpan(item) : { first: Number(span[0]), last: Number(span[1]) }
}
/** First and last version in an item. */
export function itemSpan(item: Item): { readonly first: number; readonly last: number } {
  const first = numberInKey(item)
  return { first, last: first + (numberOf(item, 'event_count') ?? 1) - 1 }
}
