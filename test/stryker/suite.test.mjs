import { describeConformance } from '../../packages/core/src/conformance/vitest.ts'
import { memoryHarness } from '../../packages/core/src/memory/conformance-harness.ts'

// Cases about deadlines of a store that cannot be reached, about processes and about what is logged take seconds, and what they prove is
// in none of the mutated files.
const except = ['LIF-04', 'LIF-05', 'LIF-09', 'ERR-05']

describeConformance(memoryHarness(), { profile: 'smoke', seed: 1, except })
