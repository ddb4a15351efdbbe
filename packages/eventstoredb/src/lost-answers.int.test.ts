import { EventStoreDBClient } from '@eventstore/db-client'
import { describeConformance } from '@millrace/core/conformance/vitest'
import { afterAll, expect, test } from 'vitest'
import { openNode } from '../../../test/services/eventstoredb.js'
import { eventStoreDBHarness } from './conformance-harness.js'

// A real node answers; that answers are lost takes the model.
const node = await openNode(undefined, '@eventstore/db-client', {
  faults: [{ does: 'lose answer', calls: ['append', 'delete', 'tombstone'], share: 0.05 }],
  seed: 7,
})
afterAll(() => node.stop())
process.env.MILLRACE_TEST_EVENTSTOREDB_URL = node.url

describeConformance(
  eventStoreDBHarness({
    name: 'EventStoreDB protocol model that loses 5 % of the answers',
    url: node.url,
    denied: node.denied,
    makeClient: () => EventStoreDBClient.connectionString(node.url),
  }),
  { profile: 'smoke', onReport: (report) => expect(report.totals.failed).toBe(0) },
)

test('answers were lost', async () => {
  expect(await node.model?.faultCount()).toBeGreaterThan(50)
})
