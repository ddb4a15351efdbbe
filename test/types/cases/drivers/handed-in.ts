import { PGlite } from '@electric-sql/pglite'
import type { EventStoreDBClient } from '@eventstore/db-client'
import type { KurrentDBClient } from '@kurrent/kurrentdb-client'
import type { EventStoreAdapter } from '@millrace/core'
import type { ConformanceHarness } from '@millrace/core/conformance'
import { describeConformance } from '@millrace/core/conformance/vitest'
import { embedded } from '@millrace/embedded'
import { eventStoreDB } from '@millrace/eventstoredb'
import { type PostgresPool, postgres } from '@millrace/postgres'
import pg from 'pg'

// skipLibCheck: PGlite's declarations need the DOM, and those of pg-protocol a @types/node made for TypeScript 5.7.

declare const maybe: string | undefined

// Drivers are structural types: a pool of the real package fits.
const pool: PostgresPool = new pg.Pool({ max: 2 })
export const stores: EventStoreAdapter[] = [postgres({ pool }), postgres({ pool: () => new pg.Pool() })]

/** Both clients fit one structural type. */
export const nodes = (one: EventStoreDBClient, other: KurrentDBClient): EventStoreAdapter[] => [
  eventStoreDB(one),
  eventStoreDB({ client: () => other }),
]

export async function inProcess(): Promise<EventStoreAdapter> {
  const pglite = await PGlite.create()
  // @ts-expect-error known defect of PGliteLike: PGlite wants serializers that return strings. Fixed? Delete this line.
  return embedded({ pglite })
}

export function proveIt(harness: ConformanceHarness): void {
  describeConformance(harness, { profile: 'smoke', reportFile: maybe, seed: undefined })
}
