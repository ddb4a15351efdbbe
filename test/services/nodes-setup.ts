import type { TestProject } from 'vitest/node'
import { findEventStoreDB } from './eventstoredb.js'

/** Where the tests of EventStoreDB and KurrentDB run: each file has streams of its own, or a model of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const eventstoredb = await findEventStoreDB()
  if (eventstoredb.status === 'running') project.provide('eventstoredb', { url: eventstoredb.url, reason: eventstoredb.from })
  else {
    project.provide('eventstoredb', { url: undefined, reason: eventstoredb.reason })
    console.log(`not proven: EventStoreDB node (${eventstoredb.reason}); its tests run on the protocol model`)
  }
  return async () => {
    if (eventstoredb.status === 'running') await eventstoredb.stop()
  }
}
