import { readFileSync, readdirSync } from 'node:fs'

/** A program that a document shows: one fence, or several of which the later ones go on from the first. */
export interface Snippet {
  /** For example `README.md:34`. */
  readonly name: string
  readonly code: string
  /** Words after `ts` on the fence; `vitest`: it is a test file. */
  readonly info: string
}

/** Every document a reader is shown. */
export function documents(root: URL): readonly string[] {
  const docs = readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md'))
  return ['README.md', ...docs.map((name) => `docs/${name}`)]
}

/** The `ts` fences of a document. One that does not begin with an import goes on from the one before it. */
export function snippetsOf(document: string, root: URL): readonly Snippet[] {
  const snippets: Snippet[] = []
  const lines = readFileSync(new URL(document, root), 'utf8').split('\n')
  let open: { readonly at: number; readonly info: string; readonly code: string[] } | undefined
  for (const [index, line] of lines.entries()) {
    if (open === undefined) {
      const fence = /^```ts\b(.*)$/u.exec(line)
      if (fence !== null) open = { at: index + 1, info: (fence[1] ?? '').trim(), code: [] }
    } else if (line === '```') {
      const code = open.code.join('\n')
      const before = snippets.at(-1)
      if (code.startsWith('import ') || before === undefined) snippets.push({ name: `${document}:${open.at}`, code, info: open.info })
      else snippets.splice(-1, 1, { ...before, code: `${before.code}\n${code}` })
      open = undefined
    } else open.code.push(line)
  }
  return snippets
}
