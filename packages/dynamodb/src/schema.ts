import { type BackendCall, ConfigurationError, isEventStoreError } from '@millrace/core'
import { type Requests, type SendCall, createRequests } from './client.js'
import { DriverFailure } from './driver-failure.js'
import { type Item, configKey, keyOf, layout, numberOf, textOf } from './items.js'
import type { DynamoClient, ParsedOptions } from './options.js'

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
export async function openTable(requests: Requests, options: ParsedOptions, call: BackendCall): Promise<TableConfig> {
  const { tableName, log, setup } = options
  let config = await readConfigItem(requests, tableName, call).catch(async (error: unknown) => {
    if (!(error instanceof DriverFailure && error.code === 'ResourceNotFoundException')) throw error
    if (setup === 'manual')
      throw new ConfigurationError(`the table "${tableName}" does not exist in this account and region.`, {
        adapter: 'dynamodb',
        hint: "Create it with createTable(client, { tableName }) or from tableDefinition(), or set setup: 'auto'.",
      })
    await makeTable(requests, tableName, call)
    return undefined
  })
  if (config === undefined) {
    await putConfig(requests, tableName, log, call)
    config = await readConfigItem(requests, tableName, call)
  }
  const [found, mode, logId] = [numberOf(config ?? {}, 'layout'), textOf(config ?? {}, 'log'), textOf(config ?? {}, 'log_id')]
  if (config === undefined || found === undefined || logId === undefined)
    throw new ConfigurationError(`the table "${tableName}" is not one of this adapter.`, {
      adapter: 'dynamodb',
      hint: 'Give it a table of its own.',
    })
  if (found > layout)
    throw new ConfigurationError(`the table "${tableName}" has layout ${found}, this version knows ${layout}.`, {
      adapter: 'dynamodb',
      hint: 'Install a newer @millrace/dynamodb.',
    })
  if (mode !== log)
    throw new ConfigurationError(`the table "${tableName}" was set up with log: '${mode ?? ''}', not '${log}'.`, {
      adapter: 'dynamodb',
      hint: 'The log of a table cannot be changed: copy the events into another table.',
    })
  return { logId }
}

async function readConfigItem(requests: Requests, tableName: string, call: BackendCall): Promise<Item | undefined> {
  const { Item } = await requests.read<{ Item?: Item }>(
    'GetItem',
    { TableName: tableName, Key: keyOf(configKey), ConsistentRead: true },
    call,
  )
  return Item
}

async function putConfig(requests: Requests, tableName: string, log: string, call: BackendCall): Promise<void> {
  const bytes = crypto.getRandomValues(new Uint8Array(4))
  const item: Item = {
    ...keyOf(configKey),
    layout: { N: String(layout) },
    log: { S: log },
    log_id: { S: Buffer.from(bytes).toString('hex') },
    slices: { N: '1' },
  }
  try {
    await requests.change(
      'PutItem',
      {
        TableName: tableName,
        Item: item,
        ConditionExpression: 'attribute_not_exists(#sk)',
        ExpressionAttributeNames: { '#sk': 'SK' },
      },
      call,
    )
  } catch (error) {
    if (isEventStoreError(error) || !(error instanceof DriverFailure && error.code === 'ConditionalCheckFailedException')) throw error
  }
}
