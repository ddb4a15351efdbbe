import { expect, test } from 'vitest'
import { runEventStoreChaos } from './eventstoredb-chaos.js'

test('10 s of cuts, hangs, lost answers and ended subscriptions on the protocol model: nothing lost, doubled or reordered', async () => {
  const { broken, faults, acknowledged, resumes } = await runEventStoreChaos({ seed: 1, ms: 10_000 })
  expect(broken).toEqual([])
  expect(Math.min(faults, acknowledged, resumes)).toBeGreaterThan(5)
})
