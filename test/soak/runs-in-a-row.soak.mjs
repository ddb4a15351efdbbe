import { register } from 'node:module'

register('../conformance/ts-hooks.mjs', import.meta.url)
const { runConformance } = await import('../../packages/core/src/conformance/index.ts')
const { findPostgres } = await import('../services/postgres.ts')

// A case that fails once in a while is a defect of the suite or of the adapter: 20 runs in a row, each with a seed of its own.

const runs = 20
const seed = Number(process.env.SOAK_SEED ?? 1)
const server = await findPostgres()
const stores = [{ name: 'memory', file: '../conformance/memory.harness.mjs' }]
if (server.status === 'running') {
  process.env.MILLRACE_TEST_POSTGRES_URL = server.url
  stores.push({ name: `postgres (${server.from})`, file: '../conformance/postgres.harness.mjs' })
} else console.log(`postgres not proven: ${server.reason}`)
const endsAt = performance.now() + Number(process.env.SOAK_MINUTES ?? 10) * 60_000
try {
  for (const profile of ['smoke', 'standard'])
    for (const { name, file } of stores) {
      const { harness } = await import(file)
      await inARow(name, harness, profile)
    }
} finally {
  if (server.status === 'running') await server.stop()
}

async function inARow(name, harness, profile) {
  const [times, totals] = [[], new Set()]
  /** @type {string[]} */
  const flakes = []
  while (times.length < runs && (performance.now() < endsAt || times.length === 0)) {
    const report = await runConformance(harness, { profile, seed: seed + times.length })
    times.push(report.durationMs / 1000)
    totals.add(`${report.totals.passed} passed, ${report.totals['not-proven']} not proven, ${report.totals['opted-out']} opted out`)
    for (const { id, status, failure, replay } of report.cases)
      if (status === 'failed') flakes.push(`${id} (${replay}): ${failure?.message.split('\n', 1)[0] ?? ''}`)
  }
  const [least, most] = [Math.min(...times), Math.max(...times)].map((seconds) => seconds.toFixed(1))
  const short = times.length < runs ? `, of ${runs}: the time was up` : ''
  console.log(
    `${name}, ${profile}: ${times.length} runs${short}, ${flakes.length} failures, ${least}–${most} s each; ${[...totals].join(' / ')}`,
  )
  for (const flake of flakes) console.log(`  ${flake}`)
  if (flakes.length > 0) process.exitCode = 1
}
