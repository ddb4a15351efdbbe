const core = 'packages/core/src'

/**
 * Mutates what every adapter shares and the memory backend, with the conformance suite as the only test: a mutant that survives is a bug
 * that the suite would not find. Messages are not contract, so strings stay as they are.
 */
export default {
  mutate: [
    'memory/backend.ts',
    'memory/store.ts',
    'expected-version.ts',
    'settle-append.ts',
    'paging.ts',
    'read-stream.ts',
    'read-log.ts',
    'subscription.ts',
    'subscription-sources.ts',
  ].map((file) => `${core}/${file}`),
  mutator: { excludedMutations: ['StringLiteral'] },
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/stryker/vitest.config.mjs', related: false },
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 1,
  // Beside what the covering cases take, twice over.
  timeoutMS: 10_000,
  timeoutFactor: 2,
  // What was run before and has not changed is not run again: a long run may be made in parts (--mutate).
  incremental: true,
  incrementalFile: '.reports/stryker-incremental.json',
  reporters: ['json', 'progress-append-only'],
  jsonReporter: { fileName: '.reports/stryker.json' },
  tempDirName: '.reports/stryker',
  ignorePatterns: ['/.git', '/.reports', '/docs', '/etc', 'dist', '*.tsbuildinfo'],
  checkers: [],
  disableTypeChecks: false,
}
