import { register } from 'node:module'
import { mkdir, writeFile } from 'node:fs/promises'

register('../conformance/ts-hooks.mjs', import.meta.url)
const { findPrograms } = await import('../services/postgres-programs.ts')
const { runChaos } = await import('../faults/chaos.ts')
const { holds } = await import('../faults/ledger.ts')

// Random cuts and kills for five minutes (or SOAK_MINUTES, if that is less) under 8 writers on 16 streams, judged by the history checkers;
// a tenth of that in order 'strict'; then the control, which loses events and has to be found out.

const seed = Number(process.env.SOAK_SEED ?? 1)
const minutes = Math.min(5, Number(process.env.SOAK_MINUTES ?? 5))
const programs = await findPrograms()
if (programs === undefined) {
  console.log('no PostgreSQL programs to start a server with')
  process.exit(77)
}

for (const [order, share] of [
  ['settled', 1],
  ['strict', 0.1],
]) {
  const run = await runChaos({ programs, seed, order, ms: minutes * share * 60_000 })
  tell(`PostgreSQL from ${programs.from}, order '${order}', ${minutes * share} minutes, seed ${seed}`, run)
  if (holds(run)) continue
  process.exitCode = 1
  await mkdir('.reports', { recursive: true })
  await writeFile(`.reports/postgres-soak-${order}-${seed}.json`, JSON.stringify(run.history))
  console.log(`history kept in .reports/postgres-soak-${order}-${seed}.json`)
}

// The writer of the log sleeps, so that a kill loses what was not waited for.
const config = { synchronous_commit: 'off', wal_writer_delay: '10s', wal_writer_flush_after: '1GB' }
const control = await runChaos({ programs, seed, ms: 20_000, config })
tell('the control, with synchronous_commit = off, 20 s', control)
if (!control.anomalies.some(({ name }) => name === 'lost-write')) {
  console.log('the control should have lost events, and did not')
  process.exitCode = 1
}

function tell(title, { faults, acknowledged, conflicts, refused, unresolved, unexpected, operations, anomalies, notJudged }) {
  const struck = Object.entries(faults).map(([name, times]) => `${name} ${times} times`)
  console.log(`${title}:`)
  console.log(`  ${struck.join(', ')}`)
  console.log(`  ${acknowledged} appends acknowledged, ${conflicts} conflicts, ${refused} refused and proven so, ${unresolved} unresolved`)
  const counts = new Map()
  for (const { name } of anomalies) counts.set(name, (counts.get(name) ?? 0) + 1)
  const named = [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || 'none'
  console.log(
    `  ${operations} operations judged; anomalies: ${named}; not judged: ${notJudged.length}; unexpected errors: ${unexpected.length}`,
  )
  for (const { name, message } of anomalies.slice(0, 3)) console.log(`  ${name}: ${message}`)
  for (const text of unexpected.slice(0, 3)) console.log(`  ${text.split('\n', 1)[0]}`)
}
