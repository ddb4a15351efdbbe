import { PGlite } from '@electric-sql/pglite'
import type { EventStoreAdapter } from '@millrace/core'
import type { ConformanceHarness } from '@millrace/core/conformance'
import { describeConformance } from '@millrace/core/conformance/vitest'
import { embedded } from '@millrace/embedded'
import { type PostgresPool, postgres } from '@millrace/postgres'
import pg from 'pg'

// skipLibCheck: PGlite's declarations need the DOM, and those of pg-protocol a @types/node made for TypeScript 5.7.

declare const maybe: string | undefined

// Drivers are structural types: a pool of the real package fits.
const pool: PostgresPool = new pg.Pool({ max: 2 })
export const stores: EventStoreAdapter[] = [postgres({ pool }), postgres({ pool: () => new pg.Pool() })]

export async function inProcess(): Promise<EventStoreAdapter> {
  const pglite = await PGlite.create()
  // @ts-expect-error known defect of PGliteLike: PGlite wants serializers that return strings. Fixed? Delete this line.
  return embedded({ pglite })
}

export function proveIt(harness: ConformanceHarness): void {
  describeConformance(harness, { profile: 'smoke', reportFile: maybe, seed: undefined })
}
