import { createHash } from 'node:crypto'
import { ConfigurationError } from '@millrace/core'

const functions = ['append_v1', 'append_many_v1', 'append_v2', 'append_many_v2', 'append_all_v2'] as const
const tables = ['streams', 'events', 'migrations'] as const

/** What is ours in the database. */
export type ObjectName = (typeof tables | typeof functions)[number]

/** Quoted, schema-qualified names of everything in the database that is ours. */
export interface Names extends Record<ObjectName, string> {
  readonly schema: string
  readonly schemaText: string
  readonly prefix: string
}

/** How the log is ordered: `'settled'` lets readers wait, `'strict'` writers. */
export type Order = 'settled' | 'strict'

/** Longest identifier that the server keeps whole, in bytes. */
const maximumBytes = 63

/** Errors: `configuration` for a name that the server would cut, or that cannot be quoted. */
export function schemaNames(schema = 'millrace', tablePrefix = ''): Names {
  const named = [...tables, ...functions].map((name) => [name, `${quoteName(schema)}.${quoteName(`${tablePrefix}${name}`)}`])
  const objects = Object.fromEntries(named) as Record<ObjectName, string>
  return { ...objects, schema: quoteName(schema), schemaText: schema, prefix: tablePrefix }
}

/** Takes the lock that orders a strict log, until the transaction ends. Two stores of a database hardly share one, and if so only wait. */
export const orderLock = ({ events }: Names): string =>
  `pg_advisory_xact_lock(${createHash('sha256').update(events).digest().readBigInt64BE()})`

function quoteName(name: string): string {
  if (name === '' || /[\0\uD800-\uDFFF]/u.test(name) || Buffer.byteLength(name) > maximumBytes)
    throw new ConfigurationError(`the name "${name.slice(0, 20)}…" is not well-formed, or not of 1 to ${maximumBytes} bytes.`, {
      adapter: 'postgres',
      hint: 'Choose another schema or tablePrefix.',
    })
  return `"${name.replaceAll('"', '""')}"`
}
