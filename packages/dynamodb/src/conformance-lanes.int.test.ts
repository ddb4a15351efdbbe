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
  { name: "dynamodb, log: 'claimed', 5 % lost answers", options: { log: 'claimed' }, faults: lossy },
]

for (const lane of lanes)
  if (endpoint === undefined)
    describe(`conformance of ${lane.name}`, () => {
      it('not proven: no server', (context) => {
        context.skip(`not proven: ${reason}`)
      })
    })
  else {
    const profile = process.env.MILLRACE_LANES === 'standard' ? 'standard' : 'smoke'
    describeConformance(dynamodbHarness({ ...lane, endpoint }), {
      profile,
      reportFile: `.reports/lane-${lane.name.replaceAll(/[^a-z0-9]+/gu, '-')}.json`,
    })
  }
