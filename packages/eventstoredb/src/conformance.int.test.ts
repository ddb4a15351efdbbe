import { EventStoreDBClient } from '@eventstore/db-client'
import { describeConformance } from '@millrace/core/conformance/vitest'
import { afterAll, inject } from 'vitest'
import { openNode } from '../../../test/services/eventstoredb.js'
import { eventStoreDBHarness } from './conformance-harness.js'

const node = await openNode(inject('eventstoredb'), '@eventstore/db-client')
afterAll(() => node.stop())
process.env.MILLRACE_TEST_EVENTSTOREDB_URL = node.url

describeConformance(
  eventStoreDBHarness({
    name: `${node.name}, @eventstore/db-client`,
    url: node.url,
    model: node.model,
    denied: node.denied,
    makeClient: () => EventStoreDBClient.connectionString(node.url),
    module: new URL('../../../test/conformance/eventstoredb.harness.mjs', import.meta.url),
  }),
  {
    profile: 'standard',
    reportFile: `.reports/conformance-${node.column}.json`,
  },
)
