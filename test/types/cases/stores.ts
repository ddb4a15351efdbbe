import { type EventStoreAdapter, isConcurrencyError, isEventStoreError, openEventStore } from '@millrace/core'
import { type ConformanceHarness, runConformance } from '@millrace/core/conformance'
import { createMemoryStore, memory } from '@millrace/core/memory'
import { embedded } from '@millrace/embedded'
import { type PostgresAdapter, postgres } from '@millrace/postgres'
import { type Same, holds } from './events.js'

declare const maybe: string | undefined

// Every way to a store that needs no driver's types.
export const stores: EventStoreAdapter[] = [
  memory(),
  memory('memory:'),
  memory({ store: createMemoryStore(), capabilities: { readAll: false }, timeoutMs: undefined }),
  postgres('postgres://localhost/shop?schema=shop'),
  postgres({ connection: maybe, schema: maybe, setup: undefined }),
  embedded(),
  embedded('pglite:./data'),
  embedded({ folder: maybe, schema: undefined }),
]
export const opened: Promise<EventStoreAdapter>[] = [
  openEventStore(),
  openEventStore('memory:', { adapters: { memory } }),
  openEventStore({ adapter: 'postgres', connection: 'postgres://localhost/shop' }),
]

const typed: PostgresAdapter = postgres()
void typed

export async function guarded(error: unknown): Promise<string> {
  if (isConcurrencyError(error)) {
    holds<Same<typeof error.streamId, string>>()
    return `${error.streamId} is at ${error.actualVersion}`
  }
  if (isEventStoreError(error)) return error.hint ?? error.code
  return 'other'
}

export function proveIt(harness: ConformanceHarness): Promise<unknown> {
  return runConformance(harness, { profile: 'standard', cases: ['APP', 'CON-02'], seed: 7 })
}

// @ts-expect-error an option that does not exist
memory({ capacity: 1 })
// @ts-expect-error neither a URL nor options
postgres(5432)
// @ts-expect-error setup is auto or manual
embedded({ setup: 'none' })
// @ts-expect-error options name their adapter
void openEventStore({ connection: 'postgres://localhost/shop' })
