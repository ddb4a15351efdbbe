import { type AppendRequest, ConcurrencyError, type EventStoreAdapter, createAdapter } from '@millrace/core'
import { postgresBackend } from './backend.js'
import { runStatement } from './client.js'
import type { ParsedOptions, PostgresClient } from './options.js'
import type { Names } from './schema.js'
import { DriverFailure, type Engine, type Parameter, type Row, type Statement, failed } from './session.js'

/** Everything but the log, subscriptions and lifecycle, in the caller's transaction. */
export type PostgresTransaction = Pick<
  EventStoreAdapter,
  | 'appendToStream'
  | 'appendToStreams'
  | 'readStream'
  | 'getStreamState'
  | 'listStreams'
  | 'deleteStream'
  | 'tombstoneStream'
  | 'truncateStream'
  | 'getStreamMetadata'
  | 'setStreamMetadata'
>

/** The same backend over the caller's client. Waiting for locks and statements is bounded by what the caller has set. */
export function transactionAdapter(
  client: PostgresClient,
  names: Names,
  options: ParsedOptions,
  knownLogId: () => string | undefined,
): PostgresTransaction {
  const backend = postgresBackend(clientEngine(client, options.preparedStatements), {
    name: 'postgres',
    names,
    setup: 'manual',
    sharedAcrossProcesses: true,
    lockMs: 0,
    order: options.order ?? 'settled',
    settleMs: options.timeouts.settleMs,
    knownLogId,
  })
  // A second attempt inside a transaction that has failed is of no use, and one whose connection is lost is over.
  const adapter = createAdapter(
    { ...backend, append: (request, call) => backend.append(request, call).catch(givenUp(request)) },
    { timeoutMs: options.timeoutMs, pageSize: options.pageSize, retry: false },
  )
  const { appendToStream, appendToStreams, readStream, getStreamState, listStreams, deleteStream, tombstoneStream, truncateStream } =
    adapter
  const { getStreamMetadata, setStreamMetadata } = adapter
  return {
    appendToStream,
    appendToStreams,
    readStream,
    getStreamState,
    listStreams,
    deleteStream,
    tombstoneStream,
    truncateStream,
    getStreamMetadata,
    setStreamMetadata,
  }
}

/** A transaction that the server gave up over a race on the stream is a conflict whose winner's version nobody can ask for any more. */
function givenUp({ streamId, expected }: AppendRequest): (error: unknown) => never {
  return (error) => {
    const lostRace = error instanceof DriverFailure && (error.code === '40001' || error.code === '40P01')
    if (!lostRace || expected === 'any' || expected === 'streamExists') throw error
    throw new ConcurrencyError({ adapter: 'postgres', streamId, expectedVersion: expected, actualVersion: undefined, cause: error })
  }
}

function clientEngine(client: PostgresClient, named: boolean): Engine {
  const query = (statement: Statement, parameters: readonly Parameter[]): Promise<readonly Row[]> =>
    runStatement(client, statement, parameters, named).catch(failed('query'))
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
