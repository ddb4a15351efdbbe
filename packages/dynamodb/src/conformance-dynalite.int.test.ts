import { describeConformance } from '@millrace/core/conformance/vitest'
import { afterAll } from 'vitest'
import { startDynalite } from '../../../test/services/dynalite.js'
import { dynamodbHarness } from './conformance-harness.js'

// A server without transactions, and without the item that failed a condition: what transactions: false is for.
const { endpoint, stop } = await startDynalite()
afterAll(stop)
const options = { transactions: false, packing: 'commit' } as const
describeConformance(dynamodbHarness({ name: 'dynamodb, transactions: false, on dynalite', endpoint, options, anyCredentials: true }), {
  profile: 'smoke',
})
