import { type BackendCall, ConfigurationError } from '@millrace/core'
import { type Requests, type SendCall, createRequests } from './client.js'
import { DriverFailure } from './driver-failure.js'
import { type Item, configKey, keyOf, layout, numberOf, textOf } from './items.js'
import type { DynamoClient, ParsedOptions } from './options.js'
import type { Table } from './table.js'

/** The table as `CreateTable` takes it, and as infrastructure tools write it down. */
export interface TableDefinition {
  readonly TableName: string
  readonly BillingMode: 'PAY_PER_REQUEST'
  readonly KeySchema: readonly { readonly AttributeName: string; readonly KeyType: 'HASH' | 'RANGE' }[]
  readonly AttributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: 'S' }[]
}

/** A plain object: two string keys, billed by request, no index, and no TTL on events. For CloudFormation its members are `Properties`. */
export function tableDefinition({ tableName }: { readonly tableName: string }): TableDefinition {
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [
      { AttributeName: 'PK', KeyType: 'HASH' },
      { AttributeName: 'SK', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'PK', AttributeType: 'S' },
      { AttributeName: 'SK', AttributeType: 'S' },
    ],
  }
}

/**
 * Creates the table and waits until it can be used. A table that exists is left as it is.
 *
 * @param client a `DynamoDBClient`; not destroyed.
 * Errors: those of the SDK, and the signal's reason.
 */
export async function createTable(
  client: DynamoClient,
  { tableName, signal }: { readonly tableName: string; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const requests = createRequests({ client, requestTimeoutMs: 3000 })
  await requests.open()
  await makeTable(requests, tableName, { unlessAborted: (_which, work) => unlessAborted(signal, work) })
}

async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work
  let abort = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort)
  })
  if (signal.aborted) abort()
  try {
    return await Promise.race([aborted, work])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function makeTable(requests: Requests, tableName: string, call: SendCall): Promise<void> {
  try {
    await requests.change('CreateTable', tableDefinition({ tableName }), call)
  } catch (error) {
    // Another was faster.
    if (!(error instanceof DriverFailure && error.code === 'ResourceInUseException')) throw error
  }
  for (;;) {
    const { Table } = await requests.read<{ Table?: { TableStatus?: string } }>('DescribeTable', { TableName: tableName }, call)
    if (Table?.TableStatus === 'ACTIVE' || Table?.TableStatus === 'UPDATING') return
    await call.unlessAborted('signal', new Promise((resolve) => setTimeout(resolve, 100)))
  }
}

/** What the table says of itself. */
export interface TableConfig {
  readonly logId: string
}

/** Reads `TABLE`/`CONFIG`, made by whoever comes first. Errors: `configuration` for a missing table, a newer layout, another log mode. */
export async function openTable(table: Table, options: ParsedOptions, call: BackendCall): Promise<TableConfig> {
  const { tableName, log, setup } = options
  let config = await table.get(configKey, call).catch(async (error: unknown) => {
    if (!(error instanceof DriverFailure && error.code === 'ResourceNotFoundException')) throw error
    if (setup === 'manual')
      throw refused(
        `the table "${tableName}" does not exist in this account and region.`,
        "Create it with createTable(client, { tableName }) or from tableDefinition(), or set setup: 'auto'.",
      )
    await makeTable(table.requests, tableName, call)
    return undefined
  })
  if (config === undefined) {
    // Refused where another was faster: what stands there counts.
    await table.put([{ item: newConfig(log), when: 'absent' }], undefined, '', call)
    config = await table.get(configKey, call)
  }
  const known = config ?? {}
  const [found, mode, logId] = [numberOf(known, 'layout'), textOf(known, 'log'), textOf(known, 'log_id')]
  if (found === undefined || logId === undefined)
    throw refused(`the table "${tableName}" is not one of this adapter.`, 'Give it a table of its own.')
  if (found > layout)
    throw refused(`the table "${tableName}" has layout ${found}, this version knows ${layout}.`, 'Install a newer @millrace/dynamodb.')
  if (mode !== log)
    throw refused(
      `the table "${tableName}" was set up with log: '${mode ?? ''}', not '${log}'.`,
      'The log of a table cannot be changed: copy the events into another table.',
    )
  return { logId }
}

function newConfig(log: ParsedOptions['log']): Item {
  const logId = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString('hex')
  return { ...keyOf(configKey), layout: { N: String(layout) }, log: { S: log }, log_id: { S: logId }, slices: { N: '1' } }
}

function refused(message: string, hint: string): ConfigurationError {
  return new ConfigurationError(message, { adapter: 'dynamodb', hint })
}
