import { runConformance } from '@millrace/core/conformance'
import { harness } from './harness.js'

// The suite without any test runner: exit code 0 when every scored case holds.
const report = await runConformance(harness, { profile: 'smoke' })
for (const { id, status, title, reason, failure } of report.cases)
  if (status !== 'passed')
    console.log(
      `${id} ${status}: ${title}${reason === undefined ? '' : ` (${reason})`}${failure === undefined ? '' : `\n  ${failure.message}`}`,
    )
console.log(JSON.stringify(report.totals))
process.exitCode = report.totals.failed > 0 ? 1 : 0
