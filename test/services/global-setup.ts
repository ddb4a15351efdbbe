import type { TestProject } from 'vitest/node'
import { findEventStoreDB } from './eventstoredb.js'
import { findPostgres } from './postgres.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the PostgreSQL of this run; undefined: not proven, for this reason. */
    postgres: { readonly url: string | undefined; readonly reason: string }
    /** URL of the EventStoreDB or KurrentDB of this run; undefined: the protocol model takes its place. */
    eventstoredb: { readonly url: string | undefined; readonly reason: string }
  }
}

/** One server of each kind for all test files of a run; each file has a schema, or streams, of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const node = await findEventStoreDB()
  project.provide('eventstoredb', { url: node.url, reason: node.reason })
  if (node.url === undefined) console.log(`not proven: EventStoreDB node (${node.reason}); tests run on the protocol model`)
  else console.log(`EventStoreDB: ${node.reason}`)
  const service = await findPostgres()
  if (service.status === 'not proven') {
    project.provide('postgres', { url: undefined, reason: service.reason })
    console.log(`not proven: PostgreSQL server (${service.reason})`)
    return () => node.stop()
  }
  project.provide('postgres', { url: service.url, reason: service.from })
  return async () => {
    await service.stop()
    await node.stop()
  }
}
