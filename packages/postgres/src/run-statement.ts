import { createHash } from 'node:crypto'
import type { PostgresClient, QueryConfig } from './options.js'
import type { Values, Row, Rows } from './store.js'

/** Everything as the text the server prints: never a global type parser, never a number that loses digits. */
const asText: QueryConfig['types'] = { getTypeParser: () => (value) => value }

/** Names of statements on the server, by their texts, as long as an adapter lasts. */
export type StatementNames = Map<string, string>

/** One statement on one client; without `names` its plan is not kept. */
export async function runStatement(client: PostgresClient, text: string, values: Values, names?: StatementNames): Promise<Rows> {
  const name = names && nameOf(text, names)
  const { rows } = await client.query({ name, text, values: [...values], rowMode: 'array', types: asText } as QueryConfig)
  // Taken out of the driver's result: its promises are kept until the old generation is collected, and each page of a long read with them.
  return (rows as Row[]).splice(0)
}

/** A name that belongs to the text: the caller's pool may serve adapters on other schemas. */
function nameOf(statement: string, names: StatementNames): string {
  const name = names.get(statement) ?? `millrace_${createHash('sha256').update(statement).digest('base64url').slice(0, 16)}`
  names.set(statement, name)
  return name
}
