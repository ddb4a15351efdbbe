import { describeConformance } from '@millrace/core/conformance/vitest'
import { describe, inject, it } from 'vitest'
import { createDynamoDBProxy } from '../../../test/services/dynamodb-proxy.js'
import { dynamodbHarness } from './conformance-harness.js'

const { endpoint, reason } = inject('dynamodb')

if (endpoint === undefined)
  describe('conformance of dynamodb', () => {
    it('not proven: no server', (context) => {
      context.skip(`not proven: ${reason}`)
    })
  })
else {
  process.env.MILLRACE_TEST_DYNAMODB_ENDPOINT = endpoint
  const module = new URL('../../../test/conformance/dynamodb.harness.mjs', import.meta.url)
  describeConformance(dynamodbHarness({ name: 'dynamodb', endpoint, module, faults: createDynamoDBProxy }), {
    profile: 'standard',
    reportFile: '.reports/conformance-dynamodb.json',
  })
}
