import type { Backend, BackendCall, HeadChange } from '@millrace/core'
import type { StreamReads } from './read.js'
import { orderLock } from './schema.js'
import type { Parameter, Store } from './store.js'

type HeadChanges = Required<Pick<Backend, 'deleteStream' | 'tombstoneStream' | 'truncateStream' | 'writeMetadata'>>

/**
 * Delete, tombstone, truncate and metadata: one UPDATE of the head each, with its condition inside. Under `'strict'` each takes the lock of
 * the log before its row, as an append does: the other way round two would wait for each other.
 */
export function headChanges({ engine, names, order }: Store, { readHead, readMetadata }: StreamReads): HeadChanges {
  const { streams } = names
  const held = order === 'strict' ? `(SELECT ${orderLock(names)}) IS NOT NULL` : 'true'
  const deletion = `UPDATE ${streams} SET status = 1, first_version = version + 1, base_version = version, metadata = NULL,
      metadata_version = metadata_version + 1 WHERE stream_id = $1 AND status = 0 AND version = $2 AND version > 0 AND ${held} RETURNING 1`
  const tombstone = `INSERT INTO ${streams} AS s (stream_id, version, status) SELECT $1, 0, 2 WHERE ${held}
      ON CONFLICT (stream_id) DO UPDATE SET status = 2 WHERE s.status < 2 RETURNING 1`
  const tombstoneAt = `INSERT INTO ${streams} AS s (stream_id, version, status) SELECT $1, 0, 2 WHERE ${held}
        AND ($2::bigint = 0 OR EXISTS (SELECT 1 FROM ${streams} WHERE stream_id = $1))
      ON CONFLICT (stream_id) DO UPDATE SET status = 2 WHERE s.status < 2 AND s.version = $2 RETURNING 1`
  const truncation = `UPDATE ${streams} SET first_version = greatest(first_version, $2), metadata_version = metadata_version + (first_version < $2)::int
      WHERE stream_id = $1 AND status = 0 AND $2 <= version + 1 AND ${held} RETURNING 1`
  const metadata = `UPDATE ${streams} SET metadata = $2::json, metadata_version = metadata_version + 1
      WHERE stream_id = $1 AND status = 0 AND metadata_version = $3 AND ${held} RETURNING metadata_version`
  const firstMetadata = `INSERT INTO ${streams} AS s (stream_id, version, metadata, metadata_version) SELECT $1, 0, $2::json, 1 WHERE ${held}
      ON CONFLICT (stream_id) DO UPDATE SET metadata = excluded.metadata, metadata_version = 1
      WHERE s.status = 0 AND s.metadata_version = 0 RETURNING s.metadata_version`

  /** May hit no row: then the head says why. The stream is the first parameter. */
  async function change(statement: string, [streamId, ...more]: [string, ...Parameter[]], call: BackendCall): Promise<HeadChange> {
    const rows = await engine.change(statement, [streamId, ...more], call)
    return rows.length > 0 ? { status: 'changed' } : { status: 'refused', head: await readHead(streamId, call) }
  }

  return {
    deleteStream: ({ streamId, version }, call) => change(deletion, [streamId, version], call),
    tombstoneStream: ({ streamId, version }, call) =>
      version === undefined ? change(tombstone, [streamId], call) : change(tombstoneAt, [streamId, version], call),
    async truncateStream({ streamId, before }, call) {
      const changed = await change(truncation, [streamId, before], call)
      // A missing stream may be "truncated" before its first event, which changes nothing.
      return changed.status === 'refused' && changed.head.status === 'missing' && before === 1 ? { status: 'changed' } : changed
    },
    async writeMetadata({ streamId, text, expectedMetadataVersion: expected = 0 }, call) {
      const [row] = await (expected === 0
        ? engine.change(firstMetadata, [streamId, text], call)
        : engine.change(metadata, [streamId, text, expected], call))
      if (row !== undefined) return { status: 'changed', version: Number(row[0]) }
      const { status, version } = await readMetadata(streamId, call)
      return { status: 'refused', streamStatus: status, version }
    },
  }
}
