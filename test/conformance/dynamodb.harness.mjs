import { register } from 'node:module'

// What the cases with a second process import: see ConformanceHarness.module. The server is the one of the process that started us.
register('./ts-hooks.mjs', import.meta.url)
const { dynamodbHarness } = await import('../../packages/dynamodb/src/conformance-harness.ts')

export const harness = dynamodbHarness({
  name: 'dynamodb',
  endpoint: process.env.MILLRACE_TEST_DYNAMODB_ENDPOINT,
  module: new URL(import.meta.url),
})
