import type { ConformanceCase } from './case.js'
import type { CaseReport, CaseStatus, ConformanceReport } from './report.js'

const marks: Readonly<Record<CaseStatus, string>> = {
  passed: '✓',
  failed: '✗',
  'not-proven': '?',
  'opted-out': '–',
  'known-failure': '!',
  unscored: '·',
}

/**
 * CONFORMANCE.md: case × store, with a footnote for each reason. No times or seeds in it, so the same results give the same bytes.
 *
 * A case that a report does not have is 'not run'.
 */
export function renderMatrix(cases: readonly ConformanceCase[], reports: readonly ConformanceReport[]): string {
  const notes = createNotes()
  const rows = cases.map((one) => {
    const cells = reports.map((report) =>
      cell(
        report.cases.find(({ id }) => id === one.id),
        notes,
      ),
    )
    return `| ${one.id} | ${escape(one.title)} | ${cells.join(' | ')} |`
  })
  const head = [...reports.map(({ harness }) => harness)].join(' | ')
  const totals = reports.map((report) => summary(report)).join('\n')
  return `# Conformance

Generated from the reports of the suite's runs; do not edit. ✓ passed · ✗ failed · ? not proven · – opted out (a capability is not
declared; the inverse was tested) · ! known failure · · newer than the store's contract version. A number points to a reason below; beside
✓ it is about a part of the case.

${totals}

| case | proves | ${head} |
| --- | --- | ${reports.map(() => '---').join(' | ')} |
${rows.join('\n')}
${notes.render()}${underClaims(reports)}`
}

function summary({ harness, adapter, contract, profile, totals }: ConformanceReport): string {
  const counts = Object.entries(totals).filter(([, count]) => count > 0)
  return `- **${harness}** (adapter \`${adapter}\`, contract ${contract}, profile \`${profile}\`): ${counts.map(([status, count]) => `${count} ${status}`).join(', ')}`
}

function cell(report: CaseReport | undefined, notes: Notes): string {
  if (report === undefined) return `? ${notes.of('not run')}`
  const own = report.reason === undefined ? (report.failure === undefined ? [] : [firstLine(report.failure.message)]) : [report.reason]
  const parts = report.parts.flatMap(({ name, status, reason }) =>
    status === 'passed' || reason === undefined ? [] : [status === 'opted-out' ? reason : `part ${name}: ${reason}`],
  )
  const refs = [...new Set([...own, ...parts])].map((reason) => notes.of(reason))
  return [marks[report.status], ...refs].join(' ')
}

interface Notes {
  of(reason: string): string
  render(): string
}

function createNotes(): Notes {
  const reasons: string[] = []
  return {
    of(reason) {
      if (!reasons.includes(reason)) reasons.push(reason)
      return `[${reasons.indexOf(reason) + 1}](#reasons)`
    },
    render: () =>
      reasons.length === 0 ? '' : `\n## Reasons\n\n${reasons.map((reason, index) => `${index + 1}. ${escape(reason)}`).join('\n')}\n`,
  }
}

function underClaims(reports: readonly ConformanceReport[]): string {
  const lines = reports.flatMap(({ harness, underClaims: claims }) =>
    claims.map(({ capability, evidence }) => `- **${harness}**, \`${capability}\`: ${evidence}`),
  )
  return lines.length === 0 ? '' : `\n## Does more than it declares\n\n${lines.join('\n')}\n`
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
