import { describeConformance } from '@millrace/core/conformance/vitest'
import { harness } from './harness.js'

describeConformance(harness, { profile: 'standard' })
