import { type EventStoreAdapter, createAdapter } from '@millrace/core'
import { eventStoreDBBackend } from './backend.js'
import { createSession } from './client.js'
import type { EventStoreDBClient } from './driver.js'
import { type EventStoreDBOptions, parseOptions } from './options.js'

/**
 * The adapter for EventStoreDB and KurrentDB, over either of their clients. It connects on first use.
 *
 * Appends are checked by the server, atomically; subscriptions are pushed by it and resumed after whatever breaks them. See the guide
 * `docs/eventstoredb.md`.
 *
 * `idempotency.any` is `'recent'`: a retry with `'any'` or `'streamExists'` is recognised while the leader has the ids in its memory. Known
 * ids followed by new ones are a `concurrency` error then, although no version was expected, and nothing is stored; new ones followed by known
 * ones are all stored.
 *
 * @param options a connection string (`esdb://user:password@host:2113`), a client, a function that makes one, or {@link EventStoreDBOptions}. A
 * client handed in is never disposed. Errors: `configuration`.
 */
export function eventStoreDB(options: EventStoreDBOptions | EventStoreDBClient | (() => EventStoreDBClient) | string): EventStoreAdapter {
  const parsed = parseOptions(options)
  return createAdapter(eventStoreDBBackend(createSession(parsed)), { timeoutMs: parsed.timeoutMs, pageSize: parsed.pageSize })
}
