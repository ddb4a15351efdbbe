import { register } from 'node:module'

// The history checkers against brute force, on 1,000,000 random histories each, and their time on 150,000 operations.
register('../conformance/ts-hooks.mjs', import.meta.url)
const { compareLog, compareStream } = await import('../checkers/agreement.ts')
const { largeHistory } = await import('../checkers/large-history.ts')
const { checkHistory } = await import('../../packages/core/src/testing/check-history.ts')

const first = Number(process.env.SOAK_SEED ?? 1)
const count = Number(process.env.SOAK_HISTORIES ?? 1_000_000)
const step = 10_000
const number = (value) => value.toLocaleString('en')
const share = (part) => `${number(part)} (${((100 * part) / count).toFixed(1)} %)`

report('A, one stream', compareStream)
report('B, the log and its readers', compareLog)
for (const streams of [1, 100, 20_000]) {
  const history = largeHistory(150_000, streams)
  const startedAt = performance.now()
  const { holds } = checkHistory(history)
  console.log(`150,000 operations on ${number(streams)} streams: ${Math.round(performance.now() - startedAt)} ms`)
  if (!holds) process.exitCode = 1
}

function report(name, compare) {
  const total = { good: 0, bad: 0, refused: 0, differing: [], anomalies: {} }
  for (let done = 0; done < count; done += step) {
    const part = compare(first + done, Math.min(step, count - done))
    for (const kind of ['good', 'bad', 'refused']) total[kind] += part[kind]
    total.differing.push(...part.differing)
    for (const [anomaly, times] of Object.entries(part.anomalies)) total.anomalies[anomaly] = (total.anomalies[anomaly] ?? 0) + times
  }
  const { good, bad, refused, differing, anomalies } = total
  const counts = Object.entries(anomalies).sort(([a], [b]) => (a < b ? -1 : 1))
  console.log(`${name}: ${number(count)} histories of up to 6 operations, ${differing.length} on which checker and brute force differ`)
  if (differing.length > 0) console.log(`${name}: seeds ${differing.slice(0, 10).join(', ')}`)
  console.log(`${name}: both find nothing wrong in ${share(good)}, something in ${share(bad)}; not judged ${share(refused)}`)
  console.log(`${name}: ${counts.map(([anomaly, times]) => `${anomaly} ${number(times)}`).join(', ')}`)
  if (differing.length > 0 || Math.min(good, bad) / count < 0.05) process.exitCode = 1
}
