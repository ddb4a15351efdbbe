import { describeConformance } from '../../packages/core/src/conformance/vitest.ts'
import { memoryHarness } from '../../packages/core/src/memory/conformance-harness.ts'

// Core does for a simple backend what memory does itself, and leaves to one that settles what memory leaves to it: the cases that come
// there, over memory that says so. And the one case of the profile standard that settling is about.

const run = { profile: 'standard', seed: 1 }
describeConformance(memoryHarness({ name: 'memory without filters', backend: { filters: false } }), {
  ...run,
  cases: ['ALL-01', 'ALL-05', 'ALL-12', 'SUB-01', 'SUB-03', 'SUB-12'],
})
describeConformance(memoryHarness({ name: 'memory that settles', backend: { settles: true } }), {
  ...run,
  cases: ['IDM-01', 'IDM-05', 'IDM-10', 'IDM-11', 'ATM-08', 'ATM-09', 'ERR-03'],
})
describeConformance(memoryHarness({ name: 'memory with weak retries', capabilities: { idempotencyAny: 'none' } }), {
  ...run,
  cases: ['IDM-05', 'IDM-06', 'IDM-10', 'IDM-11', 'IDM-14', 'ATM-08', 'ATM-09', 'ATM-10', 'ERR-03', 'ERR-04', 'ERR-06'],
})
describeConformance(memoryHarness(), { ...run, cases: ['ERR-03'] })
