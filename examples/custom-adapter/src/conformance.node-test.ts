import { describeConformance } from '@millrace/core/conformance/node-test'
import { harness } from './harness.js'

// The same with the test runner of Node.js: node --test dist/conformance.node-test.js
describeConformance(harness, { profile: 'smoke' })
