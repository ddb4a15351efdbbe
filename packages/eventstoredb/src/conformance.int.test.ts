import { EventStoreDBClient } from '@eventstore/db-client'
import { describeConformance } from '@millrace/core/conformance/vitest'
import { afterAll, inject } from 'vitest'
import { openNode } from '../../../test/services/eventstoredb.js'
import { eventStoreDBHarness } from './conformance-harness.js'

const node = await openNode(inject('eventstoredb').url, '@eventstore/db-client')
afterAll(() => node.stop())
process.env.MILLRACE_TEST_EVENTSTOREDB_URL = node.url

describeConformance(
  eventStoreDBHarness({
    name: `EventStoreDB ${node.kind}, @eventstore/db-client`,
    url: node.url,
    model: node.model,
    denied: node.denied,
    makeClient: () => EventStoreDBClient.connectionString(node.url),
    module: new URL('../../../test/conformance/eventstoredb.harness.mjs', import.meta.url),
  }),
  // Commands by chance still find an answer here that is not the model's, and shrinking them outlasts the case: not proven.
  // Nor is ERR-07: an append made while the node is down now and then ends as unknown although nothing was sent.
  {
    except: ['MOD-01', 'ERR-07'],
    profile: 'standard',
    reportFile: `.reports/conformance-eventstoredb-${node.model === undefined ? 'node' : 'model'}.json`,
  },
)
