import type { PooledClient, PostgresAdapter, PostgresOptions, PostgresPool, QueryConfig } from '@millrace/postgres'
import pg from 'pg'
import type { TestContext } from 'vitest'
import { type Database, asPool, database } from './database.js'

type Query = (config: QueryConfig) => ReturnType<PooledClient['query']>

/** An adapter whose appends are seen on their way to the server. */
interface Scene {
  readonly db: Database
  readonly adapter: PostgresAdapter
  /** Statements that append, in the order they were sent: by itself, several, all or nothing. */
  readonly sent: string[]
  /** All statements, in the order they were sent. */
  readonly statements: string[]
  /** Comes between an append and the server. */
  intercept(hook: (config: QueryConfig, run: Query) => ReturnType<PooledClient['query']>): void
}

/** An open adapter on a pool whose round trips are seen. */
export async function seenAppends(
  context: TestContext,
  max = 10,
  db: Database = database(context),
  options: PostgresOptions = {},
): Promise<Scene> {
  const inner = new pg.Pool({ connectionString: db.url, max })
  inner.on('error', () => undefined)
  context.onTestFinished(() => inner.end())
  const sent: string[] = []
  const statements: string[] = []
  let hook: Parameters<Scene['intercept']>[0] = (config, run) => run(config)
  const pool: PostgresPool = {
    ...asPool(inner),
    on: (name, listener) => inner.on(name, listener),
    removeListener: (name, listener) => inner.removeListener(name, listener),
    async connect() {
      const client = await inner.connect()
      const run: Query = (config) => client.query(config as never) as unknown as ReturnType<PooledClient['query']>
      return {
        query(config) {
          statements.push(config.text)
          const [, kind] = /"append_(v2|many_v2|all_v2)"\(/u.exec(config.values === undefined ? '' : config.text) ?? []
          if (kind === undefined) return run(config)
          sent.push(kind.replace('_v2', ''))
          return hook(config, (one) => (one === config ? run(one) : Promise.reject(new Error('another statement'))))
        },
        release: (destroy) => client.release(destroy),
        on: (name, listener) => client.on(name, listener),
        removeListener: (name, listener) => client.removeListener(name, listener),
      }
    },
  }
  const adapter = db.open({ pool, ...options })
  await adapter.open()
  return { db, adapter, sent, statements, intercept: (next) => (hook = next) }
}
