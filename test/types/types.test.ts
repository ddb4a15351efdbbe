import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

// The cases are compiled as a consumer compiles: against the declarations in `dist`, by each compiler that consumers may have.

const require = createRequire(import.meta.url)
const compilers = [
  { compiler: 'typescript-5.4', version: '5.4.' },
  { compiler: 'typescript-5.9', version: '5.9.' },
  { compiler: 'typescript', version: '6.0.' },
]
/** Folder of cases → a file in it, named where a wrong folder would else be an empty, clean run. */
const folders = { cases: 'narrow.ts', 'cases/drivers': 'handed-in.ts' }
const runs = compilers.flatMap(({ compiler }) => ['true', 'false'].map((exactOptional) => ({ compiler, exactOptional })))

interface Compiled {
  readonly diagnostics: readonly string[]
  readonly files: readonly string[]
}

/** Diagnostics as `file(line): code`, and what was compiled. */
async function compile(compiler: string, folder: string, exactOptional: string): Promise<Compiled> {
  const parameters = ['-p', path(folder), '--exactOptionalPropertyTypes', exactOptional, '--pretty', 'false', '--listFiles']
  const output = await run(compiler, parameters)
  const lines = output.split('\n')
  return {
    diagnostics: lines.filter((line) => /error TS\d+/.test(line)).map((line) => line.replace(/^.*\/(?=test\/types\/)/, '')),
    files: lines.filter((line) => line.startsWith('/') || /^[A-Z]:/i.test(line)),
  }
}

function run(compiler: string, parameters: readonly string[]): Promise<string> {
  const tsc = require.resolve(`${compiler}/bin/tsc`)
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [tsc, ...parameters], { maxBuffer: 2 ** 26, timeout: 120_000 }, (error, stdout) => {
      // Diagnostics end it with code 1 or 2; anything else is no answer.
      if (error !== null && error.code !== 1 && error.code !== 2) reject(error)
      else resolve(stdout)
    })
  })
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}

test('the packages are built', () => {
  for (const name of ['core', 'postgres', 'embedded']) expect(existsSync(path(`../../packages/${name}/dist/index.d.ts`)), name).toBe(true)
})

async function expectToCompile(compiler: string, folder: string, witness: string, exactOptional: string): Promise<void> {
  const { diagnostics, files } = await compile(compiler, folder, exactOptional)
  expect(diagnostics).toEqual([])
  expect(files).toContainEqual(expect.stringMatching(new RegExp(`test/types/${folder}/${witness}$`)))
  expect(files).toContainEqual(expect.stringMatching(/packages\/core\/dist\/index\.d\.ts$/))
  expect(files).not.toContainEqual(expect.stringMatching(/packages\/[^/]+\/src\//))
}

test.each(compilers)('$compiler is TypeScript $version', async ({ compiler, version }) => {
  expect(await run(compiler, ['--version'])).toContain(`Version ${version}`)
})

test.each(compilers)('$compiler without the types of Node.js', ({ compiler }) =>
  expectToCompile(compiler, 'cases/browser', 'no-node.ts', 'true'),
)

describe.concurrent.each(runs)('$compiler, exactOptionalPropertyTypes $exactOptional', ({ compiler, exactOptional }) => {
  test.each(Object.entries(folders))('%s compiles', (folder, witness) => expectToCompile(compiler, folder, witness, exactOptional))

  test('mistakes are found, each at its line', async () => {
    const { diagnostics } = await compile(compiler, 'cases/wrong', exactOptional)
    const places = diagnostics.map((line) => /mistakes\.ts\((\d+),\d+\): error (TS\d+)/.exec(line)?.slice(1).join(' '))
    expect(places).toEqual(['7 TS2322', '8 TS2578', '10 TS2322', '11 TS2344'])
  })
})
