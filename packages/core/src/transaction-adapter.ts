import type { EventStoreAdapter } from './adapter.js'
import type { Backend } from './backend.js'
import { type AdapterOptions, createAdapter } from './create-adapter.js'

/** What of an adapter works inside a transaction of the caller's: everything but the log, subscriptions and lifecycle. */
export type TransactionAdapter = Pick<
  EventStoreAdapter,
  | 'appendToStream'
  | 'appendToStreams'
  | 'readStream'
  | 'getStreamState'
  | 'listStreams'
  | 'deleteStream'
  | 'tombstoneStream'
  | 'truncateStream'
  | 'getStreamMetadata'
  | 'setStreamMetadata'
>

const members: readonly (keyof TransactionAdapter)[] = [
  'appendToStream',
  'appendToStreams',
  'readStream',
  'getStreamState',
  'listStreams',
  'deleteStream',
  'tombstoneStream',
  'truncateStream',
  'getStreamMetadata',
  'setStreamMetadata',
]

/**
 * Makes a {@link TransactionAdapter} of a backend whose every request goes into one transaction of the caller's. For adapter authors.
 *
 * Each call makes one attempt, and nothing is settled: a second one inside a transaction that has failed is of no use, and one whose
 * connection is lost is over.
 */
export function createTransactionAdapter(backend: Backend, options: AdapterOptions = {}): TransactionAdapter {
  const adapter = createAdapter(backend, { ...options, retry: false })
  return Object.fromEntries(members.map((member) => [member, adapter[member]])) as unknown as TransactionAdapter
}
