import { register } from 'node:module'
import { cpus } from 'node:os'
import { DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { createTable, dynamodb } from '@millrace/dynamodb'
import { compare, print } from './compare.mjs'

// Appends and reads of the DynamoDB adapter as ratios to a bare PutItem loop, and a bare Query loop, on the same server in one run.
//   pnpm bench:dynamodb            all, about four minutes           pnpm bench:dynamodb --quick    a glance
// A ratio above 1 means that the adapter is faster than the yardstick: the SDK's client as it comes, but for as many sockets as the
// adapter has and one attempt a request. It puts the very item that the adapter puts, under the same condition; single appends are
// compared with a put without any condition as well, which no event store can do with, and once through the yardstick's own client.

register('../conformance/ts-hooks.mjs', import.meta.url)
const { findDynamoDB } = await import('../services/dynamodb.ts')

const quick = process.argv.includes('--quick')
const rounds = quick ? 3 : 5
const ms = quick ? 300 : 1000
const service = await findDynamoDB()
if (service.status === 'not proven') {
  console.log(`not proven: ${service.reason}`)
  process.exit(0)
}
const { endpoint } = service
const region = 'eu-west-1'
const bare = new DynamoDBClient({ endpoint, region, maxAttempts: 1, requestHandler: { httpAgent: { keepAlive: true, maxSockets: 200 } } })
const run = Math.random().toString(36).slice(2)
/** That of an append: nothing stands there, or the seal of a deleted stream; what does is given back. */
const sameCondition = {
  ConditionExpression: 'attribute_not_exists(#sk) OR #seal = :deleted',
  ExpressionAttributeNames: { '#sk': 'SK', '#seal': 'seal' },
  ExpressionAttributeValues: { ':deleted': { S: 'deleted' } },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
}
const tables = { plain: `plain_${run}`, log: `log_${run}`, bare: `bare_${run}`, reads: `reads_${run}` }

try {
  console.log(`${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}; ${service.from}`)
  await createTable(bare, { tableName: tables.bare })
  const plain = dynamodb({ tableName: tables.plain, endpoint, region, setup: 'auto' })
  const packed = dynamodb({ tableName: tables.plain, endpoint, region, setup: 'auto', packing: 'commit' })
  const logged = dynamodb({ tableName: tables.log, endpoint, region, setup: 'auto', log: 'claimed' })
  const through = dynamodb({ tableName: tables.plain, client: bare })
  const loggedPacked = dynamodb({ tableName: tables.log, endpoint, region, setup: 'auto', log: 'claimed', packing: 'commit' })
  for (const store of [plain, through, packed, logged, loggedPacked]) await store.open()

  const shapes = [
    { name: 'single append', unit: 'appends/s', store: plain, size: 1, target: 0.9, ms },
    { name: 'single append, against puts without a condition', unit: 'appends/s', store: plain, size: 1, condition: {}, ms },
    { name: "single append through the yardstick's client", unit: 'appends/s', store: through, size: 1, ms },
    { name: 'a transaction of 10', unit: 'events/s', store: plain, size: 10 },
    { name: '100 packed', unit: 'events/s', store: packed, size: 100, target: 30 },
    { name: 'log: single', unit: 'events/s', store: logged, size: 1 },
    { name: 'log: 100 packed', unit: 'events/s', store: loggedPacked, size: 100 },
  ]
  for (const { unit, target, ...shape } of shapes) {
    console.log(`\n${shape.name}, 500 bytes an event; yardstick: PutItem of one event`)
    for (const callers of [1, 8, 32]) print(`${callers} callers`, unit, await appends(shape, callers), target)
  }
  const count = 10_000
  console.log(`\nReads of ${count.toLocaleString('en')} events of 500 bytes; yardstick: Query to the end, payloads parsed`)
  print('1 caller', 'events/s', await reads(count), 0.9)
  for (const store of [plain, through, packed, logged, loggedPacked]) await store.close()
} finally {
  bare.destroy()
  await service.stop()
}

function payload(n) {
  return { n, text: 'x'.repeat(470) }
}

async function appends({ name, store, size, condition = sameCondition, ms: turnMs = ms / 2 }, callers) {
  const versions = new Map()
  const raw = new Map()
  const pairs = await compare({
    rounds,
    ms: turnMs,
    callers,
    ours: async (caller) => {
      const stream = `${name}-${callers}-${caller}`
      const version = versions.get(stream) ?? 0
      versions.set(stream, version + size)
      const events = Array.from({ length: size }, (_, n) => ({ type: 'ItemAdded', data: payload(n) }))
      await store.appendToStream(stream, events, { expectedVersion: version })
    },
    yardstick: async (caller) => {
      const version = (raw.get(caller) ?? 0) + 1
      raw.set(caller, version)
      const Item = bareItem(`${name}-${callers}-${caller}`, version)
      await bare.send(new PutItemCommand({ TableName: tables.bare, Item, ...condition }))
    },
  })
  // A call of ours counts as many events as it appends; one of the yardstick, one.
  return pairs.map(({ ours, yardstick }) => ({ ours: ours * size, yardstick }))
}

/** The item of an event, as the adapter has it. */
function bareItem(stream, version) {
  return {
    event_id: { S: crypto.randomUUID() },
    event_type: { S: 'ItemAdded' },
    event_data: { S: JSON.stringify(payload(version)) },
    PK: { S: `STREAM#${stream}` },
    SK: { S: `VERSION#${String(version).padStart(20, '0')}` },
    created_at: { N: String(Date.now()) },
    commit_id: { S: crypto.randomUUID().replaceAll('-', '') },
  }
}

async function reads(count) {
  const store = dynamodb({ tableName: tables.reads, endpoint, region, setup: 'auto' })
  for (let stored = 0; stored < count; stored += 100)
    await store.appendToStream(
      'long',
      Array.from({ length: 100 }, (_, n) => ({ type: 'ItemAdded', data: payload(stored + n) })),
    )
  const pairs = await compare({
    rounds,
    ms: 0,
    callers: 1,
    unit: count,
    ours: async () => {
      let seen = 0
      for await (const { data } of store.readStream('long')) seen += data.text.length > 0 ? 1 : 0
      if (seen !== count) throw new Error(`${seen} events were read of ${count}`)
    },
    yardstick: async () => {
      let [seen, ExclusiveStartKey] = [0, undefined]
      do {
        const page = await bare.send(
          new QueryCommand({
            TableName: tables.reads,
            KeyConditionExpression: 'PK = :pk',
            ExpressionAttributeValues: { ':pk': { S: 'STREAM#long' } },
            ConsistentRead: true,
            ExclusiveStartKey,
          }),
        )
        for (const { event_data: data } of page.Items) seen += JSON.parse(data.S).text.length > 0 ? 1 : 0
        ExclusiveStartKey = page.LastEvaluatedKey
      } while (ExclusiveStartKey !== undefined)
      if (seen !== count) throw new Error(`${seen} events were read of ${count}`)
    },
  })
  await store.close()
  return pairs
}
