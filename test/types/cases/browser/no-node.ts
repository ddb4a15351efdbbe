import { type EventStoreAdapter, isConcurrencyError, openEventStore } from '@millrace/core'
import { memory } from '@millrace/core/memory'

// Core's types need no @types/node.
export async function run(signal: AbortSignal): Promise<number> {
  const store: EventStoreAdapter = memory()
  try {
    await store.appendToStream('a', [{ type: 'Noted', data: 1 }], { expectedVersion: 'noStream', signal })
  } catch (error) {
    if (isConcurrencyError(error)) return error.actualVersion ?? 0
  }
  return (await (await openEventStore('memory:')).readStream('a').toArray()).length
}
