import { mkdir, writeFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { type LedgerVerdict, holds } from './ledger.js'

/**
 * Fails unless the run holds, with its seed, what was done to it, and the calls that contradict each other. The whole history is kept in
 * `.reports`, to be judged again.
 */
export async function expectToHold(verdict: LedgerVerdict, seed: number, faults: unknown = 'as the test says'): Promise<void> {
  if (holds(verdict)) return
  const { history, anomalies, notJudged, unexpected, unresolved } = verdict
  const folder = new URL('../../.reports/', import.meta.url)
  await mkdir(folder, { recursive: true })
  await writeFile(new URL(`ledger-${seed}.json`, folder), JSON.stringify(history))
  const contradictions = anomalies.map(({ name, message, streamId, operations }) => ({
    anomaly: `${name}: ${message}`,
    streamId,
    calls: operations.map((index) => history.operations[index]),
  }))
  expect.fail(
    `seed ${seed}, history in .reports/ledger-${seed}.json: ${JSON.stringify({ faults, unresolved, unexpected, notJudged, contradictions }, undefined, 1)}`,
  )
}
