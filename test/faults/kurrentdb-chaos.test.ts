import { expect, test } from 'vitest'
import { runEventStoreChaos } from './eventstoredb-chaos.js'

// As eventstoredb-chaos.test.ts: the two clients cannot be loaded into one process.
test('10 s of cuts, hangs, lost answers and ended subscriptions on the protocol model: nothing lost, doubled or reordered', async () => {
  const { broken, faults, acknowledged, resumes } = await runEventStoreChaos({ seed: 1, ms: 10_000, driver: '@kurrent/kurrentdb-client' })
  expect(broken).toEqual([])
  expect(Math.min(faults, acknowledged, resumes)).toBeGreaterThan(5)
})
