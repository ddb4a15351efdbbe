import { DeleteTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { EventStoreAdapter } from '@millrace/core'
import type { ConformanceHarness, HarnessContext, HarnessInstance } from '@millrace/core/conformance'
import { dynamodb } from './dynamodb.js'
import { versionKey } from './items.js'
import type { DynamoDBOptions } from './options.js'

const secret = 'correct-horse-battery-staple'
const region = 'eu-west-1'
/** DynamoDB Local keeps the data of each access key apart, and does not look at the secret. */
const credentials = { accessKeyId: 'millrace', secretAccessKey: secret }

/** What stands before the server for one instance, and what it can be told to do to the requests that come. */
export interface HarnessFaults {
  readonly endpoint: string
  dropNextResponse(): Promise<void>
  killConnections(): Promise<void>
  throttle(times: number): Promise<void>
  restart(downMs?: number): Promise<void>
  close(): Promise<void>
}

export interface DynamoDBHarnessOptions {
  readonly name: string
  readonly endpoint: string
  readonly module?: URL | undefined
  readonly options?: Omit<DynamoDBOptions, 'tableName'> | undefined
  /** The server takes any credentials: those that the SDK cannot find stand in for refused ones. */
  readonly anyCredentials?: true | undefined
  /** Makes the proxy of an instance. */
  readonly faults?: ((endpoint: string) => Promise<HarnessFaults>) | undefined
}

/** The DynamoDB adapter under the conformance suite: a table for each namespace of one server. */
export function dynamodbHarness(harness: DynamoDBHarnessOptions): ConformanceHarness {
  return {
    name: harness.name,
    module: harness.module,
    secrets: [secret],
    createAdapter: (context) => createInstance(harness, context),
  }
}

async function createInstance(harness: DynamoDBHarnessOptions, context: HarnessContext): Promise<HarnessInstance> {
  const { namespace: tableName, pageSize, connections = 50, setup = 'auto' } = context
  const faults = await harness.faults?.(harness.endpoint)
  const endpoint = faults?.endpoint ?? harness.endpoint
  const made: DynamoDBClient[] = []
  const direct = new DynamoDBClient({ endpoint: harness.endpoint, region, credentials })
  const make = (options: Partial<DynamoDBOptions> = {}): EventStoreAdapter =>
    dynamodb({
      tableName,
      pageSize,
      setup,
      ...harness.options,
      ...(options.client === undefined ? { endpoint, region, clientConfig: { credentials, ...limited(connections) } } : {}),
      ...options,
    })
  const adapter = make()

  return {
    adapter,
    faults,
    peer: () => Promise.resolve(make({ setup: 'auto' })),
    async broken(kind) {
      if (kind === 'unreachable') return make({ endpoint: 'http://127.0.0.1:1' })
      // An access key of this form is refused by DynamoDB Local itself.
      const refused = { accessKeyId: 'nobody-of-that-name', secretAccessKey: secret }
      if (kind === 'credentials') return make({ clientConfig: { credentials: harness.anyCredentials === true ? findNone : refused } })
      const newer = `${tableName}_newer`
      const first = make({ tableName: newer, setup: 'auto' })
      await first.open()
      await first.close()
      const key = { PK: { S: 'TABLE' }, SK: { S: 'CONFIG' } }
      const { Item } = await direct.send(new GetItemCommand({ TableName: newer, Key: key }))
      await direct.send(new PutItemCommand({ TableName: newer, Item: { ...Item, ...key, layout: { N: '99' } } }))
      return make({ tableName: newer })
    },
    injected() {
      const client = new DynamoDBClient({ endpoint, region, credentials })
      made.push(client)
      return Promise.resolve({
        adapter: make({ client, setup: 'auto' }),
        async stillOpen() {
          await client.send(new GetItemCommand({ TableName: tableName, Key: { PK: { S: 'TABLE' }, SK: { S: 'CONFIG' } } }))
          return true
        },
      })
    },
    ...(adapter.capabilities.readAll === false ? {} : { stallAppend: stallingWith(make, { endpoint, made }) }),
    async seedVersion(streamId, version) {
      await adapter.open()
      // An event that ends there and is hidden: those before it never were.
      const partition = { S: `STREAM#${streamId}` }
      const sk = { S: versionKey(version) }
      const at = String(Date.now())
      const event = { event_id: { S: crypto.randomUUID() }, event_type: { S: 'Seed' }, event_data: { S: 'null' }, created_at: { N: at } }
      await direct.send(new PutItemCommand({ TableName: tableName, Item: { PK: partition, SK: sk, ...event } }))
      const meta = { truncate_before: { N: String(version + 1) }, metadata_version: { N: '1' } }
      await direct.send(new PutItemCommand({ TableName: tableName, Item: { PK: partition, SK: { S: 'META' }, ...meta } }))
    },
    async [Symbol.asyncDispose]() {
      await adapter.close()
      for (const name of [tableName, `${tableName}_newer`])
        await direct.send(new DeleteTableCommand({ TableName: name })).catch(() => undefined)
      for (const client of [direct, ...made]) client.destroy()
      await faults?.close()
    },
  }
}

/** What the SDK's own search ends with where there are none. */
function findNone(): Promise<never> {
  return Promise.reject(Object.assign(new Error('Could not load credentials from any providers'), { name: 'CredentialsProviderError' }))
}

/** Options of the SDK's own handler. */
function limited(maxSockets: number): object {
  const requestHandler = {
    connectionTimeout: 2000,
    requestTimeout: 3000,
    throwOnRequestTimeout: true,
    httpAgent: { keepAlive: true, maxSockets },
  }
  return { requestHandler }
}

/** An append that has taken its cell of the log, and whose transaction is held back: a client that waits for the word before it sends. */
function stallingWith(
  make: (options: Partial<DynamoDBOptions>) => EventStoreAdapter,
  { endpoint, made }: { readonly endpoint: string; readonly made: DynamoDBClient[] },
): NonNullable<HarnessInstance['stallAppend']> {
  return async (streamId, events) => {
    const client = new DynamoDBClient({ endpoint, region, credentials })
    made.push(client)
    let reached = (): void => undefined
    let release: (kept: boolean) => void = () => undefined
    const atCommit = new Promise<void>((resolve) => (reached = resolve))
    const word = new Promise<boolean>((resolve) => (release = resolve))
    const stalling = {
      async send(command: never, options?: { abortSignal?: AbortSignal }): Promise<unknown> {
        if ((command as object).constructor.name === 'TransactWriteItemsCommand') {
          reached()
          if (!(await word))
            throw Object.assign(new Error('the writer is gone'), { name: 'AccessDeniedException', $metadata: { attempts: 1 } })
        }
        return client.send(command, options as never)
      },
    }
    const writer = make({ client: stalling, setup: 'auto' })
    const append = writer.appendToStream(streamId, events as never, { timeoutMs: 60_000 })
    const settled = append.then(
      () => true,
      () => false,
    )
    await Promise.race([atCommit, append])
    const end = (kept: boolean) => async (): Promise<void> => {
      release(kept)
      const stored = await settled
      await writer.close()
      if (stored !== kept) throw new Error(kept ? 'the stalled append failed' : 'the stalled append was stored')
    }
    return { commit: end(true), rollback: end(false) }
  }
}
