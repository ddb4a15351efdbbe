import { register } from 'node:module'

register('../conformance/ts-hooks.mjs', import.meta.url)
const { runConformance } = await import('../../packages/core/src/conformance/index.ts')

/** Runs the suite in the profile `soak`, prints what it came to, and sets the exit code. */
export async function soakSuite(harness) {
  const seed = Number(process.env.SOAK_SEED ?? 1)
  const { totals, cases, durationMs } = await runConformance(harness, { profile: 'soak', seed })
  const assertions = cases.reduce((sum, one) => sum + one.assertions, 0)
  const overlaps = cases.reduce((sum, one) => sum + (one.overlaps ?? 0), 0)
  const counts = Object.entries(totals).flatMap(([status, count]) => (count > 0 ? [`${count} ${status}`] : []))
  console.log(`${harness.name}, profile soak, seed ${seed}: ${counts.join(', ')} in ${Math.round(durationMs / 1000)} s`)
  console.log(`${assertions} assertions, ${overlaps} overlapping calls`)
  for (const { id, status, reason, failure } of cases)
    if (status !== 'passed') console.log(`${id} ${status}: ${reason ?? failure?.message.split('\n', 1)[0] ?? ''}`)
  if (totals.failed > 0) process.exitCode = 1
}
