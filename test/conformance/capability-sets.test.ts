import { describe, expect, test } from 'vitest'
import { runConformance } from '../../packages/core/src/conformance/index.js'
import { slow, switches, unprovable } from './capability-switches.js'
import { memoryHarness } from '../../packages/core/src/memory/conformance-harness.js'
import type { MemoryCapabilities } from '../../packages/core/src/memory/index.js'

const all: MemoryCapabilities = Object.assign({}, ...switches)
const pairs = switches.flatMap((one, index) => switches.slice(index + 1).map((other) => ({ ...one, ...other })))

/** The suite has to hold, with its inverse tests, whatever an adapter leaves out: an opt-out never fails and is never simply passed. */
describe('the suite on memory with capabilities switched off', () => {
  test('without any of them: the smoke profile', { timeout: 60_000 }, () => prove(all))
  for (const capabilities of [...switches, ...pairs])
    test(`without ${Object.keys(capabilities).join(' and ')}`, { timeout: 60_000 }, () => prove(capabilities, slow))
})

async function prove(capabilities: MemoryCapabilities, leftOut: readonly string[] = []): Promise<void> {
  const except = [...unprovable, ...leftOut]
  const harness = memoryHarness({ capabilities })
  const { cases, underClaims } = await runConformance(harness, { profile: 'smoke', seed: 1, except })
  const broken = cases.filter(({ status }) => status !== 'passed' && status !== 'opted-out')
  expect(broken.map(({ id, reason, failure }) => `${id}: ${failure?.message ?? reason ?? ''}`)).toEqual([])
  expect(cases.filter(({ status }) => status === 'opted-out').every(({ assertions }) => assertions > 0)).toBe(true)
  // Memory is switched off on purpose, so that it does no more than it says.
  expect(underClaims).toEqual([])
}
