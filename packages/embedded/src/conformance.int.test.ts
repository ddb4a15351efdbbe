import { describeConformance } from '@millrace/core/conformance/vitest'
import { afterAll } from 'vitest'
import { embeddedHarness } from './conformance-harness.js'

const harness = embeddedHarness()
describeConformance(harness, { profile: 'standard', reportFile: '.reports/conformance-embedded.json' })
afterAll(() => harness[Symbol.asyncDispose]())
