import { posix } from 'node:path'
import ts from 'typescript'
import type { Repository, RepositoryFile } from './repository.js'

/** Every module a file names: static and dynamic imports, re-exports, `import('x')` types. There is no `require` in ES modules. */
export function importsOf(file: RepositoryFile): readonly string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node)
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) found.push(specifier.text)
    ts.forEachChild(node, visit)
  }
  visit(parse(file))
  return found
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isExternalModuleReference(node)) return node.expression
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined
  return ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments[0] : undefined
}

export function parse({ path, text }: RepositoryFile): ts.SourceFile {
  const kind = /\.m?js$/.test(path) ? ts.ScriptKind.JS : ts.ScriptKind.TS
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, kind)
}

/** The repository path that a relative import of a file leads to: `./x.js` is the source `x.ts` where that exists. */
export function resolveRelative(repository: Repository, from: string, specifier: string): string {
  const path = posix.normalize(posix.join(posix.dirname(from), specifier))
  const source = path.replace(/\.js$/, '.ts')
  return repository.files.some((file) => file.path === source) ? source : path
}

/** `@millrace/core` of `@millrace/core/memory`; undefined for relative and `node:` imports. */
export function packageOf(specifier: string): string | undefined {
  if (/^(\.|\/|node:|file:)/.test(specifier)) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
