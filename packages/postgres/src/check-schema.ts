import { fillNames } from './migrate.js'
import type { Names, Order } from './schema.js'
import type { QueryRunner } from './sessions.js'
import { steps } from './sql-steps.js'

const text = 'text C'
const [bigint, time] = ['bigint', 'timestamp with time zone']
/** Columns with their types; a `?` after it: may be null. */
const tables = {
  streams: {
    stream_id: text,
    version: bigint,
    first_version: bigint,
    base_version: bigint,
    metadata_version: bigint,
    created_at: time,
    status: 'smallint',
    metadata: 'json?',
    settled: 'json?',
  },
  events: {
    position: bigint,
    version: bigint,
    created_at: time,
    id: 'uuid',
    stream_id: text,
    stream_type: `${text}?`,
    event_type: text,
    event_data: 'json?',
    event_bytes: 'bytea?',
    metadata: 'json?',
  },
  migrations: { version: 'integer', min_client: 'integer', store_order: 'text', log_id: 'text', applied_at: time },
} as const
/** Columns of unique indexes. */
const uniques = { streams: ['stream_id'], events: ['position', 'stream_id version'], migrations: ['version'] } as const
const functions = ['append_v2', 'append_many_v2', 'append_all_v2'] as const

/** Columns, types, indexes and functions that are not as the steps made them, and a sequence that would lose events. Empty: all is well. */
export async function findDrift(runner: QueryRunner, names: Names, order: Order): Promise<string[]> {
  const drift: string[] = []
  for (const table of ['streams', 'events', 'migrations'] as const) {
    const columns = await columnsOf(runner, names[table])
    for (const [column, wanted] of Object.entries(tables[table])) {
      const found = columns.get(column)
      if (found === undefined) drift.push(`column ${table}.${column} is missing`)
      else if (found !== wanted) drift.push(`column ${table}.${column} is ${found}, not ${wanted}`)
    }
    const indexes = await uniqueIndexes(runner, names[table])
    for (const columnNames of uniques[table])
      if (!indexes.includes(columnNames))
        drift.push(`the unique index of ${table} (${columnNames.replace(' ', ', ')}) is missing or not valid`)
  }
  for (const name of functions) {
    const found = await runner.query(
      'SELECT p.prosrc FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = $1 AND p.proname = $2',
      [names.schemaText, `${names.prefix}${name}`],
    )
    if (found.length === 0) drift.push(`function ${name} is missing`)
    else if (!found.some(([body]) => body === bodyOf(name, names, order))) drift.push(`function ${name} is not the one of this version`)
  }
  return [...drift, ...(await sequenceDrift(runner, names))]
}

async function columnsOf(runner: QueryRunner, table: string): Promise<Map<string, string>> {
  const rows = await runner.query(
    `SELECT a.attname, format_type(a.atttypid, a.atttypmod) || coalesce(' ' || nullif(c.collname, 'default'), '') || CASE WHEN a.attnotnull THEN '' ELSE '?' END
        FROM pg_attribute AS a LEFT JOIN pg_collation AS c ON c.oid = a.attcollation
        WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`,
    [table],
  )
  return new Map(rows.map(([name, type]) => [name ?? '', type ?? '']))
}

async function uniqueIndexes(runner: QueryRunner, table: string): Promise<string[]> {
  const rows = await runner.query(
    `SELECT string_agg(a.attname, ' ' ORDER BY k.place) FROM pg_index AS i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place), pg_attribute AS a
        WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND a.attrelid = i.indrelid AND a.attnum = k.number
        GROUP BY i.indexrelid`,
    [table],
  )
  return rows.map(([columns]) => columns ?? '')
}

async function sequenceDrift(runner: QueryRunner, { events }: Names): Promise<string[]> {
  const [there] = await runner.query('SELECT to_regclass($1)', [events])
  if (there?.[0] == null) return []
  const [row] = await runner.query(
    `SELECT s.seqcache, pg_sequence_last_value(s.seqrelid) >= (SELECT max(position) FROM ${events})
        FROM pg_sequence AS s WHERE s.seqrelid = pg_get_serial_sequence($1, 'position')::regclass`,
    [events],
  )
  const [cache, ahead] = row ?? []
  return [
    ...(cache === '1' ? [] : ['the sequence of events.position must have CACHE 1, or readers skip events']),
    ...(ahead === 'f' || ahead === 'false' ? ['the sequence of events.position is behind the log: it was restored without it'] : []),
  ]
}

/** What the last step that made it put between its tags. */
function bodyOf(name: (typeof functions)[number], names: Names, order: Order): string | undefined {
  const making = new RegExp(String.raw`FUNCTION \{${name}\}[^]*?AS (\$\w+\$)([^]*?)\1;`, 'u')
  const bodies = steps.flatMap(({ sql }) => making.exec(sql)?.[2] ?? [])
  const last = bodies.at(-1)
  return last === undefined ? undefined : fillNames(last, names, order)
}
