import { expect, test } from 'vitest'
import { type DynamoDBOptions, parseOptions } from './options.js'
import { tableDefinition } from './schema.js'

const refusal = (given: DynamoDBOptions | string): string => {
  try {
    parseOptions(given)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

test('a URL gives region, table and options', () => {
  expect(parseOptions('dynamodb://eu-west-1/events?log=claimed&endpoint=http%3A%2F%2F127.0.0.1%3A8000&setup=auto&timeoutMs=500')).toEqual({
    region: 'eu-west-1',
    tableName: 'events',
    log: 'claimed',
    endpoint: 'http://127.0.0.1:8000',
    setup: 'auto',
    timeoutMs: 500,
    packing: 'overflow',
    transactions: true,
    fillAfterMs: 2000,
    requestTimeoutMs: 3000,
  })
})

test.each([
  ['dynamodb://eu-west-1', 'region/table'],
  ['dynamodb:///events', 'region/table'],
  ['dynamodb://eu-west-1/events/more', 'region/table'],
  ['dynamodb://key:secret@eu-west-1/events', 'credentials'],
  ['dynamodb://eu-west-1/ev%20ents', 'tableName'],
  ['dynamodb://eu-west-1/events?lgo=claimed', 'Did you mean "log"'],
  ['dynamodb://eu-west-1/events?log=yes', 'log must be one of'],
  ['dynamodb://eu-west-1/events?fillAfterMs=100', '500 or more'],
  ['dynamodb://eu-west-1/events?endpoint=http://db.example.com', 'loopback'],
  ['dynamodb://eu-west-1/events?endpoint=ftp://127.0.0.1', 'http: or https:'],
  ['dynamodb://eu-west-1/events?transactions=false', "packing: 'commit'"],
] as const)('%s is refused', (url, message) => {
  expect(refusal(url)).toContain(message)
  expect(refusal(url)).not.toContain('secret')
})

test('plain http: needs loopback, or to be said', () => {
  const endpoint = 'http://db.example.com:8000'
  expect(refusal({ tableName: 'events', endpoint })).toContain('allowInsecureEndpoint')
  expect(refusal({ tableName: 'events', endpoint, allowInsecureEndpoint: true })).toBe('accepted')
  for (const local of ['http://localhost:1', 'http://127.0.0.2', 'http://[::1]:8000', 'https://db.example.com'])
    expect(refusal({ tableName: 'events', endpoint: local })).toBe('accepted')
})

test('a client and what would make one are not given together; unknown members are named', () => {
  const client = { send: () => Promise.resolve() }
  expect(refusal({ tableName: 'events', client, region: 'eu-west-1' })).toContain('not both')
  expect(refusal({ tableName: 'events', client })).toBe('accepted')
  expect(refusal({ tablename: 'events' } as never)).toContain('Did you mean "tableName"')
  expect(refusal({ tableName: 'ab' })).toContain('3 to 255')
})

test('the table: two keys, billed by request, no index', () => {
  expect(tableDefinition({ tableName: 'events' })).toEqual({
    TableName: 'events',
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [
      { AttributeName: 'PK', KeyType: 'HASH' },
      { AttributeName: 'SK', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'PK', AttributeType: 'S' },
      { AttributeName: 'SK', AttributeType: 'S' },
    ],
  })
})
