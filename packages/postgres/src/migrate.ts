import { type BackendCall, ConfigurationError } from '@millrace/core'
import { type Names, type Order, orderLock } from './schema.js'
import type { QueryRunner } from './sessions.js'
import type { Engine } from './store.js'
import { steps } from './sql-steps.js'

/** The schema that this code reads and writes. */
export const schemaVersion: number = Math.max(...steps.map(({ version }) => version))

/** What is in the database. */
export interface Installed {
  readonly version: number
  /** Oldest schema version a client must know to work here. */
  readonly minClient: number
  readonly logId: string
  readonly order: Order
}

/**
 * What is installed; undefined: nothing.
 *
 * It asks the catalogue's tables. `to_regclass` looks into the session's cache, which a transaction that waited for a lock does not
 * refresh: measured on PostgreSQL 15, it went on saying that nothing is there after the holder of the lock had created it all.
 */
export async function findInstalled(runner: QueryRunner, names: Names): Promise<Installed | undefined> {
  const [there] = await runner.query(
    'SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2',
    [names.schemaText, `${names.prefix}migrations`],
  )
  if (there === undefined) return undefined
  const [row] = await runner.query(`SELECT max(version), max(min_client), min(log_id), min(store_order) FROM ${names.migrations}`, [])
  if (row?.[0] == null) return undefined
  return { version: Number(row[0]), minClient: Number(row[1]), logId: row[2] ?? '', order: row[3] as Order }
}

export interface SchemaOptions {
  /** Name of the adapter, for errors. */
  readonly name: string
  readonly names: Names
  readonly setup: 'auto' | 'manual'
  readonly order: Order
  /** What to do about a schema that is older. Default: `migrations(options).apply()`. */
  readonly upgradeHint?: string | undefined
}

/** Finds the schema, or makes it where `setup` allows; refuses one that is older or too new. Errors: `configuration`. */
export async function openSchema(engine: Engine, options: SchemaOptions, call: BackendCall): Promise<Installed> {
  const { name: adapter, names, setup, order, upgradeHint = 'Run migrations(options).apply().' } = options
  const runner: QueryRunner = { query: (statement, parameters) => engine.read(statement, parameters, call) }
  let installed = await findInstalled(runner, names)
  if (installed === undefined) {
    if (setup === 'manual')
      throw new ConfigurationError(`the schema ${names.schema} is not set up.`, {
        adapter,
        hint: "Run what migrations(options).sql() prints, or open once with setup: 'auto' and a role that may create tables.",
      })
    installed = await migrateEngine(engine, names, order)
  }
  if (installed.minClient > schemaVersion)
    throw new ConfigurationError(`the schema ${names.schema} has version ${installed.version}, this adapter knows ${schemaVersion}.`, {
      adapter,
      hint: 'Update the adapter.',
    })
  if (installed.version < schemaVersion)
    throw new ConfigurationError(`the schema ${names.schema} has version ${installed.version}, this adapter needs ${schemaVersion}.`, {
      adapter,
      hint: upgradeHint,
    })
  if (installed.order !== order)
    throw new ConfigurationError(`the log in ${names.schema} is in order '${installed.order}', and order: '${order}' was asked for.`, {
      adapter,
      hint: `Give order: '${installed.order}'; or, while nothing uses the store, run migrations({ …, order: '${order}' }).apply().`,
    })
  return installed
}

/** Applies what is missing, in one transaction under a lock: any number of processes may do it at once. */
export async function migrateEngine(engine: Engine, names: Names, order: Order): Promise<Installed> {
  if (engine.transaction === undefined) throw new Error('set-up does not run in a caller’s transaction')
  return engine.transaction(async (runner) => {
    // Another set-up may take longer than an append may wait for its stream.
    await runner.query("SELECT set_config('lock_timeout', '0', true)", [])
    // Bare IF NOT EXISTS fails when several processes start at once.
    await runner.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 4711))', [names.migrations])
    const installed = await findInstalled(runner, names)
    const [schema] = await runner.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [names.schemaText])
    // A role without the right to create schemas may work in one that was made for it.
    if (schema === undefined) await runner.script(`CREATE SCHEMA ${names.schema}`)
    await runner.script(pendingSql(names, installed, order))
    const now = await findInstalled(runner, names)
    if (now === undefined) throw new Error('the migration left no trace')
    return now
  })
}

/** The statements that bring a database from what is installed to what this code needs. */
export function pendingSql(names: Names, installed: Pick<Installed, 'version' | 'order'> | undefined, order: Order): string {
  const before = installed?.order ?? 'settled'
  const pending = steps
    .filter(({ version }) => version > (installed?.version ?? 0))
    .map(({ version, sql, minClient }) => {
      const logId =
        installed === undefined && version === 1
          ? 'substr(md5(random()::text || clock_timestamp()::text), 1, 8)'
          : `(SELECT min(log_id) FROM ${names.migrations})`
      return `${fillNames(sql, names, before)}\nINSERT INTO ${names.migrations} (version, min_client, store_order, log_id) VALUES (${version}, ${minClient}, '${before}', ${logId});\n`
    })
  return [...pending, ...(order === before ? [] : [reorderSql(names, order)])].join('\n')
}

/** Puts the names into a numbered step. */
export function fillNames(sql: string, names: Names, order: Order): string {
  const lock = order === 'strict' ? `PERFORM ${orderLock(names)};` : 'NULL;'
  return unusedTags(sql, `${names.schema}${names.streams}`)
    .replaceAll('{order_lock}', lock)
    .replaceAll(/\{([a-z]+(?:_[a-z]+)*(?:_v\d)?)\}/gu, (given, name: keyof Names) => names[name] ?? given)
}

/** Bodies of functions stand between tags like `$append$`; a name that holds one would end the body, and the rest of it would run. */
function unusedTags(sql: string, names: string): string {
  if (!names.includes('$')) return sql
  let suffix = '_'
  while (names.includes(`${suffix}$`)) suffix += '_'
  return sql.replaceAll(/\$(append|many|all)\$/gu, (_, tag: string) => `$${tag}${suffix}$`)
}

/** What {@link pendingSql} does, a line each. */
export function pendingSteps(installed: Installed | undefined, order: Order): string[] {
  const pending = steps.filter(({ version }) => version > (installed?.version ?? 0)).map(({ name }) => name)
  return order === (installed?.order ?? 'settled') ? pending : [...pending, `order '${order}'`]
}

/** The functions of version 1 know no order, so a strict log is without them: who still calls them is refused. */
const strictMinClient = 2

/** Changes the order of the log: no append is under way meanwhile, and the functions take, or no longer take, the lock. */
function reorderSql(names: Names, order: Order): string {
  const functions = steps.filter(({ sql }) => sql.includes('{order_lock}')).map(({ sql }) => fillNames(sql, names, order))
  return [
    `LOCK TABLE ${names.events} IN SHARE ROW EXCLUSIVE MODE;`,
    ...functions,
    ...(order === 'strict' ? [`DROP FUNCTION IF EXISTS ${names.append_many_v1};`, `DROP FUNCTION IF EXISTS ${names.append_v1};`] : []),
    `UPDATE ${names.migrations} SET store_order = '${order}', min_client = greatest(min_client, ${strictMinClient});`,
    '',
  ].join('\n')
}
