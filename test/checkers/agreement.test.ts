import { describe, expect, test } from 'vitest'
import { checkHistory } from '../../packages/core/src/testing/check-history.js'
import { checkLog } from '../../packages/core/src/testing/check-log.js'
import type { AnomalyName } from '../../packages/core/src/testing/anomaly.js'
import type { History } from '../../packages/core/src/testing/history.js'
import { type Agreement, compareLog, compareStream } from './agreement.js'

// A sample; `pnpm soak checkers` compares 1,000,000 of each.
const sample = 3000

function expectAgreement({ histories, good, bad, differing }: Agreement): void {
  expect(differing, 'seeds of histories on which checker and brute force differ').toEqual([])
  // Who calls everything good, or bad, would agree with nobody here.
  expect(good / histories).toBeGreaterThan(0.05)
  expect(bad / histories).toBeGreaterThan(0.05)
}

/** A checker that does not know an anomaly. */
function blindTo(name: AnomalyName, check: typeof checkLog): typeof checkLog {
  return (history: History) => {
    const { anomalies, refused } = check(history)
    return { anomalies: anomalies.filter((anomaly) => anomaly.name !== name), refused }
  }
}

describe('the checkers agree with brute force', () => {
  test('A, on a stream', { timeout: 60_000 }, () => expectAgreement(compareStream(1, sample)))
  test('B, on the log and its readers', { timeout: 60_000 }, () => expectAgreement(compareLog(1, sample)))

  // The control: a checker that misses one kind of anomaly is found out.
  test.each(['realtime-order', 'stale-read', 'non-monotonic-read', 'torn-batch', 'false-conflict', 'broken-precondition'] as const)(
    'A that is blind to %s is not one of them',
    { timeout: 60_000 },
    (name) => {
      expect(compareStream(1, 1500, blindTo(name, checkHistory)).differing.length).toBeGreaterThan(0)
    },
  )
  test.each(['skipped-read', 'unseen', 'realtime-order', 'divergent-position', 'aborted-read', 'stream-order'] as const)(
    'B that is blind to %s is not one of them',
    { timeout: 60_000 },
    (name) => {
      expect(compareLog(1, 1500, blindTo(name, checkLog)).differing.length).toBeGreaterThan(0)
    },
  )
})
