import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// Tests run on sources: the packages' own export condition leads from a package name to its src folder.
// Not 'module': what the AWS SDK gives under it is for bundlers, and Node.js cannot load it.
const conditions = ['@millrace/source', 'node', 'development|production']
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['node'] } },
}
const test = { retry: 0, testTimeout: 60_000, hookTimeout: 60_000, environment: 'node', pool: 'forks' } as const

/** That the suite finds what it should: minutes of it, so `pnpm check` leaves it to `pnpm test`. */
const proofs = ['test/mutants/**/*.test.ts', 'test/conformance/{broken-adapter,capability-sets,inverses,under-claims}.test.ts']

/** Kinds of tests run one after the other: those with servers by themselves, since they look at who waits for whom. */
const together = (groupOrder: number) => ({ maxWorkers: 2, sequence: { groupOrder } })
const alone = (groupOrder: number) => ({ maxWorkers: 1, sequence: { groupOrder } })

/** Each has a model, or an engine, of its own; a real node, or that of a container, they share. */
const nodes = [
  'packages/{eventstoredb,embedded}/src/**/*.int.test.ts',
  'test/faults/{eventstoredb,kurrentdb}-*.test.ts',
  'test/services/eventstoredb-model/**/*.test.ts',
]
const { EVENTSTOREDB_URL, DOCKER_HOST } = process.env
const nodeWorkers = (EVENTSTOREDB_URL ?? DOCKER_HOST) === undefined && !existsSync('/var/run/docker.sock') ? together(3) : alone(3)

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: {
          ...test,
          name: 'unit',
          ...together(0),
          include: ['packages/*/src/**/*.test.ts', 'examples/*/src/**/*.test.ts', 'test/{arch,checkers,conformance,mutants}/**/*.test.ts'],
          exclude: ['**/*.int.test.ts', ...proofs],
        },
      },
      {
        ...shared,
        test: { ...test, name: 'proofs', ...together(0), include: proofs },
      },
      {
        ...shared,
        test: {
          ...test,
          name: 'servers',
          ...alone(2),
          include: ['packages/*/src/**/*.int.test.ts', 'test/{bench,docs,faults,swap}/**/*.test.ts'],
          exclude: nodes,
          globalSetup: ['test/services/global-setup.ts'],
          testTimeout: 180_000,
        },
      },
      {
        ...shared,
        test: {
          ...test,
          name: 'nodes',
          ...nodeWorkers,
          include: nodes,
          globalSetup: ['test/services/nodes-setup.ts'],
          testTimeout: 180_000,
        },
      },
      {
        ...shared,
        test: {
          ...test,
          name: 'packed',
          ...together(1),
          include: ['test/{examples,packed,types}/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
})
