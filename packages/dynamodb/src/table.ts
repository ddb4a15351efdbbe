import type { BackendCall } from '@millrace/core'
import type { Requests } from './client.js'
import { DriverFailure } from './driver-failure.js'
import { type Item, type Key, keyOf, metaKey, streamPartition } from './items.js'

/** Items of one partition between two sort keys, inclusive. */
interface Window {
  readonly pk: string
  readonly from: string
  readonly to: string
  readonly backwards?: boolean
  /** Most items of one request. */
  readonly limit?: number
  readonly eventual?: boolean
  /** Attributes wanted; default: all. */
  readonly attributes?: readonly string[]
  /** Goes on after this item. */
  readonly after?: Item | undefined
}

interface Page {
  readonly items: readonly Item[]
  /** Where to go on; undefined: there is nothing more in the window. */
  readonly next: Item | undefined
}

/** A put under a condition, and what became of it. */
export interface ConditionalPut {
  readonly item: Item
  /** `'absent'`: nothing may stand there; `'or-deleted'`: or the seal of a soft delete, which is replaced. */
  readonly when: 'absent' | 'or-deleted'
}

/** `items`: what stands in the way, in the order of the puts; undefined where the put was not refused, or the server does not tell. */
type PutAnswer =
  | { readonly done: true }
  | { readonly done: false; readonly refused: readonly { readonly index: number; readonly item: Item | undefined }[] }

/** A change of a stream's META, in a transaction or alone. Each raises its version. */
interface MetaChange {
  readonly streamId: string
  readonly set: Item
  readonly remove?: string
  /** Only if META still has the version that was read; 0: there was none. */
  readonly ifVersion?: number
}

/** What the adapter asks of its table. Every name is aliased, since some are reserved words. */
export interface Table {
  /** A strong read, unless said otherwise. */
  get(key: Key, call: BackendCall, attributes?: readonly string[]): Promise<Item | undefined>
  /** One page that holds an item, or the end: pages without items are read over. */
  query(window: Window, call: BackendCall): Promise<Page>
  /** One conditional put, or one transaction. The token is for the transaction; its items are sent again byte for byte the same. */
  put(puts: readonly ConditionalPut[], update: MetaChange | undefined, token: string, call: BackendCall): Promise<PutAnswer>
  /** `repeated`: the client had sent it before, so it may be our own change that the condition met. */
  update(update: MetaChange, call: BackendCall): Promise<{ readonly done: true } | { readonly done: false; readonly repeated: boolean }>
  readonly requests: Requests
  readonly name: string
}

const conditions = {
  absent: { ConditionExpression: 'attribute_not_exists(#sk)', ExpressionAttributeNames: { '#sk': 'SK' } },
  'or-deleted': {
    ConditionExpression: 'attribute_not_exists(#sk) OR #seal = :deleted',
    ExpressionAttributeNames: { '#sk': 'SK', '#seal': 'seal' },
    ExpressionAttributeValues: { ':deleted': { S: 'deleted' } },
  },
} as const

/** @param transactions false: the server knows neither transactions nor the return of an item that failed a condition. */
export function createTableAccess(requests: Requests, name: string, transactions: boolean): Table {
  const oldItem = transactions ? { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } : {}
  const putInput = ({ item, when }: ConditionalPut): object => ({ TableName: name, Item: item, ...conditions[when], ...oldItem })

  async function putMany(
    puts: readonly ConditionalPut[],
    update: MetaChange | undefined,
    token: string,
    call: BackendCall,
  ): Promise<PutAnswer> {
    const items = [...puts.map((put) => ({ Put: putInput(put) })), ...(update === undefined ? [] : [{ Update: updateInput(name, update) }])]
    try {
      await requests.change('TransactWriteItems', { ClientRequestToken: token, TransactItems: items }, call)
      return { done: true }
    } catch (error) {
      if (!(error instanceof DriverFailure) || error.reasons.length === 0) throw error
      // A failed condition is an answer, and tells more than what else may have stood in the way.
      const refused = error.reasons.flatMap(({ code, item }, index) => (code === 'ConditionalCheckFailed' ? [{ index, item }] : []))
      if (refused.length > 0) return { done: false, refused }
      throw error.ofReasons()
    }
  }

  return {
    requests,
    name,
    async get(key, call, attributes) {
      const input = { TableName: name, Key: keyOf(key), ConsistentRead: true, ...projection(attributes) }
      return (await requests.read<{ Item?: Item }>('GetItem', input, call)).Item
    },
    async query({ pk, from, to, backwards = false, limit, eventual = false, attributes, after }, call) {
      // A window that runs the wrong way is empty; the service would refuse it.
      if (from > to) return { items: [], next: undefined }
      const projected = projection(attributes)
      const input = {
        TableName: name,
        KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
        ...projected,
        ExpressionAttributeNames: { '#pk': 'PK', '#sk': 'SK', ...projected?.ExpressionAttributeNames },
        ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: to } },
        ScanIndexForward: !backwards,
        ConsistentRead: !eventual,
        ...(limit === undefined ? {} : { Limit: limit }),
      }
      for (let next = after; ;) {
        const { Items = [], LastEvaluatedKey } = await requests.read<{ Items?: Item[]; LastEvaluatedKey?: Item }>(
          'Query',
          { ...input, ...(next === undefined ? {} : { ExclusiveStartKey: next }) },
          call,
        )
        if (Items.length > 0 || LastEvaluatedKey === undefined) return { items: Items, next: LastEvaluatedKey }
        next = LastEvaluatedKey
      }
    },
    async put(puts, update, token, call) {
      const [first, ...more] = puts
      if (first === undefined || more.length > 0 || update !== undefined) return putMany(puts, update, token, call)
      try {
        await requests.change('PutItem', putInput(first), call)
        return { done: true }
      } catch (error) {
        if (!(error instanceof DriverFailure && error.code === 'ConditionalCheckFailedException')) throw error
        return { done: false, refused: [{ index: 0, item: error.item }] }
      }
    },
    async update(update, call) {
      try {
        await requests.change('UpdateItem', updateInput(name, update), call)
        return { done: true }
      } catch (error) {
        if (!(error instanceof DriverFailure && error.code === 'ConditionalCheckFailedException')) throw error
        return { done: false, repeated: error.attempts > 1 }
      }
    },
  }
}

function updateInput(table: string, { streamId, set, remove, ifVersion }: MetaChange): object {
  const names = Object.keys(set)
  const condition = ifVersion === 0 ? 'attribute_not_exists(#metadata_version)' : '#metadata_version = :unchanged'
  return {
    TableName: table,
    Key: keyOf({ pk: streamPartition(streamId), sk: metaKey }),
    UpdateExpression: [
      `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
      ...(remove === undefined ? [] : [`REMOVE #${remove}`]),
      'ADD #metadata_version :one',
    ].join(' '),
    ...(ifVersion === undefined ? {} : { ConditionExpression: condition }),
    ExpressionAttributeNames: aliases([...names, ...(remove === undefined ? [] : [remove]), 'metadata_version']),
    ExpressionAttributeValues: {
      ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
      ':one': { N: '1' },
      ...(ifVersion === undefined || ifVersion === 0 ? {} : { ':unchanged': { N: String(ifVersion) } }),
    },
  }
}

function projection(attributes: readonly string[] | undefined) {
  if (attributes === undefined) return undefined
  return {
    ProjectionExpression: attributes.map((attribute) => `#${attribute}`).join(', '),
    ExpressionAttributeNames: aliases(attributes),
  }
}

function aliases(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((attribute) => [`#${attribute}`, attribute]))
}
