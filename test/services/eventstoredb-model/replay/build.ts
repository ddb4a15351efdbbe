import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'
import type * as Start from '../start.js'

/** A replacement in one source file of the model. `find` has to stand there exactly once, so that it cannot go stale unnoticed. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** The model, transpiled into a folder of its own, from which mutated copies are made. */
export interface ModelBuild {
  /** How a copy with this edit is started. */
  mutated(edit: Edit): Promise<typeof Start.startEventStoreModel>
  dispose(): Promise<void>
}

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const model = 'test/services/eventstoredb-model'
/** What the model imports of the packages' sources. */
const borrowed = 'packages/core/src/testing/reset-socket.ts'

export async function buildModel(): Promise<ModelBuild> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-model-'))
  // Below node_modules, so that vitest lets Node.js import the copies as they are.
  const home = join(folder, 'node_modules')
  const base = join(home, model)
  const files = (await readdir(join(root, model))).filter((file) => file.endsWith('.ts') && !/\.test\.ts$|process/u.test(file))
  for (const file of [...files.map((one) => join(model, one)), borrowed])
    await writeModule(join(home, file), await readFile(join(root, file), 'utf8'))
  await writeFile(join(home, 'package.json'), '{ "type": "module" }\n')
  for (const name of ['@grpc/grpc-js', '@eventstore/db-client', 'google-protobuf']) {
    await mkdir(dirname(join(home, name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(home, name), 'dir')
  }
  let copies = 0

  return {
    async mutated({ file, find, replace }) {
      const text = await readFile(join(root, model, file), 'utf8')
      const found = text.split(find).length - 1
      if (found !== 1) throw new Error(`a mutant is stale: its text stands ${found} times in ${file}: ${find}`)
      copies += 1
      const copy = join(dirname(base), `mutant-${copies}`)
      await cp(base, copy, { recursive: true })
      await writeModule(
        join(copy, file),
        text.replace(find, () => replace),
      )
      const { startEventStoreModel } = (await import(/* @vite-ignore */ pathToFileURL(join(copy, 'start.js')).href)) as typeof Start
      return startEventStoreModel
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  }
}

async function writeModule(path: string, text: string): Promise<void> {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  })
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path.replace(/\.ts$/u, '.js'), outputText)
}
