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

/**
 * The other modes, and all of them where answers get lost; `packing: 'commit'` only so. The profile standard of every one, and that one without
 * faults: pnpm soak conformance-dynamodb.
 */
const lanes: readonly Omit<DynamoDBHarnessOptions, 'endpoint'>[] = [
  { name: "dynamodb, log: 'claimed'", options: { log: 'claimed' }, faults: createDynamoDBProxy },
  { name: 'dynamodb, 5 % lost answers', faults: lossy },
  { name: "dynamodb, log: 'claimed', 5 % lost answers", options: { log: 'claimed' }, faults: lossy },
  { name: "dynamodb, packing: 'commit', 5 % lost answers", options: { packing: 'commit' }, faults: lossy },
]

for (const lane of lanes)
  if (endpoint === undefined)
    describe(`conformance of ${lane.name}`, () => {
      it('not proven: no server', (context) => {
        context.skip(`not proven: ${reason}`)
      })
    })
  else describeConformance(dynamodbHarness({ ...lane, endpoint }), { profile: 'smoke' })
