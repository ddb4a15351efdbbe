import { translateError } from '@millrace/core'
import { poolEngine } from './client.js'
import { classifyError } from './map-error.js'
import { findDrift } from './check-schema.js'
import { type Installed, findInstalled, migrateEngine, pendingSql, pendingSteps, schemaVersion } from './migrate.js'
import { type PostgresOptions, parseOptions } from './options.js'
import type { QueryRunner } from './sessions.js'

/**
 * What is to be done to a database, and doing it. Each call connects and disconnects by itself. Errors: `unavailable`, `access-denied`,
 * `configuration`, `backend`.
 */
export interface Migrations {
  /** Versions that {@link Migrations.apply} would bring, and what it would do, a line each. Changes nothing: a standby answers too. */
  plan(): Promise<{ readonly installed: number; readonly target: number; readonly pending: readonly string[] }>
  /**
   * The statements, to be read, or run by somebody who may: for an empty database, or for one that has version `from`. Connects to
   * nothing.
   */
  sql(from?: number): string
  /** Applies what is missing, in one transaction under a lock: any number of processes may call it at once. */
  apply(): Promise<{ readonly installed: number }>
  /** What is not as it should be; empty: all is well. Changes nothing: a standby answers too. */
  check(): Promise<string[]>
}

/** Migrations of the schema that the same options name. */
export function migrations(options: PostgresOptions | string = {}): Migrations {
  const parsed = parseOptions(options)
  const { names, order } = parsed

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
  /** One consistent look that changes nothing, so that a standby can be asked too. */
  const looking = <T>(run: (runner: QueryRunner) => Promise<T>): Promise<T> =>
    connected((engine) =>
      engine.session(async (session) => {
        await session.script('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
        const result = await run(session)
        await session.script('COMMIT')
        return result
      }),
    )
  const versionOf = (installed: Installed | undefined): number => installed?.version ?? 0

  return {
    plan: () =>
      looking(async (runner) => {
        const installed = await findInstalled(runner, names)
        return { installed: versionOf(installed), target: schemaVersion, pending: pendingSteps(installed, order) }
      }),
    sql: (from = 0) =>
      from === 0
        ? `CREATE SCHEMA IF NOT EXISTS ${names.schema};\n\n${pendingSql(names, undefined, order)}`
        : pendingSql(names, { version: from, order: 'settled' }, order),
    apply: () => connected(async (engine) => ({ installed: versionOf(await migrateEngine(engine, names, order)) })),
    check: () =>
      looking(async (runner) => {
        const installed = await findInstalled(runner, names)
        if (installed === undefined) return [`the schema ${names.schema} is not set up`]
        const wrong = installed.order === order ? [] : [`the log is in order '${installed.order}', not '${order}'`]
        const behind = installed.version < schemaVersion ? [`version ${installed.version} is installed, ${schemaVersion} is needed`] : []
        return [...behind, ...wrong, ...(await findDrift(runner, names, installed.order))]
      }),
  }
}
