import { expect, inject, test } from 'vitest'
import { runChaos } from './dynamodb-chaos.js'

const { endpoint, reason } = inject('dynamodb')

test.for(['none', 'claimed'] as const)(
  'chaos, log: %s: crashes, lost, doubled, late and refused requests lose, double and reorder nothing',
  { timeout: 120_000 },
  async (log, context) => {
    if (endpoint === undefined) return context.skip(`not proven: ${reason}`)
    const outcome = await runChaos({ endpoint, seconds: 5, seed: 7, log })
    expect(outcome.damage).toBeUndefined()
    expect(outcome.verdict.anomalies).toEqual([])
    expect(outcome.verdict.refused).toEqual([])
    expect(outcome.appended).toBeGreaterThan(5)
    expect(outcome.crashes).toBeGreaterThan(1)
    expect(outcome.faults).toBeGreaterThan(20)
    for (const ids of outcome.logs.slice(1)) expect(ids).toEqual(outcome.logs[0])
  },
)

test('the control: without the proof that a predecessor exists the same run finds a hole', { timeout: 60_000 }, async (context) => {
  if (endpoint === undefined) return context.skip(`not proven: ${reason}`)
  const outcome = await runChaos({ endpoint, seconds: 3, seed: 7, log: 'none', withoutProof: true })
  expect([outcome.verdict.holds, outcome.damage]).toEqual([false, expect.stringContaining('has a hole')])
})
