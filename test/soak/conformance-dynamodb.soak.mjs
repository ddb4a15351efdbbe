import { register } from 'node:module'

// The whole suite on DynamoDB Local, profile standard, in every mode, and each mode where one of twenty answers to a change is lost.
register('../conformance/ts-hooks.mjs', import.meta.url)
const { findDynamoDB } = await import('../services/dynamodb.ts')
const { createDynamoDBProxy, isChange, loseAnswer } = await import('../services/dynamodb-proxy.ts')
const { dynamodbHarness } = await import('../../packages/dynamodb/src/conformance-harness.ts')
const { runConformance } = await import('../../packages/core/src/conformance/index.ts')

const service = await findDynamoDB()
if (service.status === 'not proven') {
  console.log(`not proven: ${service.reason}`)
  process.exit(77)
}
const seed = Number(process.env.SOAK_SEED ?? 1)
async function lossy(endpoint) {
  const proxy = await createDynamoDBProxy(endpoint, seed)
  proxy.inject({ when: isChange, chance: 0.05, fault: loseAnswer })
  return proxy
}
console.log(service.from)
try {
  for (const [mode, options] of Object.entries({
    base: {},
    "log: 'claimed'": { log: 'claimed' },
    "packing: 'commit'": { packing: 'commit' },
  }))
    for (const faults of [createDynamoDBProxy, lossy]) {
      const name = `${mode}${faults === lossy ? ', 5 % lost answers' : ''}`
      const { totals, cases, durationMs } = await runConformance(dynamodbHarness({ name, endpoint: service.endpoint, options, faults }), {
        profile: 'standard',
        seed,
      })
      const counts = Object.entries(totals).flatMap(([status, count]) => (count > 0 ? [`${count} ${status}`] : []))
      console.log(`${name}, profile standard, seed ${seed}: ${counts.join(', ')} in ${Math.round(durationMs / 1000)} s`)
      for (const { id, status, reason, failure } of cases)
        if (status === 'failed' || status === 'not-proven')
          console.log(`  ${id} ${status}: ${reason ?? failure?.message.split('\n', 1)[0] ?? ''}`)
      if (totals.failed > 0) process.exitCode = 1
    }
} finally {
  await service.stop()
}
