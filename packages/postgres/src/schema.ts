import { ConfigurationError } from '@millrace/core'

/** Quoted, schema-qualified names of everything in the database that is ours. */
export interface Names {
  readonly schema: string
  readonly schemaText: string
  readonly prefix: string
  readonly streams: string
  readonly events: string
  readonly migrations: string
  readonly append_v1: string
  readonly append_many_v1: string
}

/** Longest identifier that the server keeps whole, in bytes. */
const maximumBytes = 63

/** Errors: `configuration` for a name that the server would cut, or that cannot be quoted. */
export function schemaNames(schema = 'millrace', tablePrefix = ''): Names {
  const name = (part: string): string => `${quoteName(schema)}.${quoteName(`${tablePrefix}${part}`)}`
  return {
    schema: quoteName(schema),
    schemaText: schema,
    prefix: tablePrefix,
    streams: name('streams'),
    events: name('events'),
    migrations: name('migrations'),
    append_v1: name('append_v1'),
    append_many_v1: name('append_many_v1'),
  }
}

/** Puts the names into a numbered step. */
export function fillNames(sql: string, names: Names): string {
  return unusedTags(sql, `${names.schema}${names.streams}`).replaceAll(
    /\{(streams|events|migrations|append_v1|append_many_v1)\}/gu,
    (_, name: keyof Names) => names[name],
  )
}

/** Bodies of functions stand between tags like `$append$`; a name that holds one would end the body, and the rest of it would run. */
function unusedTags(sql: string, names: string): string {
  if (!names.includes('$')) return sql
  let suffix = '_'
  while (names.includes(`${suffix}$`)) suffix += '_'
  return sql.replaceAll(/\$(append|many)\$/gu, (_, tag: string) => `$${tag}${suffix}$`)
}

function quoteName(name: string): string {
  if (name === '' || /[\0\uD800-\uDFFF]/u.test(name))
    throw new ConfigurationError('a schema or table name is empty or not well-formed.', { adapter: 'postgres' })
  if (Buffer.byteLength(name) > maximumBytes)
    throw new ConfigurationError(`the name "${name.slice(0, 20)}..." is longer than ${maximumBytes} bytes.`, {
      adapter: 'postgres',
      hint: 'Choose a shorter schema or tablePrefix.',
    })
  return `"${name.replaceAll('"', '""')}"`
}
