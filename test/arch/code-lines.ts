import ts from 'typescript'
import { parse } from './imports.js'
import type { RepositoryFile } from './repository.js'

/** A word that SQL in a template begins a clause with. */
const sql = /\b(?:SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|AND)\b/u

/** How many lines hold code: none that is blank, a comment, or inside a template of SQL. */
export function countCodeLines(file: RepositoryFile): number {
  const source = parse(file)
  const lines = new Set<number>()
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line
  function visit(node: ts.Node): void {
    if (ts.isJSDoc(node) || node.kind === ts.SyntaxKind.EndOfFileToken) return
    if (ts.isTemplateLiteral(node) && sql.test(node.getText(source))) return
    const children = node.getChildren(source)
    children.forEach(visit)
    if (children.length > 0) return
    const [first, last] = [lineOf(node.getStart(source)), lineOf(node.end)]
    for (let line = first; line <= last; line += 1) lines.add(line)
  }
  visit(source)
  return lines.size
}
