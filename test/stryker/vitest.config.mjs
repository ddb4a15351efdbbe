import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Of the copy that Stryker makes, too.
  root: fileURLToPath(new URL('../../', import.meta.url)),
  test: { include: ['test/stryker/*.test.mjs'], pool: 'forks', testTimeout: 120_000, hookTimeout: 120_000, retry: 0 },
})
