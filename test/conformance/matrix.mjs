import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { allCases, badgeOf, renderBadge, renderMatrix, renderPage, stableReport } from '../../packages/core/dist/conformance/index.js'
import { columnsOf } from './columns.mjs'

// Keeps test/conformance/reports, CONFORMANCE.md, and the page and badges in docs/conformance true to the runs just made (.reports/conformance-*.json).
//   node test/conformance/matrix.mjs          fails when what is committed differs from a run
//   node test/conformance/matrix.mjs --write  takes the runs over
// A store that was not run (no server) is not compared: its column stays as it was committed. Nor is a case that
// passes or not by whether its calls happened to meet: that is luck, and it is said.

const root = new URL('../../', import.meta.url)
const write = process.argv.includes('--write')
const stale = []
const columns = []

for (const store of columnsOf([...(await namesIn('.reports/', 'conformance-')), ...(await namesIn('test/conformance/reports/', ''))])) {
  const fresh = new URL(`.reports/conformance-${store}.json`, root)
  const committed = new URL(`test/conformance/reports/${store}.json`, root)
  const text = existsSync(fresh) ? print(await lucky(store, stableReport(JSON.parse(await readFile(fresh, 'utf8'))), committed)) : undefined
  if (text === undefined) console.log(`${store}: not run, not compared`)
  else await keep(committed, text)
  if (existsSync(committed))
    columns.push({ store, report: JSON.parse(write && text !== undefined ? text : await readFile(committed, 'utf8')) })
}
const reports = columns.map(({ report }) => report)
await keep(new URL('CONFORMANCE.md', root), renderMatrix(allCases, reports))
await keep(new URL('docs/conformance/index.html', root), renderPage(allCases, reports))
for (const { store, report } of columns) {
  const badge = badgeOf(report)
  await keep(new URL(`docs/conformance/${store}.json`, root), `${JSON.stringify(badge)}\n`)
  await keep(new URL(`docs/conformance/${store}.svg`, root), renderBadge(badge))
}

if (stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run: pnpm conformance:write`)
  process.exitCode = 1
}

async function keep(url, text) {
  if (write) {
    await mkdir(new URL('.', url), { recursive: true })
    await writeFile(url, text)
  } else if (!existsSync(url) || (await readFile(url, 'utf8')) !== text) stale.push(fileURLToPath(url).slice(fileURLToPath(root).length))
}

/** What the reports in a folder are of. */
async function namesIn(folder, prefix) {
  const files = existsSync(new URL(folder, root)) ? await readdir(new URL(folder, root)) : []
  return files.flatMap((file) => (file.startsWith(prefix) && file.endsWith('.json') ? [file.slice(prefix.length, -'.json'.length)] : []))
}

/** The report, with cases whose calls did not meet as they were committed. */
async function lucky(store, report, committed) {
  if (!existsSync(committed)) return report
  const before = new Map(JSON.parse(await readFile(committed, 'utf8')).cases.map((one) => [one.id, one]))
  const cases = report.cases.map((one) => {
    const then = before.get(one.id)
    if (then === undefined || (!(missed(one) && then.status === 'passed') && !(missed(then) && one.status === 'passed' && !write)))
      return one
    console.log(`${store}: ${one.id} ${one.status}, committed as ${then.status} (${one.reason ?? then.reason}): not compared`)
    return then
  })
  const totals = Object.fromEntries(
    Object.keys(report.totals).map((status) => [status, cases.filter((one) => one.status === status).length]),
  )
  return { ...report, totals, cases }
}

function missed({ status, reason = '' }) {
  return status === 'not-proven' && /^(no two calls were shown to overlap|not seen: )/.test(reason)
}

function print(report) {
  return `${JSON.stringify(report, undefined, 2)}\n`
}
