import type { Backend, BackendCall, HeadChange, MetadataChange, StreamHead } from '@millrace/core'
import { type Item, type Seal, keyOf, metaKey, streamPartition, versionKey } from './items.js'
import { readState, readTip } from './state.js'
import type { ConditionalPut, Table, Update } from './table.js'

type HeadChanges = Required<Pick<Backend, 'deleteStream' | 'tombstoneStream'>> &
  Required<Pick<Backend, 'truncateStream' | 'readMetadata' | 'writeMetadata'>>

/**
 * Delete, tombstone, truncate and stream metadata. A delete uses up no version and still has to race safely with appends, so it takes
 * the slot that the next append would take, together with META, in one transaction. Cases: DEL, MET.
 */
export function createHeadChanges(table: Table): HeadChanges {
  /** Takes the slot after `version`. Undefined: an event stands there. */
  async function seal(
    streamId: string,
    version: number,
    { kind, when }: { readonly kind: Seal; readonly when: ConditionalPut['when'] },
    update: Omit<Update, 'key'>,
    call: BackendCall,
  ): Promise<'sealed' | Item | undefined> {
    const pk = streamPartition(streamId)
    const id = crypto.randomUUID().replaceAll('-', '')
    const item: Item = { ...keyOf({ pk, sk: versionKey(version + 1) }), seal: { S: kind }, commit_id: { S: id } }
    const answer = await table.put([{ item, when }], { ...update, key: { pk, sk: metaKey } }, id, call)
    return answer.done ? 'sealed' : (answer.refused[0]?.item ?? {})
  }

  async function refusedBy(streamId: string, call: BackendCall): Promise<HeadChange> {
    return { status: 'refused', head: (await readState(table, streamId, call)).head }
  }

  return {
    /** Sent again after a lost answer it meets its own seal, and the head says that this version was deleted. */
    async deleteStream({ streamId, version }, call) {
      const sealed = await seal(
        streamId,
        version,
        { kind: 'deleted', when: 'absent' },
        {
          expression: 'SET #deleted_through = :version REMOVE #metadata ADD #metadata_version :one',
          names: ['deleted_through', 'metadata', 'metadata_version'],
          values: { ':version': { N: String(version) }, ':one': { N: '1' } },
        },
        call,
      )
      return sealed === 'sealed' ? { status: 'changed' } : refusedBy(streamId, call)
    },

    async tombstoneStream({ streamId, version }, call) {
      for (;;) {
        const tip = version === undefined ? await readTip(table, streamId, false, call) : { version, seal: undefined }
        if (tip.seal === 'tombstoned') return refusedBy(streamId, call)
        const sealed = await seal(
          streamId,
          tip.version,
          { kind: 'tombstoned', when: 'or-deleted' },
          {
            expression: 'SET #tombstoned = :true REMOVE #metadata ADD #metadata_version :one',
            names: ['tombstoned', 'metadata', 'metadata_version'],
            values: { ':true': { BOOL: true }, ':one': { N: '1' } },
          },
          call,
        )
        if (sealed === 'sealed') return { status: 'changed' }
        if (version !== undefined) return refusedBy(streamId, call)
        // An append was faster: whatever the version is, the stream ends now.
      }
    },

    async truncateStream({ streamId, before }, call) {
      for (;;) {
        const { head, meta } = await readState(table, streamId, call)
        if (head.status === 'deleted' || head.status === 'tombstoned' || before > head.version + 1) return { status: 'refused', head }
        if (before <= head.firstVersion) return { status: 'changed' }
        // Nothing has changed the stream's META since it was read.
        const guard = unchanged(meta.version)
        const changed = await table.update(
          {
            key: { pk: streamPartition(streamId), sk: metaKey },
            expression: 'SET #truncate_before = :before ADD #metadata_version :one',
            condition: guard.condition,
            names: ['truncate_before', 'metadata_version'],
            values: { ':before': { N: String(before) }, ':one': { N: '1' }, ...guard.values },
          },
          call,
        )
        if (changed.done) return { status: 'changed' }
      }
    },

    async readMetadata(streamId, call) {
      const { head, meta } = await readState(table, streamId, call)
      return { status: head.status, metadata: meta.metadata === undefined ? undefined : { text: meta.metadata }, version: meta.version }
    },

    async writeMetadata({ streamId, text, expectedMetadataVersion }, call): Promise<MetadataChange> {
      const { head, meta } = await readState(table, streamId, call)
      const expected = expectedMetadataVersion ?? meta.version
      const refused = (status: StreamHead['status'], version: number): MetadataChange => ({
        status: 'refused',
        streamStatus: status,
        version,
      })
      if (head.status === 'deleted' || head.status === 'tombstoned' || meta.version !== expected) return refused(head.status, meta.version)
      // A delete since then has raised the metadata version.
      const condition = unchanged(expected)
      const changed = await table.update(
        {
          key: { pk: streamPartition(streamId), sk: metaKey },
          expression: 'SET #metadata = :metadata ADD #metadata_version :one',
          condition: condition.condition,
          names: ['metadata', 'metadata_version'],
          values: { ':metadata': { S: text }, ':one': { N: '1' }, ...condition.values },
        },
        call,
      )
      if (changed.done) return { status: 'changed', version: expected + 1 }
      const now = await readState(table, streamId, call)
      // The client itself has sent it twice: the second met what the first had stored.
      if (changed.repeated && now.meta.version === expected + 1 && now.meta.metadata === text)
        return { status: 'changed', version: expected + 1 }
      return refused(now.head.status, now.meta.version)
    },
  }
}

/** META is as it was read: each change raises its version. */
function unchanged(version: number): Pick<Update, 'values'> & { readonly condition: string } {
  if (version === 0) return { condition: 'attribute_not_exists(#metadata_version)', values: {} }
  return { condition: '#metadata_version = :unchanged', values: { ':unchanged': { N: String(version) } } }
}
