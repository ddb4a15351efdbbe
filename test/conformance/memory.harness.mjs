import { register } from 'node:module'

// What the cases with a second process import: see ConformanceHarness.module.
register('./ts-hooks.mjs', import.meta.url)
const { memoryHarness } = await import('../../packages/core/src/memory/conformance-harness.ts')

export const harness = memoryHarness({ module: new URL(import.meta.url) })
