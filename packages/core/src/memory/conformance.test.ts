import { describeConformance } from '../conformance/vitest.js'
import { memoryHarness } from './conformance-harness.js'

const module = new URL('../../../../test/conformance/memory.harness.mjs', import.meta.url)

describeConformance(memoryHarness({ module }), { profile: 'standard', reportFile: '.reports/conformance-memory.json' })
