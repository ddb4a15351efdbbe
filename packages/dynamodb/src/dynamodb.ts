import { type EventStoreAdapter, createAdapter } from '@millrace/core'
import { dynamodbBackend } from './backend.js'
import { type DynamoDBOptions, parseOptions } from './options.js'

/**
 * The adapter for Amazon DynamoDB. It connects on first use.
 *
 * One conditional put and one request for an append whose predecessor is known; a lost answer is settled by a commit id; no version is
 * ever skipped. With `log: 'claimed'` there is a log of all events that never skips one. See the guide `docs/dynamodb.md`.
 *
 * @param options {@link DynamoDBOptions}, or a URL `dynamodb://region/table?log=claimed&endpoint=…`. Errors: `configuration`.
 */
export function dynamodb(options: DynamoDBOptions | string): EventStoreAdapter {
  const parsed = parseOptions(options)
  return createAdapter(dynamodbBackend(parsed), { timeoutMs: parsed.timeoutMs, pageSize: parsed.pageSize })
}
