import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['test/stryker/suite.test.mjs'], pool: 'forks', testTimeout: 120_000, hookTimeout: 120_000, retry: 0 },
})
