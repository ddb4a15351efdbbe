import { register } from 'node:module'

// What the cases with a second process import: see ConformanceHarness.module. The server is the one of the process that started us.
register('./ts-hooks.mjs', import.meta.url)
const { postgresHarness } = await import('../../packages/postgres/src/conformance-harness.ts')

export const harness = postgresHarness({ url: process.env.MILLRACE_TEST_POSTGRES_URL, module: new URL(import.meta.url) })
