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

interface Lane extends Omit<DynamoDBHarnessOptions, 'endpoint'> {
  readonly profile: 'smoke' | 'standard'
}

/** The other modes, and all of them where answers get lost. The profile standard of every one: pnpm soak conformance-dynamodb. */
const lanes: readonly Lane[] = [
  { name: "dynamodb, log: 'claimed'", options: { log: 'claimed' }, faults: createDynamoDBProxy, profile: 'smoke' },
  { name: "dynamodb, packing: 'commit'", options: { packing: 'commit' }, profile: 'smoke' },
  { name: 'dynamodb, 5 % lost answers', faults: lossy, profile: 'smoke' },
  { name: "dynamodb, log: 'claimed', 5 % lost answers", options: { log: 'claimed' }, faults: lossy, profile: 'smoke' },
  { name: "dynamodb, packing: 'commit', 5 % lost answers", options: { packing: 'commit' }, faults: lossy, profile: 'smoke' },
]

for (const { profile, ...lane } of lanes)
  if (endpoint === undefined)
    describe(`conformance of ${lane.name}`, () => {
      it('not proven: no server', (context) => {
        context.skip(`not proven: ${reason}`)
      })
    })
  else describeConformance(dynamodbHarness({ ...lane, endpoint }), { profile })
