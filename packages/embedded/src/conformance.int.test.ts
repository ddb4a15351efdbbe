import { describeConformance } from '@millrace/core/conformance/vitest'
import { afterAll } from 'vitest'
import { embeddedHarness } from './conformance-harness.js'

const harness = embeddedHarness({ module: new URL('../../../test/conformance/embedded.harness.mjs', import.meta.url) })
describeConformance(harness, { profile: 'standard', reportFile: '.reports/conformance-embedded.json' })
afterAll(() => harness[Symbol.asyncDispose]())
