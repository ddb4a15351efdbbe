import { writeFile } from 'node:fs/promises'
import { register } from 'node:module'

// Compares the history checkers with brute force on many random histories, and times them on large ones.
//   node test/checkers/agreement.mjs [histories] [first seed]   default: 1,000,000 of each, from seed 1; writes AGREEMENT.md beside this file

register('../conformance/ts-hooks.mjs', import.meta.url)
const { compareLog, compareStream } = await import('./agreement.ts')
const { largeHistory } = await import('./large-history.ts')
const { checkHistory } = await import('../../packages/core/src/testing/check-history.ts')

const [count = 1_000_000, first = 1] = process.argv.slice(2).map(Number)
const step = 10_000
const number = (value) => value.toLocaleString('en')

const results = [
  { name: 'A, one stream', ...sum(compareStream) },
  { name: 'B, the log and its readers', ...sum(compareLog) },
]
const rows = results.map(
  ({ name, histories, good, bad, refused, differing }) =>
    `| ${name} | ${number(histories)} | ${share(good, histories)} | ${share(bad, histories)} | ${number(refused)} | ${differing.length} |`,
)
const found = results.map(
  ({ name, anomalies }) =>
    `- ${name}: ${Object.entries(anomalies)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([anomaly, times]) => `${anomaly} ${number(times)}`)
      .join(', ')}`,
)
const failed = results.some(({ differing, good, bad, histories }) => differing.length > 0 || Math.min(good, bad) / histories < 0.05)
await writeFile(
  new URL('AGREEMENT.md', import.meta.url),
  `# Checkers and brute force

Written by \`node test/checkers/agreement.mjs ${count} ${first}\`; do not edit. Random histories of up to 6 operations, seeds from ${first}. Brute force
tries every order of moments (A), or every rule on all pairs and places (B).

| checker | histories | both: nothing wrong | both: something wrong | not judged | they differ |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

Histories with each anomaly:

${found.join('\n')}
`,
)
for (const { name, differing } of results)
  console.log(`${name}: ${differing.length} differ${differing.length > 0 ? `, seeds ${differing.slice(0, 10).join(', ')}` : ''}`)
for (const streams of [1, 100, 20_000]) {
  const history = largeHistory(150_000, streams)
  const startedAt = performance.now()
  const { holds } = checkHistory(history)
  console.log(
    `150,000 operations on ${streams} streams: ${Math.round(performance.now() - startedAt)} ms, ${holds ? 'holds' : 'does not hold'}`,
  )
}
process.exitCode = failed ? 1 : 0

function sum(compare) {
  const total = { histories: 0, good: 0, bad: 0, refused: 0, differing: [], anomalies: {} }
  for (let done = 0; done < count; done += step) {
    const part = compare(first + done, Math.min(step, count - done))
    for (const name of ['histories', 'good', 'bad', 'refused']) total[name] += part[name]
    total.differing.push(...part.differing)
    for (const [name, times] of Object.entries(part.anomalies)) total.anomalies[name] = (total.anomalies[name] ?? 0) + times
  }
  return total
}

function share(part, all) {
  return `${number(part)} (${((100 * part) / all).toFixed(1)} %)`
}
