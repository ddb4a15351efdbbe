import { type Names, type Order, orderLock } from './schema.js'
import type { Statement } from './session.js'

/** Delete, tombstone, truncate and metadata: one UPDATE of the head each, with its condition inside. */
export type HeadStatements = Readonly<
  Record<'delete' | 'tombstone' | 'tombstoneAt' | 'truncate' | 'setMetadata' | 'setMetadataFirst', Statement>
>

/** Under `'strict'` each takes the lock of the log before its row, as an append does: the other way round two would wait for each other. */
export function headStatements(names: Names, order: Order): HeadStatements {
  const { streams } = names
  const held = order === 'strict' ? `(SELECT ${orderLock(names)}) IS NOT NULL` : 'true'
  return {
    delete: {
      text: `UPDATE ${streams} SET status = 1, first_version = version + 1, base_version = version, metadata = NULL,
        metadata_version = metadata_version + 1 WHERE stream_id = $1 AND status = 0 AND version = $2 AND version > 0 AND ${held} RETURNING 1`,
    },
    tombstone: {
      text: `INSERT INTO ${streams} AS s (stream_id, version, status) SELECT $1, 0, 2 WHERE ${held}
        ON CONFLICT (stream_id) DO UPDATE SET status = 2 WHERE s.status < 2 RETURNING 1`,
    },
    tombstoneAt: {
      text: `INSERT INTO ${streams} AS s (stream_id, version, status) SELECT $1, 0, 2 WHERE ${held}
          AND ($2::bigint = 0 OR EXISTS (SELECT 1 FROM ${streams} WHERE stream_id = $1))
        ON CONFLICT (stream_id) DO UPDATE SET status = 2 WHERE s.status < 2 AND s.version = $2 RETURNING 1`,
    },
    truncate: {
      text: `UPDATE ${streams} SET first_version = greatest(first_version, $2), metadata_version = metadata_version + (first_version < $2)::int
        WHERE stream_id = $1 AND status = 0 AND $2 <= version + 1 AND ${held} RETURNING 1`,
    },
    setMetadata: {
      text: `UPDATE ${streams} SET metadata = $2::json, metadata_version = metadata_version + 1
        WHERE stream_id = $1 AND status = 0 AND metadata_version = $3 AND ${held} RETURNING metadata_version`,
    },
    setMetadataFirst: {
      text: `INSERT INTO ${streams} AS s (stream_id, version, metadata, metadata_version) SELECT $1, 0, $2::json, 1 WHERE ${held}
        ON CONFLICT (stream_id) DO UPDATE SET metadata = excluded.metadata, metadata_version = 1
        WHERE s.status = 0 AND s.metadata_version = 0 RETURNING s.metadata_version`,
    },
  }
}
