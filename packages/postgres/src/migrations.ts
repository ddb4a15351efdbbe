import { translateError } from '@millrace/core'
import { poolEngine } from './client.js'
import { classifyError } from './map-error.js'
import { type Installed, findDrift, findInstalled, migrateEngine, pendingSql, schemaVersion } from './migrate.js'
import { type PostgresOptions, parseOptions } from './options.js'
import { schemaNames } from './schema.js'

/**
 * What is to be done to a database, and doing it. Each call connects and disconnects by itself. Errors: `unavailable`, `access-denied`,
 * `configuration`, `backend`.
 */
export interface Migrations {
  /** Versions that {@link Migrations.apply} would bring. */
  plan(): Promise<{ readonly installed: number; readonly target: number }>
  /** All statements for an empty database, to be run by somebody who may. Connects to nothing. */
  sql(): string
  /** Applies what is missing, in one transaction under a lock: any number of processes may call it at once. */
  apply(): Promise<{ readonly installed: number }>
  /** What is not as it should be; empty: all is well. */
  check(): Promise<string[]>
}

/** Migrations of the schema that the same options name. */
export function migrations(options: PostgresOptions | string = {}): Migrations {
  const parsed = parseOptions(options)
  const names = schemaNames(parsed.schema, parsed.tablePrefix)
  const { order = 'settled' } = parsed

  async function connected<T>(run: (engine: ReturnType<typeof poolEngine>) => Promise<T>): Promise<T> {
    const engine = poolEngine(parsed)
    try {
      return await run(engine)
    } catch (error) {
      throw translateError(error, { name: 'postgres', classifyError }, 'change').error
    } finally {
      await engine.close()
    }
  }
  const versionOf = (installed: Installed | undefined): number => installed?.version ?? 0

  return {
    plan: () =>
      connected(async (engine) => {
        const installed = await engine.transaction((runner) => findInstalled(runner, names))
        return { installed: versionOf(installed), target: schemaVersion }
      }),
    sql: () => `CREATE SCHEMA IF NOT EXISTS ${names.schema};\n\n${pendingSql(names, undefined, order)}`,
    apply: () => connected(async (engine) => ({ installed: versionOf(await migrateEngine(engine, names, order)) })),
    check: () =>
      connected((engine) =>
        engine.transaction(async (runner) => {
          const installed = await findInstalled(runner, names)
          if (installed === undefined) return [`the schema ${names.schema} is not set up`]
          const behind = installed.version < schemaVersion ? [`version ${installed.version} is installed, ${schemaVersion} is needed`] : []
          return [...behind, ...(await findDrift(runner, names))]
        }),
      ),
  }
}
