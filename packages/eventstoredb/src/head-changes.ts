import type { BackendCall, HeadChange, MetadataChange, StoredMetadata } from '@millrace/core'
import { tooLarge } from './append.js'
import type { Session } from './client.js'
import { mayHideTombstone, typeOf } from './map-error.js'
import { isTombstoned } from './refused-append.js'
import { type Metastream, type OwnMetadata, lookAtHead, ownMetadata, readHead, readMetastream } from './stream-head.js'

/**
 * Soft delete, always at an exact revision: with any other expectation the server deletes what was never looked at, and the clients fail on
 * 'stream_exists'. And tombstone, at the revision given; without one, whatever stands there.
 */
export async function removeStream(
  session: Session,
  how: 'deleteStream' | 'tombstoneStream',
  { streamId, version }: { readonly streamId: string; readonly version: number | undefined },
  call: BackendCall,
): Promise<HeadChange> {
  const expected = version === undefined ? 'any' : version === 0 ? 'no_stream' : BigInt(version - 1)
  try {
    await session.remove(how, streamId, expected, call)
    return { status: 'changed' }
  } catch (error) {
    // A refusal names the stream in a trailer, so that of one whose name cannot stand there fails like a tombstone.
    const refused = typeOf(error) === 'wrong-expected-version' || typeOf(error) === 'stream-deleted' || mayHideTombstone(error, streamId)
    if (!refused) throw error
    return { status: 'refused', head: await readHead(session, streamId, call) }
  }
}

/** Raises the truncation point. The revision of the metadata guards it: a delete writes metadata too, and is not undone by this. */
export async function truncateStream(
  session: Session,
  { streamId, before }: { readonly streamId: string; readonly before: number },
  call: BackendCall,
): Promise<HeadChange> {
  for (;;) {
    const { head, metastream } = await lookAtHead(session, streamId, call)
    const open = head.status === 'live' || head.status === 'missing'
    if (!open || metastream === undefined || before > head.version + 1) return { status: 'refused', head }
    if (before <= metastream.firstVersion) return { status: 'changed' }
    const own = { base: metastream.baseVersion, set: isSet(metastream) }
    if (await writeMetastream(session, streamId, metastream, { ...metastream.content, $tb: before - 1 }, own, call))
      return { status: 'changed' }
  }
}

export async function readMetadata(session: Session, streamId: string, call: BackendCall): Promise<StoredMetadata> {
  const metastream = await readMetastream(session, streamId, call)
  if (metastream === undefined) return { status: 'tombstoned', metadata: undefined, version: 0 }
  const { deleted, version } = metastream
  const metadata = isSet(metastream) ? { value: split(metastream.content).given } : undefined
  return { status: deleted ? 'deleted' : 'live', metadata, version }
}

/** Replaces what the user has set; the truncation point and what else the server keeps there stay. */
export async function writeMetadata(
  session: Session,
  {
    streamId,
    text,
    expectedMetadataVersion,
  }: { readonly streamId: string; readonly text: string; readonly expectedMetadataVersion: number | undefined },
  call: BackendCall,
): Promise<MetadataChange> {
  const metastream = await readMetastream(session, streamId, call)
  if (metastream === undefined) return { status: 'refused', streamStatus: 'tombstoned', version: 0 }
  const { version, deleted, content, baseVersion } = metastream
  if (deleted) return { status: 'refused', streamStatus: 'deleted', version }
  if (expectedMetadataVersion !== undefined && expectedMetadataVersion !== version)
    return { status: 'refused', streamStatus: 'live', version }
  const written = { ...(JSON.parse(text) as object), ...split(content).kept }
  if (await writeMetastream(session, streamId, metastream, written, { base: baseVersion, set: true }, call))
    return { status: 'changed', version: version + 1 }
  const now = await readMetastream(session, streamId, call)
  if (now === undefined) return { status: 'refused', streamStatus: 'tombstoned', version: 0 }
  return { status: 'refused', streamStatus: now.deleted ? 'deleted' : 'live', version: now.version }
}

/** False: the metadata has changed since it was read, or the stream was tombstoned. */
async function writeMetastream(
  session: Session,
  streamId: string,
  { version }: Metastream,
  content: Readonly<Record<string, unknown>>,
  own: OwnMetadata,
  call: BackendCall,
): Promise<boolean> {
  const event = {
    id: crypto.randomUUID(),
    type: '$metadata',
    contentType: 'application/json' as const,
    data: { ...content, $millrace: own },
  }
  try {
    await session.append(`$$${streamId}`, [event], version === 0 ? 'no_stream' : BigInt(version - 1), call)
    return true
  } catch (error) {
    if (typeOf(error) === 'wrong-expected-version' || typeOf(error) === 'stream-deleted') return false
    if (typeOf(error) === 'maximum-append-size-exceeded') throw tooLarge(error, streamId, Buffer.byteLength(JSON.stringify(event.data)))
    if (mayHideTombstone(error, streamId) && (await isTombstoned(session, streamId, call))) return false
    throw error
  }
}

/** Whether the user, or another client, has set metadata. */
function isSet({ content, deleted }: Metastream): boolean {
  if (deleted) return false
  return ownMetadata(content)?.set ?? Object.keys(split(content).given).length > 0
}

/** What the user has set, and what is the server's. */
function split(content: Readonly<Record<string, unknown>>): { readonly given: object; readonly kept: object } {
  const entries = Object.entries(content).filter(([key]) => key !== '$millrace')
  const take = (system: boolean): object => Object.fromEntries(entries.filter(([key]) => key.startsWith('$') === system))
  return { given: take(false), kept: take(true) }
}
