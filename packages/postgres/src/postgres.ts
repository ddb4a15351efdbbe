import { type EventStoreAdapter, createAdapter, createPositions } from '@millrace/core'
import { postgresBackend } from './backend.js'
import { poolEngine } from './client.js'
import { type PostgresClient, type PostgresOptions, parseOptions } from './options.js'
import { type PostgresTransaction, transactionAdapter } from './with-client.js'

/** The adapter for PostgreSQL, with what only it can do. */
export interface PostgresAdapter extends EventStoreAdapter {
  /**
   * The store inside the caller's own transaction: what is appended is stored when, and only if, the caller commits. It adds no BEGIN,
   * retry, settling or setting; the caller opens the adapter before, and ends the transaction.
   *
   * A `ConcurrencyError` leaves the transaction usable. An error of the server does not.
   */
  withClient(client: PostgresClient): PostgresTransaction
}

/**
 * The PostgreSQL adapter. It connects on first use.
 *
 * One round trip per append, checked by the server; a lost answer is settled under the stream's lock; `readAll` and `subscribeToAll`
 * never skip an event, whatever else writes. See the guide `docs/postgres.md`.
 *
 * @param options a URL (`postgres://user:password@host/database?schema=shop`) or {@link PostgresOptions}. Errors: `configuration`.
 */
export function postgres(options: PostgresOptions | string = {}): PostgresAdapter {
  const parsed = parseOptions(options)
  const { order, pool, pooler, coalesce, timeouts, timeoutMs, pageSize } = parsed
  // The connections of our own pool have it from their start; to set it with each append costs the server a sixth of it.
  const lockMs = pool === undefined && pooler !== 'transaction' ? 0 : timeouts.lockMs
  const positions = createPositions('p1')
  const backend = postgresBackend(poolEngine(parsed), {
    ...parsed,
    name: 'postgres',
    positions,
    lockMs,
    // Under 'strict' all wait for the one lock of the log, so that there is nobody to be held up.
    coalesceLockMs: coalesce === false ? undefined : order === 'strict' ? lockMs : Math.min(50, timeouts.lockMs),
    settleMs: timeouts.settleMs,
  })
  return Object.assign(createAdapter(backend, { timeoutMs, pageSize }), {
    // Of its own: what a transaction finds out before the adapter is open must not pass for the adapter's opening.
    withClient: (client: PostgresClient) => transactionAdapter(client, parsed, createPositions('p1', positions.logId)),
  })
}
