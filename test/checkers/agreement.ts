import { checkLog } from '../../packages/core/src/testing/check-log.js'
import { checkHistory } from '../../packages/core/src/testing/check-history.js'
import type { History } from '../../packages/core/src/testing/history.js'
import { explainsLog } from './brute-log.js'
import { explainsStream } from './brute-stream.js'
import { randomLogHistory } from './random-log.js'
import { randomStreamHistory } from './random-stream.js'

/** What a checker and its brute force said of the same small histories. */
export interface Agreement {
  readonly histories: number
  /** Both find nothing wrong, or both something. */
  readonly good: number
  readonly bad: number
  /** What the checker says it cannot judge. */
  readonly refused: number
  /** Seeds of histories on which they differ. */
  readonly differing: readonly number[]
  /** Histories with each anomaly. */
  readonly anomalies: Readonly<Record<string, number>>
}

type Check = (history: History) => { readonly anomalies: readonly { readonly name: string }[]; readonly refused: readonly unknown[] }

export function compareStream(first: number, count: number, check: Check = checkHistory): Agreement {
  return compare(first, count, randomStreamHistory, check, (history) => explainsStream(history, 's'))
}

export function compareLog(first: number, count: number, check: Check = checkLog): Agreement {
  return compare(first, count, randomLogHistory, check, explainsLog)
}

function compare(
  first: number,
  count: number,
  make: (seed: number) => History,
  check: Check,
  explains: (history: History) => boolean,
): Agreement {
  let [good, bad, refusals] = [0, 0, 0]
  const differing: number[] = []
  const counts = new Map<string, number>()
  for (let seed = first; seed < first + count; seed += 1) {
    const history = make(seed)
    const { anomalies, refused } = check(history)
    if (refused.length > 0) {
      refusals += 1
      continue
    }
    for (const name of new Set(anomalies.map((anomaly) => anomaly.name))) counts.set(name, (counts.get(name) ?? 0) + 1)
    const holds = anomalies.length === 0
    if (holds !== explains(history)) differing.push(seed)
    else if (holds) good += 1
    else bad += 1
  }
  return {
    histories: count,
    good,
    bad,
    refused: refusals,
    differing,
    anomalies: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}
