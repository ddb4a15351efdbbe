import { register } from 'node:module'

register('../conformance/ts-hooks.mjs', import.meta.url)
const { runConformance } = await import('../../packages/core/src/conformance/index.ts')
const { memoryHarness } = await import('../../packages/core/src/memory/conformance-harness.ts')
const { slow, switches, unprovable } = await import('../conformance/capability-switches.ts')

// Whatever an adapter leaves out, the suite has to hold with its inverse tests: here every combination, in `pnpm test` the pairs.

const except = [...slow, ...unprovable]
const seed = Number(process.env.SOAK_SEED ?? 1)
const sets = Array.from({ length: 2 ** switches.length }, (_none, bits) =>
  Object.assign({}, ...switches.filter((_switch, index) => (bits & (1 << index)) !== 0)),
)
let [runs, assertions, broken] = [0, 0, 0]
for (const capabilities of sets) {
  const { cases, underClaims } = await runConformance(memoryHarness({ capabilities }), { profile: 'smoke', seed, except })
  for (const { id, status, reason, failure } of cases) {
    runs += 1
    if (status === 'passed' || status === 'opted-out') continue
    broken += 1
    console.log(`without ${Object.keys(capabilities).join(', ')}: ${id} ${status}: ${failure?.message.split('\n', 1)[0] ?? reason ?? ''}`)
  }
  for (const { capability } of underClaims) console.log(`without ${Object.keys(capabilities).join(', ')}: told to do more: ${capability}`)
  broken += underClaims.length
  assertions += cases.reduce((sum, one) => sum + one.assertions, 0)
}
console.log(`${sets.length} combinations of ${switches.length} switches, ${runs} cases run, ${assertions} assertions, ${broken} broken`)
if (broken > 0) process.exitCode = 1
