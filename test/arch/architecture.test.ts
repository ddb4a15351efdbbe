import { describe, expect, test } from 'vitest'
import { type RepositoryFile, readRepository, repositoryOf } from './repository.js'
import * as rules from './rules.js'

const repository = readRepository()

/** A repository in which every rule holds, and into which violations are planted. */
const sound: Readonly<Record<string, string>> = {
  'packages/core/package.json': manifest('@millrace/core', {
    peerDependencies: { vitest: '^4' },
    peerDependenciesMeta: { vitest: { optional: true } },
    exports: { '.': { '@millrace/source': './src/index.ts' }, './memory': { '@millrace/source': './src/memory/index.ts' } },
  }),
  'packages/core/src/index.ts': `export { open } from './open.js'\nexport type { Thing } from './thing.js'\n`,
  'packages/core/src/open.ts': `export const open = (): unknown => process.getBuiltinModule('node:module')\n`,
  'packages/core/src/thing.ts': 'export interface Thing {}\n',
  'packages/core/src/memory/index.ts': `export { memory } from './memory.js'\n`,
  'packages/core/src/memory/memory.ts': `import type { Thing } from '../thing.js'\nexport const memory = (thing: Thing): Thing => thing\n`,
  'packages/core/src/child.ts': `import { spawn } from 'node:child_process'\nexport const child = spawn\n`,
  'packages/postgres/package.json': manifest('@millrace/postgres', {
    peerDependencies: { '@millrace/core': 'workspace:^', pg: '^8' },
    exports: { '.': { '@millrace/source': './src/index.ts' } },
  }),
  'packages/postgres/src/index.ts': `export { postgres } from './postgres.js'\n`,
  'packages/postgres/src/postgres.ts': `import { open } from '@millrace/core'\nexport const postgres = [open, import('pg')]\n`,
  'packages/embedded/package.json': manifest('@millrace/embedded', {
    dependencies: { '@millrace/postgres': 'workspace:^' },
    peerDependencies: { '@millrace/core': 'workspace:^' },
  }),
  'packages/embedded/src/embedded.ts': `export { engine } from '@millrace/postgres/engine'\n`,
  'examples/first/package.json': manifest('@millrace-examples/first', { dependencies: { '@millrace/core': 'workspace:*' } }),
  'examples/first/src/main.ts': `import { open } from '@millrace/core'\nopen()\n`,
  'test/tool.config.ts': 'export default {}\n',
  'pnpm-lock.yaml': `lockfileVersion: '9.0'\n`,
}

function manifest(name: string, rest: object): string {
  return JSON.stringify({ name, ...rest })
}

function withPlanted(planted: Readonly<Record<string, string>>): readonly RepositoryFile[] {
  return Object.entries({ ...sound, ...planted }).map(([path, text]) => ({ path, text }))
}

/** For each rule, violations that it has to find; the key says what was done wrong. */
const violations: Readonly<Record<keyof typeof rules, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  arrowsPointToCore: {
    'core imports an adapter': { 'packages/core/src/thing.ts': `import type { X } from '@millrace/postgres'\n` },
    'core names an adapter in its manifest': {
      'packages/core/package.json': manifest('@millrace/core', { devDependencies: { '@millrace/postgres': 'workspace:*' } }),
    },
    'an adapter imports another one': { 'packages/postgres/src/postgres.ts': `export const a = () => import('@millrace/embedded')\n` },
    'a new adapter needs another one': {
      'packages/dynamodb/package.json': manifest('@millrace/dynamodb', { peerDependencies: { '@millrace/postgres': '*' } }),
    },
    'embedded needs what is neither core nor postgres': {
      'packages/embedded/src/embedded.ts': `type X = import('@millrace/dynamodb').X\n`,
    },
  },
  packagesStayAtHome: {
    'a source imports from test/': { 'packages/core/src/thing.ts': `export { run } from '../../../test/run-node.js'\n` },
    'a unit test imports from test/': { 'packages/core/src/thing.test.ts': `import '../../../test/services/postgres.js'\n` },
    'a test imports an example': { 'packages/core/src/thing.int.test.ts': `import '../../../examples/first/src/main.js'\n` },
    "an adapter imports another package's source": { 'packages/postgres/src/postgres.ts': `import '../../core/src/open.js'\n` },
    'an example imports a source by its path': { 'examples/first/src/main.ts': `await import('../../../packages/core/src/open.js')\n` },
  },
  coreHasNoDependencies: {
    'a dependency': { 'packages/core/package.json': manifest('@millrace/core', { dependencies: { uuid: '^11' } }) },
    'an optional dependency': { 'packages/core/package.json': manifest('@millrace/core', { optionalDependencies: { uuid: '^11' } }) },
    'a peer that is not optional': { 'packages/core/package.json': manifest('@millrace/core', { peerDependencies: { vitest: '^4' } }) },
    'another peer': {
      'packages/core/package.json': manifest('@millrace/core', {
        peerDependencies: { pg: '^8' },
        peerDependenciesMeta: { pg: { optional: true } },
      }),
    },
  },
  coreRunsWithoutNode: {
    'a static import': { 'packages/core/src/open.ts': `import { createRequire } from 'node:module'\n` },
    'a dynamic import': { 'packages/core/src/memory/memory.ts': `export const memory = () => import('node:fs')\n` },
    'a builtin without its prefix': { 'packages/core/src/thing.ts': `import { join } from 'path'\n` },
    'a type': { 'packages/core/src/thing.ts': `export type Thing = import('node:stream').Readable\n` },
    'by way of another file': { 'packages/core/src/thing.ts': `export { child } from './child.js'\n` },
    'an entry that is gone': { 'packages/core/package.json': manifest('@millrace/core', { exports: {} }) },
  },
  importsAreDeclared: {
    'a package that only the workspace has': { 'packages/core/src/thing.ts': `import { z } from 'zod'\n` },
    'a driver that is only a devDependency': {
      'packages/postgres/package.json': manifest('@millrace/postgres', {
        peerDependencies: { '@millrace/core': 'workspace:^' },
        devDependencies: { pg: '8.1.0' },
      }),
    },
  },
  filesAreShort: {
    'a source of 401 lines': { 'packages/core/src/thing.ts': 'export {}\n'.repeat(401) },
    'a test of 401 lines that ends without a line feed': { 'test/long.test.ts': `${'test()\n'.repeat(400)}test()` },
    'an example': { 'examples/first/src/main.ts': 'open()\n'.repeat(401) },
  },
  adaptersAreSmall: {
    'a line too many, with comments and SQL beside it': {
      'packages/postgres/src/long.ts': `${'open()\n'.repeat(996)}/** One\n * two */\nopen(\`SELECT 1\n  FROM x\`)\n\n// three\n`,
      'packages/postgres/src/sql/first.ts': 'open()\n'.repeat(20),
      'packages/postgres/src/long.test.ts': 'open()\n'.repeat(20),
    },
  },
  namesAreKebabCase: {
    'a file in camelCase': { 'packages/core/src/readStream.ts': '' },
    'a file in snake_case': { 'test/read_stream.test.ts': '' },
    'a folder in capitals': { 'packages/core/src/Memory/store.ts': '' },
  },
  nothingIsExportedByDefault: {
    'an expression': { 'packages/core/src/thing.ts': 'export default 1\n' },
    'a function': { 'examples/first/src/main.ts': 'export default function main() {}\n' },
    'a name': { 'test/tool.mjs': 'const one = 1\nexport { one as default }\n' },
  },
  entriesListTheirNames: {
    'everything of a file': { 'packages/core/src/index.ts': `export * from './open.js'\n` },
    'everything of a file, under a name': { 'packages/core/src/thing.ts': `export * as all from './open.js'\n` },
    'an index.ts with code': { 'packages/core/src/memory/index.ts': `export const one = 1\n` },
    'an index.ts that exports what it imported': { 'packages/postgres/src/index.ts': `import { a } from './a.js'\nexport { a }\n` },
  },
  nothingLiesOutside: {
    'a folder beside the checkout': { 'docs/guide.md': `see ../${'shared'}/design\n` },
    'a place on one machine': { 'test/tool.mjs': `const folder = '/${'home'}/me/millrace'\n` },
  },
  lockfileNamesNoHost: {
    'the host of a registry': { 'pnpm-lock.yaml': 'resolution: {url: https://registry.example/x}\n' },
    'an archive': { 'pnpm-lock.yaml': 'resolution: {integrity: sha512-x, tarball: file:x.tgz}\n' },
    'a repository': { 'pnpm-lock.yaml': 'resolution: {repo: git+ssh://git@example.org/x}\n' },
  },
}

test('there is something to look at', () => {
  expect(repository.packages.map(({ manifest: { name } }) => name)).toEqual(
    expect.arrayContaining(['@millrace/core', '@millrace/embedded', '@millrace/postgres']),
  )
  expect(repository.files.filter(({ path }) => /^packages\/core\/src\/.*\.ts$/.test(path)).length).toBeGreaterThan(30)
})

describe.each(Object.entries(rules) as [keyof typeof rules, rules.Rule][])('%s', (name, rule) => {
  const planted = Object.entries(violations[name])

  test('holds in this repository', () => {
    expect(rule(repository)).toEqual([])
  })

  test('holds in a repository without a violation', () => {
    expect(rule(repositoryOf(withPlanted({})))).toEqual([])
  })

  test.each(planted)('finds: %s', (_, files) => {
    expect(rule(repositoryOf(withPlanted(files)))).toHaveLength(1)
  })
})
