import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { register } from 'node:module'

register('../conformance/ts-hooks.mjs', import.meta.url)
const { runConformance } = await import('../../packages/core/src/conformance/index.ts')
const { findPostgres } = await import('../services/postgres.ts')

// A case that fails once in a while is a defect of the suite or of the adapter: 20 runs in a row, each with a seed of its own. They take
// the better part of an hour, so they may be made in parts: what was run with this seed is kept, and the next call goes on from there,
// until SOAK_MINUTES are over. A run that failed stays among them.

const runs = 20
/** Most seconds that a run may take: conformance.md §1, for a store across a network and two cores. */
const allowed = { smoke: 30, standard: 180 }
const seed = Number(process.env.SOAK_SEED ?? 1)
const endsAt = performance.now() + Number(process.env.SOAK_MINUTES ?? 10) * 60_000
const folder = new URL('../../.reports/', import.meta.url)
const file = new URL(`runs-in-a-row-${seed}.json`, folder)
const kept = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'))

const server = await findPostgres()
const stores = [
  { name: 'memory', harness: '../conformance/memory.harness.mjs' },
  { name: 'embedded', harness: '../conformance/embedded.harness.mjs' },
]
if (server.status === 'running') {
  process.env.MILLRACE_TEST_POSTGRES_URL = server.url
  stores.unshift({ name: `postgres (${server.from})`, harness: '../conformance/postgres.harness.mjs' })
} else console.log(`postgres not proven: ${server.reason}`)

await mkdir(folder, { recursive: true })
let short = false
try {
  for (const profile of ['standard', 'smoke'])
    for (const store of stores) {
      await inARow(store, profile)
      tell(store.name, profile)
    }
} finally {
  if (server.status === 'running') await server.stop()
}
if (short && process.exitCode === undefined) {
  console.log(`the time was up: call it again with seed ${seed}, and it goes on`)
  process.exitCode = 77
}

async function inARow({ name, harness: module }, profile) {
  const done = (kept[`${name}, ${profile}`] ??= [])
  const { harness } = await import(module)
  while (done.length < runs && performance.now() < endsAt) {
    const { durationMs, totals, cases } = await runConformance(harness, { profile, seed: seed + done.length })
    const failures = cases
      .filter(({ status }) => status === 'failed')
      .map(({ id, failure, replay }) => `${id} (${replay}): ${failure?.message.split('\n', 1)[0] ?? ''}`)
    done.push({ seconds: durationMs / 1000, totals, failures })
    console.error(`${name}, ${profile}: run ${done.length}, ${(durationMs / 1000).toFixed(1)} s, ${failures.length} failures`)
    await writeFile(file, JSON.stringify(kept))
  }
  if (done.length < runs) short = true
}

function tell(name, profile) {
  const done = kept[`${name}, ${profile}`]
  if (done.length === 0) return
  const times = done.map(({ seconds }) => seconds)
  const failures = done.flatMap((run) => run.failures)
  const [least, most] = [Math.min(...times), Math.max(...times)]
  const totals = new Set(
    done.map(({ totals: one }) => `${one.passed} passed, ${one['not-proven']} not proven, ${one['opted-out']} opted out`),
  )
  const of = done.length < runs ? ` of ${runs}` : ''
  const within = most <= allowed[profile] ? `within the ${allowed[profile]} s` : `MORE THAN THE ${allowed[profile]} s`
  console.log(
    `${name}, ${profile}: ${done.length} runs in a row${of}, ${failures.length} failures, ${least.toFixed(1)}–${most.toFixed(1)} s each (${within} it may take; ${availableParallelism()} cores); ${[...totals].join(' / ')}`,
  )
  for (const failure of failures) console.log(`  ${failure}`)
  if (failures.length > 0) process.exitCode = 1
}
