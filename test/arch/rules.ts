import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import ts from 'typescript'
import { countCodeLines } from './code-lines.js'
import { importsOf, packageOf, parse, resolveRelative } from './imports.js'
import type { Manifest, Repository, RepositoryFile, WorkspacePackage } from './repository.js'

/** What breaks the rule, one sentence each; none where it holds. */
export type Rule = (repository: Repository) => readonly string[]

const core = '@millrace/core'
/** Which packages of ours a package may need. One that is not named here is an adapter: it may need core only. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  [core]: [],
  '@millrace/embedded': [core, '@millrace/postgres'],
}
const mostLines = 400
/** Most lines of code of an adapter. Two have more than they should, and may not have more than they have. */
const mostCodeLines = { postgres: 1000, embedded: 1000, dynamodb: 1825, eventstoredb: 1574 } as const

const isCode = ({ path }: RepositoryFile): boolean => /\.(ts|mts|mjs|js)$/.test(path)
const isHeld = ({ path }: RepositoryFile): boolean => /^(packages|examples)\/[^/]+\/src\/|^test\//.test(path)
const isTestOrHarness = (path: string): boolean => /\.test\.ts$|\/conformance-harness\.ts$/.test(path)

/** Adapters need core, embedded needs postgres too, core needs none of ours: in manifests and in imports. */
export const arrowsPointToCore: Rule = (repository) =>
  published(repository).flatMap(({ folder, manifest }) => {
    const allowed = arrows[manifest.name] ?? [core]
    const ours = (name: string | undefined): name is string => name?.startsWith('@millrace/') === true
    const forbidden = (name: string): boolean => name !== manifest.name && !allowed.includes(name)
    const declared = allDependencies(manifest).filter((name) => ours(name) && forbidden(name))
    const imported = codeOf(repository, folder).flatMap((file) =>
      importsOf(file)
        .map(packageOf)
        .filter((name) => ours(name) && forbidden(name))
        .map((name) => `${file.path} imports ${name}`),
    )
    return [...declared.map((name) => `${folder}/package.json declares ${name}`), ...imported]
  })

/**
 * A package's relative imports stay in its own `src`: nothing leads to `test/`, `examples/` or into another package's folder. Only a test
 * that needs a service (`x.int.test.ts`, never published) may use what finds and breaks services in `test/`.
 */
export const packagesStayAtHome: Rule = (repository) =>
  repository.packages.flatMap(({ folder }) =>
    codeOf(repository, folder).flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolveRelative(repository, file.path, specifier))
        .filter((path) => !path.startsWith(`${folder}/src/`) && !(file.path.endsWith('.int.test.ts') && path.startsWith('test/')))
        .map((path) => `${file.path} imports ${path}`),
    ),
  )

/** Core needs nothing at run time; its peers, a test runner and fast-check, are optional. */
export const coreHasNoDependencies: Rule = ({ packages }) => {
  const manifest = packages.find((one) => one.manifest.name === core)?.manifest
  if (manifest === undefined) return [`there is no package ${core}`]
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest
  const needed = Object.keys({ ...dependencies, ...optionalDependencies }).map((name) => `${core} depends on ${name}`)
  const peers = Object.keys(peerDependencies).filter(
    (name) => !['fast-check', 'vitest'].includes(name) || peerDependenciesMeta[name]?.optional !== true,
  )
  return [...needed, ...peers.map((name) => `${core} has the peer ${name}`)]
}

/** `.` and `./memory` of core run where there is no Node.js: nothing they lead to, types included, imports one of its modules. */
export const coreRunsWithoutNode: Rule = (repository) => {
  const home = repository.packages.find(({ manifest }) => manifest.name === core)
  const entries = ['.', './memory'].map((entry) => (home === undefined ? undefined : sourceEntry(home, entry)))
  if (entries.includes(undefined)) return [`${core} has no source for "." or "./memory"`]
  const seen = new Set<string>()
  const visit = (path: string): string[] => {
    if (seen.has(path)) return []
    seen.add(path)
    const file = repository.files.find((one) => one.path === path)
    if (file === undefined) return [`${path} is imported and does not exist`]
    return importsOf(file).flatMap((specifier) => {
      if (specifier.startsWith('.')) return visit(resolveRelative(repository, path, specifier))
      return isBuiltin(specifier) ? [`${path} imports ${specifier}`] : []
    })
  }
  return entries.flatMap((path) => visit(path ?? ''))
}

/** What is published imports only what its manifest gives a consumer: dependencies and peers, or the package itself. */
export const importsAreDeclared: Rule = (repository) =>
  published(repository).flatMap(({ folder, manifest }) => {
    const { name, dependencies, peerDependencies } = manifest
    const given = [name, ...Object.keys({ ...dependencies, ...peerDependencies })]
    return codeOf(repository, folder)
      .filter(({ path }) => path.endsWith('.ts') && !isTestOrHarness(path))
      .flatMap((file) =>
        importsOf(file)
          .filter((specifier) => !isBuiltin(specifier))
          .map(packageOf)
          .filter((wanted): wanted is string => wanted !== undefined && !given.includes(wanted))
          .map((wanted) => `${file.path} imports ${wanted}, which ${folder}/package.json does not declare`),
      )
  })

/** A file that does not fit on a few screens holds more than one thing. */
export const filesAreShort: Rule = ({ files }) =>
  files.filter(isHeld).flatMap(({ path, text }) => {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
    return isCode({ path, text }) && lines > mostLines ? [`${path} has ${lines} lines`] : []
  })

/** An adapter is wire code. What serves migrations and `doctor` only does not count, nor do comments, SQL and tests. */
export const adaptersAreSmall: Rule = ({ files }) =>
  Object.entries(mostCodeLines).flatMap(([name, most]) => {
    const left = /\/(?:sql\/.*|(?:migrations|migrate|check-schema|doctor|sessions|sql-steps)\.ts)$/
    const counted = files.filter((file) => file.path.startsWith(`packages/${name}/src/`) && !left.test(file.path) && isCode(file))
    const lines = counted.filter(({ path }) => !isTestOrHarness(path)).reduce((sum, file) => sum + countCodeLines(file), 0)
    return lines > most ? [`packages/${name} has ${lines} lines of code`] : []
  })

/** Folders and files are named in kebab-case; what a name says of its kind (`.test`, `.int.test`, `.harness`) follows a dot. */
export const namesAreKebabCase: Rule = ({ files }) =>
  files
    .filter((file) => isHeld(file) && isCode(file))
    .flatMap(({ path }) =>
      path
        .split('/')
        .filter((part) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/.test(part))
        .map((part) => `${path}: "${part}"`),
    )

/** A default export has another name in every file that imports it. Tools ask for one in their configuration. */
export const nothingIsExportedByDefault: Rule = ({ files }) =>
  files
    .filter((file) => isCode(file) && !/\.config\.[a-z]+$/.test(file.path))
    .flatMap((file) => (parse(file).statements.some(exportsDefault) ? [`${file.path} has a default export`] : []))

/** What is public is listed by name: the `index.ts` behind an entry holds re-exports and nothing else, and there is no `export *`. */
export const entriesListTheirNames: Rule = (repository) => {
  const entries = published(repository).flatMap((one) => Object.keys(one.manifest.exports ?? {}).map((entry) => sourceEntry(one, entry)))
  return repository.files
    .filter((file) => isCode(file) && /^(packages|examples)\//.test(file.path))
    .flatMap((file) => {
      const isIndex = entries.includes(file.path) && file.path.endsWith('/index.ts')
      const wrong = parse(file).statements.filter((one) => isExportAll(one) || (isIndex && !isNamedReExport(one)))
      return wrong.length > 0 ? [`${file.path} has ${wrong.length} statements that do not re-export by name`] : []
    })
}

/** Nothing names a folder beside or above the checkout: a clone holds all there is. */
export const nothingLiesOutside: Rule = ({ files }) => {
  const outside = new RegExp(`\\.\\./${'shared'}\\b|/${'work'}/|/home/[a-z]|/Users/[a-z]`)
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (outside.test(line) ? [`${path}:${index + 1} names a folder outside`] : [])),
  )
}

/** The lockfile fits every registry: it names no host and no archive. */
export const lockfileNamesNoHost: Rule = ({ files }) => {
  const lockfile = files.find(({ path }) => path === 'pnpm-lock.yaml')
  if (lockfile === undefined) return ['there is no pnpm-lock.yaml']
  return lockfile.text
    .split('\n')
    .flatMap((line, index) => (/tarball:|https?:\/\/|git\+/.test(line) ? [`pnpm-lock.yaml:${index + 1}: ${line.trim()}`] : []))
}

function published({ packages }: Repository): readonly WorkspacePackage[] {
  return packages.filter(({ folder }) => folder.startsWith('packages/'))
}

function codeOf({ files }: Repository, folder: string): readonly RepositoryFile[] {
  return files.filter((file) => file.path.startsWith(`${folder}/src/`) && isCode(file))
}

function allDependencies({ dependencies, devDependencies, peerDependencies, optionalDependencies }: Manifest): readonly string[] {
  return [...new Set(Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies, ...optionalDependencies }))]
}

function sourceEntry({ folder, manifest }: WorkspacePackage, entry: string): string | undefined {
  const target = manifest.exports?.[entry]
  const source = typeof target === 'object' ? target['@millrace/source'] : undefined
  return source === undefined ? undefined : posix.join(folder, source)
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier)
}

function exportsDefault(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement
    return (
      exportClause !== undefined && ts.isNamedExports(exportClause) && exportClause.elements.some(({ name }) => name.text === 'default')
    )
  }
  return ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true
}

function isExportAll(statement: ts.Statement): boolean {
  return ts.isExportDeclaration(statement) && (statement.exportClause === undefined || ts.isNamespaceExport(statement.exportClause))
}

function isNamedReExport(statement: ts.Statement): boolean {
  return ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined && !isExportAll(statement)
}
