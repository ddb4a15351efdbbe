import { describeConformance } from '../conformance/vitest.js'
import { memoryHarness } from './conformance-harness.js'

describeConformance(memoryHarness(), { profile: 'standard' })
