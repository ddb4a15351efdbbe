import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'
import type * as Conformance from '../../packages/core/src/conformance/index.js'
import type { Edit, Mutant } from './mutant.js'

const source = fileURLToPath(new URL('../../packages/core/src/', import.meta.url))

/** Also what a second process imports: see ConformanceHarness.module. */
const harnessModule = `import { memoryHarness } from './memory/conformance-harness.js'
export const harness = memoryHarness({ module: new URL(import.meta.url) })
`

/** Core, transpiled into a folder of its own, from which mutated copies are made. */
export interface Build {
  /** The suite: never mutated. */
  readonly suite: typeof Conformance
  /** The memory harness of a copy with these edits; without any, of the copy the suite is in. */
  harness(mutant?: Mutant): Promise<Conformance.ConformanceHarness>
  dispose(): Promise<void>
}

export async function buildCore(): Promise<Build> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-mutants-'))
  // Below node_modules, so that vitest lets Node.js import the copies as they are.
  const home = join(folder, 'node_modules')
  const base = join(home, 'base')
  const files = (await readdir(source, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.endsWith('vitest.ts'),
  )
  for (const file of files) await writeModule(join(base, output(file)), await readFile(join(source, file), 'utf8'))
  await writeFile(join(base, 'package.json'), '{ "type": "module" }\n')
  // The optional peer of the cases with models.
  await symlink(fileURLToPath(new URL('../../node_modules/fast-check', import.meta.url)), join(home, 'fast-check'), 'dir')
  let copies = 0

  return {
    suite: await load<typeof Conformance>(join(base, 'conformance/index.js')),
    async harness(mutant) {
      let root = base
      if (mutant !== undefined) {
        copies += 1
        root = join(home, `mutant-${copies}`)
        await cp(base, root, { recursive: true, filter: (path) => !path.startsWith(join(base, 'conformance')) })
        for (const [file, text] of await mutate(mutant)) await writeModule(join(root, output(file)), text)
      }
      await writeFile(join(root, 'harness.js'), harnessModule)
      return (await load<{ harness: Conformance.ConformanceHarness }>(join(root, 'harness.js'))).harness
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The mutated text of each file that a mutant edits. */
async function mutate({ id, edits }: Mutant): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for (const edit of edits)
    texts.set(edit.file, replaceOnce(id, texts.get(edit.file) ?? (await readFile(join(source, edit.file), 'utf8')), edit))
  return texts
}

function replaceOnce(id: string, text: string, { file, find, replace }: Edit): string {
  const found = text.split(find).length - 1
  if (found !== 1) throw new Error(`mutant ${id} is stale: its text stands ${found} times in ${file}: ${find}`)
  return text.replace(find, () => replace)
}

function output(file: string): string {
  return file.replace(/\.ts$/u, '.js')
}

async function writeModule(path: string, text: string): Promise<void> {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  })
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, outputText)
}

async function load<T>(path: string): Promise<T> {
  return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as T
}
