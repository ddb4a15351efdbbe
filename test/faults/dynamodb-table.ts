import { randomBytes } from 'node:crypto'
import {
  type AttributeValue,
  DeleteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import type { EventStoreAdapter } from '@millrace/core'
import { type DynamoDBOptions, dynamodb } from '@millrace/dynamodb'
import { type TestContext, inject } from 'vitest'
import { type DynamoDBProxy, createDynamoDBProxy } from '../services/dynamodb-proxy.js'

type Item = Record<string, AttributeValue>

/** A table of the test's own behind a proxy of its own; all of it is gone when the test is over. */
export interface TestTable {
  readonly name: string
  /** The server itself. */
  readonly server: string
  readonly proxy: DynamoDBProxy
  /** For looking and writing behind the adapter's back, past the proxy. */
  readonly direct: DynamoDBClient
  /** An adapter whose requests go through the proxy, closed at the end. */
  open(options?: Partial<DynamoDBOptions>): EventStoreAdapter
  /** A client of the caller's, through the proxy; destroyed at the end. */
  client(config?: DynamoDBClientConfig): DynamoDBClient
  /** All items under a partition key, in order. */
  items(pk: string): Promise<Item[]>
  /** Everything in the table. */
  all(): Promise<Item[]>
  put(item: Item): Promise<void>
  remove(pk: string, sk: string): Promise<void>
}

export const region = 'eu-west-1'
export const credentials = { accessKeyId: 'millrace', secretAccessKey: 'correct-horse-battery-staple' }

/** Ends the test as not proven where there is no server. */
export async function table(context: TestContext, base: Partial<DynamoDBOptions> = {}, seed = 1): Promise<TestTable> {
  const { endpoint: server, reason } = inject('dynamodb')
  if (server === undefined) return context.skip(`not proven: ${reason}`)
  const name = `t_${randomBytes(6).toString('hex')}`
  const proxy = await createDynamoDBProxy(server, seed)
  const { endpoint } = proxy
  const direct = new DynamoDBClient({ endpoint: server, region, credentials })
  const opened: EventStoreAdapter[] = []
  const clients: DynamoDBClient[] = [direct]
  context.onTestFinished(async () => {
    await Promise.all(opened.map((adapter) => adapter.close()))
    await direct.send(new DeleteTableCommand({ TableName: name })).catch(() => undefined)
    for (const client of clients) client.destroy()
    await proxy.close()
  })
  return {
    name,
    server,
    proxy,
    direct,
    open(options = {}) {
      const place = options.client === undefined ? { endpoint, region, clientConfig: { credentials } } : {}
      const adapter = dynamodb({ tableName: name, setup: 'auto', ...place, ...base, ...options })
      opened.push(adapter)
      return adapter
    },
    client(config = {}) {
      const client = new DynamoDBClient({ endpoint, region, credentials, ...config })
      clients.push(client)
      return client
    },
    async items(pk) {
      const input = {
        TableName: name,
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
        ConsistentRead: true,
      }
      return (await direct.send(new QueryCommand(input))).Items ?? []
    },
    async all() {
      const found: Item[] = []
      let ExclusiveStartKey: Item | undefined
      do {
        const page = await direct.send(new ScanCommand({ TableName: name, ExclusiveStartKey }))
        found.push(...(page.Items ?? []))
        ExclusiveStartKey = page.LastEvaluatedKey
      } while (ExclusiveStartKey !== undefined)
      return found
    },
    put: async (item) => void (await direct.send(new PutItemCommand({ TableName: name, Item: item }))),
    remove: async (pk, sk) => void (await direct.send(new DeleteItemCommand({ TableName: name, Key: { PK: { S: pk }, SK: { S: sk } } }))),
  }
}

/** The sort key of a version. */
export function versionKey(version: number): string {
  return `VERSION#${String(version).padStart(20, '0')}`
}

/** New events with ids, so that they can be recognised. */
export function events(count: number, data: unknown = 1): { id: string; type: string; data: unknown }[] {
  return Array.from({ length: count }, () => ({ id: crypto.randomUUID(), type: 'Happened', data }))
}

export async function idsIn(store: EventStoreAdapter, streamId: string): Promise<string[]> {
  return (await store.readStream(streamId).toArray()).map(({ id }) => id)
}

export function idsOf(list: readonly { readonly id: string }[]): string[] {
  return list.map(({ id }) => id)
}
