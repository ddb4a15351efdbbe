import { createHash } from 'node:crypto'
import type { ConformanceCase } from './case.js'
import { pageScript } from './page-script.js'
import { pageStyle } from './page-style.js'
import type { CaseStatus, StableReport } from './report.js'

const words: Readonly<Record<CaseStatus | 'not-run', string>> = {
  passed: 'passed',
  failed: 'failed',
  'not-proven': 'not proven',
  'opted-out': 'opted out',
  'known-failure': 'known failure',
  unscored: 'unscored',
  'not-run': 'not run',
}

/**
 * The reports as one page of HTML that needs nothing else: it can be filtered and searched, follows the reader's dark mode, and is
 * readable on a phone. Its policy lets nothing be loaded and only its own script run; without scripts everything is shown.
 *
 * No times or seeds in it, so the same results give the same bytes. A case that a report does not have is 'not run'.
 */
export function renderPage(cases: readonly ConformanceCase[], reports: readonly StableReport[]): string {
  const sections = [...new Set(cases.map(({ section }) => section))]
  const stores = reports.map(({ harness }) => harness)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${hash(pageStyle)}; script-src ${hash(pageScript)}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Conformance</title>
<style>${pageStyle}</style>
</head>
<body>
<h1>Conformance</h1>
<p>What each case of the suite found on each store. <em>Opted out</em>: the store does not declare the capability, and the inverse was
tested. <em>Not proven</em>: nothing was said about the store, for the reason given.</p>
<ul class="stores">
${reports.map((report) => `<li>${summary(report)}</li>`).join('\n')}
</ul>
<form id="controls" hidden>
<label>Search <input id="search" type="search" autocomplete="off"></label>
<label>Section ${select('section', sections)}</label>
<label>Store ${select('store', stores)}</label>
<label>Status ${select('status', Object.keys(words), words)}</label>
<output id="count" for="search section store status"></output>
</form>
<table>
<thead><tr><th scope="col">Case</th><th scope="col">Proves</th>${stores.map((store) => `<th scope="col">${escape(store)}</th>`).join('')}</tr></thead>
<tbody>
${cases.map((one) => row(one, reports)).join('\n')}
</tbody>
</table>
${underClaims(reports)}<script>${pageScript}</script>
</body>
</html>
`
}

function summary({ harness, adapter, contract, profile, totals }: StableReport): string {
  const counts = (Object.entries(totals) as [CaseStatus, number][]).filter(([, count]) => count > 0)
  const text = counts.map(([status, count]) => `<span class="${status}">${count} ${words[status]}</span>`).join(', ')
  return `<b>${escape(harness)}</b>: ${text} (adapter ${escape(adapter)}, contract ${contract}, profile ${profile})`
}

function select(id: string, values: readonly string[], labels: Readonly<Record<string, string>> = {}): string {
  const options = values.map((value) => `<option value="${escape(value)}">${escape(labels[value] ?? value)}</option>`).join('')
  return `<select id="${id}"><option value="">all</option>${options}</select>`
}

function row(one: ConformanceCase, reports: readonly StableReport[]): string {
  const found = reports.map(({ harness, cases }) => {
    const report = cases.find(({ id }) => id === one.id)
    return { harness, status: report?.status ?? ('not-run' as const), reasons: report === undefined ? [] : reasonsOf(report) }
  })
  const text = [one.id, one.title, one.rationale, ...found.flatMap(({ reasons }) => reasons)].join(' ').toLowerCase()
  const cells = found.map(({ harness, status, reasons }) => {
    const why = reasons.map((reason) => `<small>${escape(reason)}</small>`).join('')
    return `<td data-store="${escape(harness)}" data-status="${status}"><span class="${status}">${words[status]}</span>${why}</td>`
  })
  return `<tr data-section="${escape(one.section)}" data-text="${escape(text)}"><th scope="row" id="${one.id}">${one.id}</th><td>${escape(one.title)}<small>${escape(one.rationale)}</small></td>${cells.join('')}</tr>`
}

function reasonsOf({ reason, failed, parts }: StableReport['cases'][number]): string[] {
  const own = reason ?? failed
  const ofParts = parts.flatMap(({ name, status, reason: why }) =>
    status === 'passed' || why === undefined ? [] : [status === 'opted-out' ? why : `part ${name}: ${why}`],
  )
  return [...new Set([...(own === undefined ? [] : [own]), ...ofParts])]
}

function underClaims(reports: readonly StableReport[]): string {
  const lines = reports.flatMap(({ harness, underClaims: claims }) =>
    claims.map(({ capability, evidence }) => `<li><b>${escape(harness)}</b>, ${escape(capability)}: ${escape(evidence)}</li>`),
  )
  return lines.length === 0 ? '' : `<h2>Does more than it declares</h2>\n<ul>\n${lines.join('\n')}\n</ul>\n`
}

/** What the page's policy lets run: exactly this text. */
function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
