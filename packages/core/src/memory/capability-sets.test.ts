import { describe, expect, test } from 'vitest'
import { runConformance } from '../conformance/index.js'
import { memoryHarness } from './conformance-harness.js'
import type { MemoryCapabilities } from './memory.js'

const switches: readonly MemoryCapabilities[] = [
  { readAll: false },
  { deleteStream: false },
  { tombstoneStream: false },
  { truncateStream: false },
  { streamMetadata: false },
  { listStreams: false },
  { multiStreamAppend: false },
  { binary: false },
  { idempotencyAny: 'none' },
]
const all: MemoryCapabilities = Object.assign({}, ...switches)
const pairs = switches.flatMap((one, index) => switches.slice(index + 1).map((other) => ({ ...one, ...other })))

/** Cases that wait for deadlines or a child process: no capability has a say in them. */
const slow = ['ISO-02', 'ATM-03', 'ERR-01', 'ERR-05', 'LIF-02', 'LIF-04', 'LIF-05', 'LIF-09']

/** Memory keeps nothing from one release to the next. */
const unprovable = ['PAY-13']

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
