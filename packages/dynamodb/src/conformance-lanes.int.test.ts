import { describeConformance } from '@millrace/core/conformance/vitest'
import { describe, inject, it } from 'vitest'
import { createDynamoDBProxy, isChange, loseAnswer } from '../../../test/services/dynamodb-proxy.js'
import { type DynamoDBHarnessOptions, type HarnessFaults, dynamodbHarness } from './conformance-harness.js'

const { endpoint, reason } = inject('dynamodb')

/** Each twentieth answer to a change is lost after it was done. */
async function lossy(server: string): Promise<HarnessFaults> {
  const proxy = await createDynamoDBProxy(server)
  proxy.inject({ when: isChange, chance: 0.05, fault: loseAnswer })
  return proxy
}

/** The other modes, and the base mode where answers get lost. */
const lanes: readonly Omit<DynamoDBHarnessOptions, 'endpoint'>[] = [
  { name: "dynamodb, log: 'claimed'", options: { log: 'claimed' }, faults: createDynamoDBProxy },
  { name: "dynamodb, packing: 'commit'", options: { packing: 'commit' } },
  { name: 'dynamodb, 5 % lost answers', faults: lossy },
]

for (const lane of lanes)
  if (endpoint === undefined)
    describe(`conformance of ${lane.name}`, () => {
      it('not proven: no server', (context) => {
        context.skip(`not proven: ${reason}`)
      })
    })
  else {
    // The profile standard of every mode, with and without lost answers: pnpm soak conformance-dynamodb.
    describeConformance(dynamodbHarness({ ...lane, endpoint }), { profile: 'smoke' })
  }
