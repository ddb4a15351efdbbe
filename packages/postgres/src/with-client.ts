import { type AppendRequest, ConcurrencyError, type TransactionAdapter, createTransactionAdapter } from '@millrace/core'
import { postgresBackend } from './backend.js'
import type { ParsedOptions, PostgresClient } from './options.js'
import { type StatementNames, runStatement } from './run-statement.js'
import { DriverFailure, type Engine, failed } from './store.js'

/** Everything but the log, subscriptions and lifecycle, in the caller's transaction. */
export type PostgresTransaction = TransactionAdapter

/** The same backend over the caller's client. Waiting for locks and statements is bounded by what the caller has set. */
export function transactionAdapter(
  client: PostgresClient,
  options: ParsedOptions,
  knownLogId: () => string | undefined,
): PostgresTransaction {
  const { names, order, preparedStatements, timeoutMs, pageSize } = options
  const engine = clientEngine(client, preparedStatements ? new Map() : undefined)
  const backend = postgresBackend(engine, { name: 'postgres', names, setup: 'manual', order, knownLogId })
  return createTransactionAdapter(
    { ...backend, append: (request, call) => backend.append(request, call).catch(givenUp(request)) },
    { timeoutMs, pageSize },
  )
}

/** A transaction that the server gave up over a race on the stream is a conflict whose winner's version nobody can ask for any more. */
function givenUp({ streamId, expected }: AppendRequest): (error: unknown) => never {
  return (error) => {
    const lostRace = error instanceof DriverFailure && (error.code === '40001' || error.code === '40P01')
    if (!lostRace || expected === 'any' || expected === 'streamExists') throw error
    throw new ConcurrencyError({ adapter: 'postgres', streamId, expectedVersion: expected, actualVersion: undefined, cause: error })
  }
}

function clientEngine(client: PostgresClient, names: StatementNames | undefined): Engine {
  const query: Engine['read'] = (statement, parameters) => runStatement(client, statement, parameters, names).catch(failed('query'))
  return {
    single: true,
    stripsByteOrderMark: false,
    open: () => Promise.resolve(),
    close: () => Promise.resolve(),
    read: query,
    change: query,
    transaction: () => Promise.reject(new Error('set-up does not run in a caller’s transaction')),
    onConnectionLost: () => undefined,
  }
}
