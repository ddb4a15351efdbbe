import type { PostgresClient } from './options.js'
import { runStatement } from './run-statement.js'
import type { Engine, Values, Rows } from './store.js'

/**
 * What runs statements: a pool, one connection, a transaction. A statement is a text with parameters `$1` … , the same every time, so that
 * a server can keep its plan.
 */
export interface QueryRunner {
  query(statement: string, parameters: Values): Promise<Rows>
}

export interface Session extends QueryRunner {
  /** Several statements in one text, without parameters. */
  script(sql: string): Promise<void>
  /** Process of the server that the connection was told of, for a cancel; a pooler tells of one of its own. */
  readonly told: number | undefined
}

/**
 * Several statements on one connection, for set-up, migrations and `doctor`.
 *
 * @param lend runs work on a connection, which goes back after it.
 */
export function createSessions<C extends PostgresClient>(
  connect: () => Promise<C>,
  lend: <T>(client: C, work: () => Promise<T>) => Promise<T>,
): Required<Pick<Engine, 'session' | 'transaction'>> {
  async function session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await connect()
    return lend(client, () =>
      work({
        query: (statement, parameters) => runStatement(client, statement, parameters),
        script: async (sql) => void (await client.query({ text: sql })),
        told: Number((client as { readonly processID?: unknown }).processID),
      }),
    )
  }
  return {
    session,
    transaction: (work) =>
      session(async (one) => {
        // Whatever is the default there: under another level the look after the lock does not see what was waited for.
        await one.script('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE')
        const result = await work(one)
        await one.script('COMMIT')
        return result
      }),
  }
}
