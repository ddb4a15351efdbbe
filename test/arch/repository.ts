import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the repository; the path is relative to its root, with forward slashes. */
export interface RepositoryFile {
  readonly path: string
  readonly text: string
}

export interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

/** A workspace package: `packages/core`, `examples/quickstart`. */
export interface WorkspacePackage {
  readonly folder: string
  readonly manifest: Manifest
}

export interface Repository {
  readonly files: readonly RepositoryFile[]
  readonly packages: readonly WorkspacePackage[]
}

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What tools make, or what is not text of ours. */
const left = new Set(['node_modules', 'dist', '.git', '.reports', 'coverage', 'data'])
const textual = /(^|\/)[^.]+$|\.(ts|mts|mjs|js|json|md|ya?ml|sql|run|gitignore|prettierignore|editorconfig)$/

/** The repository as it lies on the disk. */
export function readRepository(): Repository {
  const files = list('').map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  return repositoryOf(files)
}

/** The packages are read from the files: a planted manifest is a file like any other. */
export function repositoryOf(files: readonly RepositoryFile[]): Repository {
  const packages = files.flatMap(({ path, text }) => {
    const folder = /^((?:packages|examples)\/[^/]+)\/package\.json$/.exec(path)?.[1]
    return folder === undefined ? [] : [{ folder, manifest: JSON.parse(text) as Manifest }]
  })
  return { files, packages }
}

function list(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (left.has(entry.name)) return []
    if (entry.isDirectory()) return list(path)
    return entry.isFile() && textual.test(path) ? [path] : []
  })
}
