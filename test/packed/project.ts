import { copyFile, mkdir, mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { succeed } from './run.js'

export const packages = ['core', 'postgres', 'embedded', 'dynamodb', 'eventstoredb'] as const
export type PackageName = (typeof packages)[number]

export interface PackedManifest {
  readonly name: string
  readonly version: string
  readonly files: readonly string[]
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly [member: string]: unknown
}

/** A project of a user who installed the packages from their archives, and nothing else of this repository. */
export interface Project {
  readonly folder: string
  /** Archives that `pnpm pack` made. */
  readonly archives: Readonly<Record<PackageName, string>>
}

export const require: NodeJS.Require = createRequire(import.meta.url)
export const repository: string = fileURLToPath(new URL('../..', import.meta.url))
const sources = fileURLToPath(new URL('consumer', import.meta.url))

export async function createProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-packed-'))
  const archives = { core: '', postgres: '', embedded: '', dynamodb: '', eventstoredb: '' }
  for (const name of packages) archives[name] = await pack(name, folder)
  const { devDependencies } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const taken = ['@electric-sql/pglite', '@types/node'].map((name) => [name, devDependencies[name]])
  const ours = packages.map((name) => [`@millrace/${name}`, `file:${archives[name]}`])
  await writeJson(join(folder, 'package.json'), {
    private: true,
    type: 'module',
    dependencies: Object.fromEntries([...taken, ...ours]),
  })
  await writeJson(join(folder, 'tsconfig.json'), {
    compilerOptions: {
      target: 'es2022',
      module: 'nodenext',
      lib: ['es2022', 'esnext.disposable'],
      types: ['node'],
      strict: true,
      skipLibCheck: false,
      rootDir: 'src',
      outDir: 'out',
    },
    include: ['src'],
  })
  await mkdir(join(folder, 'src'))
  for (const file of await readdir(sources)) await copyFile(join(sources, file), join(folder, 'src', file))
  await succeed('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'], folder)
  return { folder, archives }
}

export async function pack(name: PackageName, folder: string): Promise<string> {
  const [file, ...before] = pnpm()
  await succeed(file, [...before, 'pack', '--out', join(folder, `${name}.tgz`)], join(repository, 'packages', name))
  return join(folder, `${name}.tgz`)
}

/** The pnpm that runs this, else the one that the scripts of this repository are run with. */
function pnpm(): readonly [string, ...string[]] {
  const own = process.env.npm_execpath ?? ''
  return /pnpm\.c?js$/.test(own) ? [process.execPath, own] : ['npx', '-y', 'pnpm@10']
}

/** Every file below a folder, as paths relative to it, in order. */
export async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
}

export async function readManifest(folder: string): Promise<PackedManifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as PackedManifest
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`)
}
