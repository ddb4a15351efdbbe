import { KurrentDBClient } from '@kurrent/kurrentdb-client'
import { describeConformance } from '@millrace/core/conformance/vitest'
import { afterAll, expect, test } from 'vitest'
import { openNode } from '../../../test/services/eventstoredb.js'
import { eventStoreDBHarness } from './conformance-harness.js'

// As lost-answers.int.test.ts: the two clients cannot be loaded into one process.
const node = await openNode(undefined, '@kurrent/kurrentdb-client', {
  faults: [{ does: 'lose answer', calls: ['append', 'delete', 'tombstone'], share: 0.05 }],
  seed: 7,
})
const makeClient = () => KurrentDBClient.connectionString(node.url)
const shared = [makeClient(), makeClient()] as const
afterAll(async () => {
  await Promise.all(shared.map((client) => client.dispose()))
  await node.stop()
})
process.env.MILLRACE_TEST_EVENTSTOREDB_URL = node.url

describeConformance(
  eventStoreDBHarness({
    name: 'EventStoreDB protocol model that loses 5 % of the answers, @kurrent/kurrentdb-client',
    url: node.url,
    denied: node.denied,
    makeClient,
    shared,
  }),
  { profile: 'smoke', onReport: (report) => expect(report.totals.failed).toBe(0) },
)

test('answers were lost', async () => {
  expect(await node.model?.faultCount()).toBeGreaterThan(50)
})
