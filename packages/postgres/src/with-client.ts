import { type AppendRequest, ConcurrencyError, type Positions, type TransactionAdapter, createTransactionAdapter } from '@millrace/core'
import { postgresBackend } from './backend.js'
import type { ParsedOptions, PostgresClient } from './options.js'
import { type StatementNames, runStatement } from './run-statement.js'
import type { Engine } from './store.js'

/** Everything but the log, subscriptions and lifecycle, in the caller's transaction. */
export type PostgresTransaction = TransactionAdapter

/** The same backend over the caller's client. Waiting for locks and statements is bounded by what the caller has set. */
export function transactionAdapter(client: PostgresClient, options: ParsedOptions, positions: Positions): PostgresTransaction {
  const { names, order, preparedStatements, timeoutMs, pageSize } = options
  const engine = clientEngine(client, preparedStatements ? new Map() : undefined)
  const backend = postgresBackend(engine, { name: 'postgres', names, setup: 'manual', order, positions })
  return createTransactionAdapter(
    { ...backend, append: (request, call) => backend.append(request, call).catch(givenUp(request)) },
    { timeoutMs, pageSize },
  )
}

/** A transaction that the server gave up over a race on the stream is a conflict whose winner's version nobody can ask for any more. */
function givenUp({ streamId, expected }: AppendRequest): (error: unknown) => never {
  return (error) => {
    const { code } = error as { readonly code?: unknown }
    if ((code !== '40001' && code !== '40P01') || expected === 'any' || expected === 'streamExists') throw error
    throw new ConcurrencyError({ adapter: 'postgres', streamId, expectedVersion: expected, actualVersion: undefined, cause: error })
  }
}

function clientEngine(client: PostgresClient, names: StatementNames | undefined): Engine {
  const query: Engine['read'] = (statement, parameters) => runStatement(client, statement, parameters, names)
  return { single: true, read: query, change: query }
}
