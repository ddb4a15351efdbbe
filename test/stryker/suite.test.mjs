import { describeConformance } from '../../packages/core/src/conformance/vitest.ts'
import { memoryHarness } from '../../packages/core/src/memory/conformance-harness.ts'
import { except } from './left-out.mjs'

describeConformance(memoryHarness(), { profile: 'smoke', seed: 1, except })
