import { KurrentDBClient } from '@kurrent/kurrentdb-client'
import { describeConformance } from '@millrace/core/conformance/vitest'
import { afterAll, inject } from 'vitest'
import { openNode } from '../../../test/services/eventstoredb.js'
import { eventStoreDBHarness } from './conformance-harness.js'

const node = await openNode(inject('eventstoredb'), '@kurrent/kurrentdb-client')
const makeClient = () => KurrentDBClient.connectionString(node.url)
const shared = [makeClient(), makeClient()] as const
afterAll(async () => {
  await Promise.all(shared.map((client) => client.dispose()))
  await node.stop()
})
process.env.MILLRACE_TEST_EVENTSTOREDB_URL = node.url

describeConformance(
  eventStoreDBHarness({
    name: `${node.name}, @kurrent/kurrentdb-client`,
    url: node.url,
    model: node.model,
    denied: node.denied,
    makeClient,
    shared,
    module: new URL('../../../test/conformance/eventstoredb.harness.mjs', import.meta.url),
  }),
  {
    profile: 'smoke',
    reportFile: `.reports/conformance-${node.column}.json`,
  },
)
