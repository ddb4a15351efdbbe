import { sql as schema } from './sql/001-schema.js'
import { sql as coalescedAppends } from './sql/002-coalesced-appends.js'

/** One numbered step of the schema. */
export interface Step {
  readonly version: number
  readonly name: string
  /** Oldest version of a client that still works after it: functions of that version stay, and mean what they meant. */
  readonly minClient: number
  readonly sql: string
}

/** The numbered steps that make the schema, each a file in `sql/`. A step that was released never changes. */
export const steps: readonly Step[] = [
  { version: 1, name: '001-schema', minClient: 1, sql: schema },
  { version: 2, name: '002-coalesced-appends', minClient: 1, sql: coalescedAppends },
]
