import type { Backend, BackendCall, HeadChange, MetadataChange, StreamHead } from '@millrace/core'
import { type Item, type Seal, keyOf, streamPartition, versionKey } from './items.js'
import { readState, readTip } from './state.js'
import type { ConditionalPut, Table } from './table.js'

type HeadChanges = Required<Pick<Backend, 'deleteStream' | 'tombstoneStream'>> &
  Required<Pick<Backend, 'truncateStream' | 'readMetadata' | 'writeMetadata'>>

/**
 * Delete, tombstone, truncate and stream metadata. A delete uses up no version and still has to race safely with appends, so it takes
 * the slot that the next append would take, together with META, in one transaction. Cases: DEL, MET.
 */
export function createHeadChanges(table: Table): HeadChanges {
  /** Takes the slot after `version`. False: something else stands there. */
  async function seal(streamId: string, version: number, kind: Seal, call: BackendCall): Promise<boolean> {
    const id = crypto.randomUUID().replaceAll('-', '')
    const key = keyOf({ pk: streamPartition(streamId), sk: versionKey(version + 1) })
    const item: Item = { ...key, seal: { S: kind }, commit_id: { S: id } }
    // Only a tombstone may take the place of the seal of a soft delete.
    const put: ConditionalPut = { item, when: kind === 'deleted' ? 'absent' : 'or-deleted' }
    const set: Item = kind === 'deleted' ? { deleted_through: { N: String(version) } } : { tombstoned: { BOOL: true } }
    return (await table.put([put], { streamId, set, remove: 'metadata' }, id, call)).done
  }

  async function refusedBy(streamId: string, call: BackendCall): Promise<HeadChange> {
    return { status: 'refused', head: (await readState(table, streamId, call)).head }
  }

  return {
    /** Sent again after a lost answer it meets its own seal, and the head says that this version was deleted. */
    async deleteStream({ streamId, version }, call) {
      return (await seal(streamId, version, 'deleted', call)) ? { status: 'changed' } : refusedBy(streamId, call)
    },

    async tombstoneStream({ streamId, version }, call) {
      for (;;) {
        const tip = version === undefined ? await readTip(table, streamId, false, call) : { version, seal: undefined }
        if (tip.seal === 'tombstoned') return refusedBy(streamId, call)
        if (await seal(streamId, tip.version, 'tombstoned', call)) return { status: 'changed' }
        if (version !== undefined) return refusedBy(streamId, call)
        // An append was faster: whatever the version is, the stream ends now.
      }
    },

    async truncateStream({ streamId, before }, call) {
      for (;;) {
        const { head, meta } = await readState(table, streamId, call)
        if (head.status === 'deleted' || head.status === 'tombstoned' || before > head.version + 1) return { status: 'refused', head }
        if (before <= head.firstVersion) return { status: 'changed' }
        const set: Item = { truncate_before: { N: String(before) } }
        const changed = await table.update({ streamId, set, ifVersion: meta.version }, call)
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
      const changed = await table.update({ streamId, set: { metadata: { S: text } }, ifVersion: expected }, call)
      if (changed.done) return { status: 'changed', version: expected + 1 }
      const now = await readState(table, streamId, call)
      // The client itself has sent it twice: the second met what the first had stored.
      if (changed.repeated && now.meta.version === expected + 1 && now.meta.metadata === text)
        return { status: 'changed', version: expected + 1 }
      return refused(now.head.status, now.meta.version)
    },
  }
}
