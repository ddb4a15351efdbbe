import { register } from 'node:module'

// What the cases with a second process import: see ConformanceHarness.module. Node and client are those of the process that started us.
register('./ts-hooks.mjs', import.meta.url)
const { eventStoreDBHarness } = await import('../../packages/eventstoredb/src/conformance-harness.ts')

export const harness = eventStoreDBHarness({
  name: 'eventstoredb',
  url: process.env.MILLRACE_TEST_EVENTSTOREDB_URL,
  module: new URL(import.meta.url),
})
