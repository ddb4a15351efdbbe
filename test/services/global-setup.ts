import type { TestProject } from 'vitest/node'
import { findDynamoDB } from './dynamodb.js'
import { findPostgres } from './postgres.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the PostgreSQL of this run; undefined: not proven, for this reason. */
    postgres: { readonly url: string | undefined; readonly reason: string }
    /** Endpoint of the DynamoDB of this run; undefined: not proven, for this reason. */
    dynamodb: { readonly endpoint: string | undefined; readonly reason: string }
    /** URL of the EventStoreDB or KurrentDB of this run; undefined: the protocol model takes its place. */
    eventstoredb: { readonly url: string | undefined; readonly reason: string }
  }
}

/** One server of each kind for all test files of a run; each file has a schema, a table or streams of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, dynamodb] = await Promise.all([findPostgres(), findDynamoDB()])
  if (postgres.status === 'running') project.provide('postgres', { url: postgres.url, reason: postgres.from })
  else {
    project.provide('postgres', { url: undefined, reason: postgres.reason })
    console.log(`not proven: PostgreSQL server (${postgres.reason})`)
  }
  if (dynamodb.status === 'running') project.provide('dynamodb', { endpoint: dynamodb.endpoint, reason: dynamodb.from })
  else {
    project.provide('dynamodb', { endpoint: undefined, reason: dynamodb.reason })
    console.log(`not proven: DynamoDB server (${dynamodb.reason})`)
  }
  return async () => {
    await Promise.all([postgres, dynamodb].map((service) => (service.status === 'running' ? service.stop() : Promise.resolve())))
  }
}
