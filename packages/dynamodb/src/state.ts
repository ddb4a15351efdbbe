import { type BackendCall, type StreamHead, UnavailableError } from '@millrace/core'
import {
  type Item,
  type Seal,
  commitSpan,
  firstVersionKey,
  flagOf,
  lastVersionKey,
  metaKey,
  numberInKey,
  numberOf,
  sealOf,
  streamPartition,
  textOf,
  versionKey,
} from './items.js'
import type { Table } from './table.js'

/** Where a stream ends: the version of its last event, 0 = none, and what stands in the slot after it. */
export interface Tip {
  readonly version: number
  readonly seal: Seal | undefined
}

/** What is known of a stream beside its events; all zero where it has no such item. */
export interface Meta {
  readonly deletedThrough: number
  readonly truncateBefore: number
  readonly tombstoned: boolean
  readonly metadata: string | undefined
  /** Grows with each change of the item; 0: there is none. */
  readonly version: number
}

/** The tip that an item shows. A visible item of a transaction proves all of it, so the end of its commit is the tip. */
export function tipOf(item: Item | undefined): Tip {
  if (item === undefined) return { version: 0, seal: undefined }
  const seal = sealOf(item)
  return seal === undefined ? { version: commitSpan(item).last, seal } : { version: numberInKey(item) - 1, seal }
}

const tipAttributes = ['SK', 'commit_span', 'event_count', 'seal']

/**
 * Reads the tip. An eventual one may be old, and is then too low, never too high. A strong one that finds nothing is confirmed by
 * looking for version 1, since appending to a stream that seems to be empty would start it again.
 */
export async function readTip(table: Table, streamId: string, eventual: boolean, call: BackendCall): Promise<Tip> {
  const pk = streamPartition(streamId)
  const { items } = await table.query(
    { pk, from: firstVersionKey, to: lastVersionKey, backwards: true, limit: 1, eventual, attributes: tipAttributes },
    call,
  )
  const [last] = items
  if (last === undefined && !eventual && (await table.get({ pk, sk: versionKey(1) }, call, ['SK'])) !== undefined)
    throw new UnavailableError(`the end of stream ${JSON.stringify(streamId)} could not be read.`, {
      adapter: 'dynamodb',
      streamId,
      hint: 'Call again.',
    })
  return tipOf(last)
}

export async function readMeta(table: Table, streamId: string, call: BackendCall): Promise<Meta> {
  return metaOf(await table.get({ pk: streamPartition(streamId), sk: metaKey }, call))
}

export function metaOf(item: Item | undefined): Meta {
  return {
    deletedThrough: item === undefined ? 0 : (numberOf(item, 'deleted_through') ?? 0),
    truncateBefore: item === undefined ? 0 : (numberOf(item, 'truncate_before') ?? 0),
    tombstoned: item !== undefined && flagOf(item, 'tombstoned'),
    metadata: item === undefined ? undefined : textOf(item, 'metadata'),
    version: item === undefined ? 0 : (numberOf(item, 'metadata_version') ?? 0),
  }
}

/** One state, if tip and META can be of one moment; undefined where one of them is older. */
export function headOf(tip: Tip, meta: Meta): StreamHead | undefined {
  const { version, seal } = tip
  const { deletedThrough: baseVersion, truncateBefore } = meta
  if (meta.tombstoned || seal === 'tombstoned') return { status: 'tombstoned', version, firstVersion: version + 1, baseVersion }
  if (baseVersion > version || truncateBefore > version + 1 || (seal === 'deleted' && baseVersion !== version)) return undefined
  const status = version === 0 ? 'missing' : baseVersion === version ? 'deleted' : 'live'
  return { status, version, firstVersion: Math.max(1, truncateBefore, baseVersion + 1), baseVersion }
}

/**
 * The state of a stream at one moment: tip, then META. Without META nothing can have changed it in between; with one, both are read
 * again until META is found unchanged.
 */
export async function readState(
  table: Table,
  streamId: string,
  call: BackendCall,
): Promise<{ readonly head: StreamHead; readonly meta: Meta; readonly tip: Tip }> {
  let before: Meta | undefined
  for (let tries = 1; ; tries += 1) {
    const tip = await readTip(table, streamId, false, call)
    const meta = await readMeta(table, streamId, call)
    const head = headOf(tip, meta)
    if (head !== undefined && (meta.version === 0 || meta.version === before?.version)) return { head, meta, tip }
    before = meta
    if (head === undefined) await pause(tries, call)
  }
}

/** Full jitter from 5 to 200 ms, ended by the caller. */
export async function pause(tries: number, call: BackendCall): Promise<void> {
  const ms = 5 + Math.random() * Math.min(195, 5 * 2 ** tries)
  await call.unlessAborted('signal', new Promise((resolve) => setTimeout(resolve, ms)))
}
