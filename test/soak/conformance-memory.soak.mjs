import { soakSuite } from './suite.mjs'

const { harness } = await import('../conformance/memory.harness.mjs')
await soakSuite(harness)
