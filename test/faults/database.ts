import { randomBytes } from 'node:crypto'
import type { EventStoreAdapter } from '@millrace/core'
import { type PostgresAdapter, type PostgresOptions, type PostgresPool, postgres } from '@millrace/postgres'
import pg from 'pg'
import { type TestContext, inject } from 'vitest'

/** The server of this run and a schema of the test's own in it; all of it is gone when the test is over. */
export interface Database {
  readonly url: string
  readonly schema: string
  /** Connections for looking behind the adapter's back. */
  readonly admin: pg.Pool
  /** A name in the schema, quoted. */
  table(name: string): string
  /** An adapter of the test's own schema, closed at the end. */
  open(options?: PostgresOptions): PostgresAdapter
  /** Rows of a statement, each as an object. */
  rows(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
}

/** Ends the test as not proven where there is no server. */
export function database(context: TestContext, schema?: string): Database {
  const { url, reason } = inject('postgres')
  if (url === undefined) return context.skip(`not proven: ${reason}`)
  const admin = new pg.Client({ connectionString: url })
  // First registered, last run.
  context.onTestFinished(async () => {
    await admin.connect()
    await admin.query(`DROP SCHEMA IF EXISTS ${pg.escapeIdentifier(found.schema)} CASCADE`)
    await admin.end()
  })
  const found = databaseAt(url, context, schema)
  return found
}

/** A schema of the test's own on a server of its own, with which it goes. */
export function databaseAt(url: string, context: TestContext, schema = `t_${randomBytes(6).toString('hex')}`): Database {
  const admin = new pg.Pool({ connectionString: url, max: 4 })
  admin.on('error', () => undefined)
  // A server that is killed takes clients that are lent with it.
  admin.on('connect', (client) => void client.on('error', () => undefined))
  const quoted = pg.escapeIdentifier(schema)
  const opened: EventStoreAdapter[] = []
  context.onTestFinished(async () => {
    await Promise.all(opened.map((adapter) => adapter.close()))
    await admin.end()
  })
  return {
    url,
    schema,
    admin,
    table: (name) => `${quoted}.${pg.escapeIdentifier(name)}`,
    open(options = {}) {
      const adapter = postgres({ ...(options.pool === undefined ? { connection: url } : {}), schema, ...options })
      opened.push(adapter)
      return adapter
    },
    rows: async (sql, values) => (await admin.query<Record<string, unknown>>(sql, values)).rows,
  }
}

/** A pool of `pg` as the adapter takes one: the two do not agree on every overload of `query`. */
export function asPool(pool: pg.Pool): PostgresPool {
  return pool as unknown as PostgresPool
}

/** What a promise rejects with; a test that expects a failure must not pass without one. */
export async function failureOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await work
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  throw new Error('nothing failed')
}

/** Waits until something holds; the test's own time is the bound. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}
