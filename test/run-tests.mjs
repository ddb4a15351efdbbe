import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { startVitest } from 'vitest/node'

// All tests, then what they did not prove, then whether the committed conformance matrix is true to this run; the totals are the last
// line. Arguments are file filters (`pnpm test packages/core` runs a part), and then the matrix is not compared.

const filters = process.argv.slice(2)
const totals = { passed: 0, failed: 0, skipped: 0 }
const notProven = []
const failed = []

/** A module that could not be loaded and an error outside all tests count as failed tests. */
const counting = {
  onTestRunEnd(modules, unhandledErrors) {
    totals.failed += unhandledErrors.length
    for (const { message } of unhandledErrors) failed.push(`outside all tests: ${message}`)
    for (const module of modules) {
      const failedBefore = totals.failed
      for (const test of module.children.allTests()) count(test)
      if (module.state() === 'failed' && totals.failed === failedBefore) {
        totals.failed += 1
        failed.push(`${module.relativeModuleId}: ${module.errors()[0]?.message ?? 'could not be loaded'}`)
      }
    }
  },
}

function count(test) {
  const { state, note, errors } = test.result()
  const name = `${test.parent.type === 'suite' ? `${test.parent.name}: ` : ''}${test.name}`
  if (state === 'passed' || state === 'failed') {
    totals[state] += 1
    if (state === 'failed') failed.push(`${test.module.relativeModuleId}: ${name}: ${errors?.[0]?.message ?? ''}`)
    return
  }
  totals.skipped += 1
  notProven.push(`${name} (${note ?? 'no reason given'})`)
}

rmSync('.reports', { recursive: true, force: true })
const vitest = await startVitest('test', filters, { watch: false, reporters: ['default', counting] })
await vitest?.close()
if (totals.passed + totals.failed === 0) totals.failed = 1

if (filters.length === 0) {
  const { status } = spawnSync(process.execPath, ['test/conformance/matrix.mjs'], { stdio: 'inherit' })
  totals[status === 0 ? 'passed' : 'failed'] += 1
  if (status !== 0) failed.push('the committed conformance matrix is not true to this run')
}
for (const line of notProven) console.log(`not proven: ${line}`)
// Last, so that whoever sees the end of a long output sees what failed.
for (const line of failed) console.log(`failed: ${line.replaceAll(/\s+/gu, ' ').slice(0, 400)}`)
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`)
process.exitCode = totals.failed > 0 ? 1 : 0
