import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PackageName, type Project, createProject, filesOf, packages, readManifest, repository, require } from './project.js'
import { run, succeed } from './run.js'

// What a user gets: the archives, installed by npm into a project of its own. `pnpm build` comes before.

let project: Project
beforeAll(async () => {
  project = await createProject()
})
afterAll(() => rm(project.folder, { recursive: true, force: true }))

function installed(name: PackageName): string {
  return join(project.folder, 'node_modules/@millrace', name)
}

describe.each(packages)('%s', (name) => {
  test('holds what was built of its sources, its manifest and its licence, and nothing else', async () => {
    const folder = join(repository, 'packages', name)
    const sources = (await filesOf(join(folder, 'src'))).filter(
      (path) => /(?<!\.test)\.ts$/.test(path) && !path.endsWith('conformance-harness.ts'),
    )
    const built = sources.flatMap((path) => ['.d.ts', '.js'].map((ending) => `dist/${path.replace(/\.ts$/, ending)}`))
    const beside = ['LICENSE', 'README.md', 'package.json'].filter((path) => existsSync(join(folder, path)))
    expect(beside).toContain('LICENSE')
    expect(built.length).toBeGreaterThan(5)
    expect(await filesOf(installed(name))).toEqual([...built, ...beside].sort())
  })

  test('says what it needs without naming the workspace', async () => {
    const { name: fullName, exports, ...manifest } = await readManifest(installed(name))
    expect(fullName).toBe(`@millrace/${name}`)
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|link:|file:/)
    expect(manifest).toMatchObject({ license: 'MIT', type: 'module', sideEffects: false, files: ['dist'] })
    const targets = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [target] : [target.types, target.default]))
    expect(targets.filter((target) => target === undefined || !existsSync(join(installed(name), target)))).toEqual([])
  })

  test('is sound to publint', async () => {
    const archive = await readFile(project.archives[name])
    const { messages } = await publint({ pack: { tarball: Uint8Array.from(archive).buffer }, strict: true })
    expect(messages).toEqual([])
  })

  test('has types that fit its modules, says attw', async () => {
    const cli = join(dirname(require.resolve('@arethetypeswrong/cli/package.json')), 'dist/index.js')
    const { code, output } = await run(process.execPath, [cli, '--profile', 'esm-only', project.archives[name]], project.folder)
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(`"@millrace/${name}"`) as string })
  })
})

test('core needs nothing', async () => {
  const manifest = await readManifest(installed('core'))
  expect(manifest).not.toHaveProperty('dependencies')
  expect(manifest).not.toHaveProperty('optionalDependencies')
  expect(manifest).not.toHaveProperty('bundledDependencies')
  expect(manifest.peerDependenciesMeta).toEqual({ 'fast-check': { optional: true }, vitest: { optional: true } })
  expect(Object.keys(manifest.peerDependencies as object)).toEqual(['fast-check', 'vitest'])
})

test('nothing came along that was not asked for', async () => {
  const { folder } = project
  for (const name of ['vitest', 'fast-check', 'pg', 'typescript']) expect(existsSync(join(folder, 'node_modules', name)), name).toBe(false)
  const ours = await readManifest(installed('core'))
  const adapter = await readManifest(installed('embedded'))
  expect(adapter.dependencies).toEqual({ '@millrace/postgres': `^${ours.version}` })
  expect(existsSync(join(installed('embedded'), 'node_modules'))).toBe(false)
})

describe('a program that uses the packages', () => {
  test('compiles on TypeScript 6.0, declarations included', async () => {
    await expectToCompile('typescript', ['--noEmit'])
  })

  describe('compiled by TypeScript 5.4', () => {
    beforeAll(() => expectToCompile('typescript-5.4', []))

    test.each(['memory', 'embedded', 'conformance'])('%s runs', async (program) => {
      const output = await succeed(process.execPath, [`out/${program}.js`], project.folder)
      expect(output).toContain(`${program} ran`)
    })
  })

  test('needs no library of TypeScript beyond es2022', async () => {
    await expectToCompile('typescript-5.4', ['--noEmit', '--lib', 'es2022'])
  })

  test('that makes a mistake does not compile', async () => {
    const folder = join(project.folder, 'mistaken')
    await mkdir(folder)
    await writeFile(join(folder, 'main.ts'), `import { memory } from '@millrace/core/memory'\nmemory({ capacity: 1 })\n`)
    await writeFile(
      join(folder, 'tsconfig.json'),
      '{ "extends": "../tsconfig.json", "compilerOptions": { "rootDir": "." }, "include": ["."] }',
    )
    const { output } = await compile('typescript', ['--noEmit'], 'mistaken')
    expect(output.split('\n')[0]).toMatch(/main\.ts\(2,10\): error TS2353: .*'capacity' does not exist/)
  })

  test('may be CommonJS', async () => {
    const script = `const { memory } = require('@millrace/core/memory'); console.log(memory().name)`
    expect(await succeed(process.execPath, ['--no-warnings', '--input-type=commonjs', '-e', script], project.folder)).toBe('memory\n')
  })

  test.each([
    ['esdb://127.0.0.1:1?tls=false', '@eventstore/db-client'],
    ['kurrentdb://127.0.0.1:1?tls=false', '@kurrent/kurrentdb-client'],
  ])('is told how to install the client that %s needs and nobody installed', async (url, client) => {
    for (const name of ['@eventstore', '@kurrent']) expect(existsSync(join(project.folder, 'node_modules', name)), name).toBe(false)
    const script = `
      const { eventStoreDB } = await import('@millrace/eventstoredb')
      const { openEventStore } = await import('@millrace/core')
      for (const store of [eventStoreDB('${url}'), await openEventStore('${url}')]) {
        const { code, outcome, message, hint } = await store.readStream('s').toArray().catch((error) => error)
        console.log(JSON.stringify([code, outcome, message.startsWith('adapter "eventstoredb" needs the package "${client}".'), hint]))
        await store.close()
      }`
    const told = ['configuration', 'not-applied', true, expect.stringMatching(new RegExp(`^Install it: npm i ${client} `)) as string]
    const output = await succeed(process.execPath, ['--input-type=module', '-e', script], project.folder)
    expect(
      output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([told, told])
  })

  test('cannot reach what is not public', async () => {
    const script = `await import('@millrace/core/dist/values.js')`
    const { code, output } = await run(process.execPath, ['--input-type=module', '-e', script], project.folder)
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('ERR_PACKAGE_PATH_NOT_EXPORTED') as string })
  })
})

async function expectToCompile(compiler: string, parameters: readonly string[]): Promise<void> {
  expect(await compile(compiler, parameters)).toEqual({ code: 0, output: '' })
}

function compile(compiler: string, parameters: readonly string[], folder = '.'): ReturnType<typeof run> {
  return run(process.execPath, [require.resolve(`${compiler}/bin/tsc`), '-p', folder, '--pretty', 'false', ...parameters], project.folder)
}
