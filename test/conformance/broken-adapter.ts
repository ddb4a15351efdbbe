import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConformanceHarness } from '../../packages/core/src/conformance/index.js'

export type BugName = 'late conflict' | 'off-by-one from' | 'lost last page' | 'swallowed abort' | 'reordered subscription'

/** A bug planted in the file example, as its author might have made it. */
export interface PlantedBug {
  readonly name: BugName
  readonly file: 'file-backend.ts' | 'index.ts'
  readonly find: string
  readonly replace: string
}

export const bugs: readonly PlantedBug[] = [
  // The line is written before the expectation is looked at.
  {
    name: 'late conflict',
    file: 'file-backend.ts',
    find: "    if (checkExpected({ status, version }, expected) !== 'ok') return { status: 'wrong-version', actualVersion: version }\n",
    replace: '',
  },
  // A version is taken for an index.
  {
    name: 'off-by-one from',
    file: 'file-backend.ts',
    find: '? events.slice((from ?? 1) - 1, to ?? head.version)',
    replace: '? events.slice(from ?? 0, to ?? head.version)',
  },
  // A stream is as long as its whole pages.
  {
    name: 'lost last page',
    file: 'file-backend.ts',
    find: '    readStreamPage({ streamId, direction, from, to, limit }) {\n      const head = headOf(streamId)\n',
    replace: `    readStreamPage({ streamId, direction, from, to, limit }) {
      const head = { ...headOf(streamId) }
      if (head.version > limit) Object.assign(head, { version: head.version - (head.version % limit) })
`,
  },
  // An append that was given up is acknowledged, and not written.
  {
    name: 'swallowed abort',
    file: 'file-backend.ts',
    find: '        call.signal.throwIfAborted()\n',
    replace: `        if (call.signal.aborted) {
          const { version } = headOf(request.streamId)
          return { status: 'appended', firstVersion: version + 1, version: version + request.events.length, position: undefined }
        }
`,
  },
  // Of the history, pairs of events come the second first.
  {
    name: 'reordered subscription',
    file: 'index.ts',
    find: '  return createAdapter(fileBackend(path), rest)\n',
    replace: `  const own = createAdapter(fileBackend(path), rest)
  return {
    ...own,
    subscribeToStream(streamId, options) {
      const subscription = own.subscribeToStream(streamId, options)
      async function* swapped() {
        let [held, live] = [undefined, false]
        for await (const message of subscription.messages()) {
          live ||= message.kind === 'caughtUp'
          if (!live && held === undefined && message.kind === 'event') {
            held = message
            continue
          }
          if (message.kind === 'event') yield message
          if (held !== undefined) yield held
          if (message.kind !== 'event') yield message
          held = undefined
        }
      }
      return { ...subscription, messages: swapped }
    },
  }
`,
  },
]

const example = new URL('../../examples/custom-adapter/src/', import.meta.url)
// In the repository, so that its imports are found; what tests leave in .reports is not committed.
const home = fileURLToPath(new URL('../../.reports/broken-adapter/', import.meta.url))

/** The harness of a copy of the file example with these bugs planted. */
export async function plantBugs(planted: readonly PlantedBug[]): Promise<ConformanceHarness> {
  await mkdir(home, { recursive: true })
  const folder = await mkdtemp(join(home, 'copy-'))
  for (const file of ['file-backend.ts', 'index.ts', 'harness.ts']) {
    let text = await readFile(new URL(file, example), 'utf8')
    for (const { name, find, replace } of planted.filter((one) => one.file === file)) {
      if (text.split(find).length !== 2) throw new Error(`the bug "${name}" cannot be planted any more: its text is not in ${file} once`)
      text = text.replace(find, () => replace)
    }
    await writeFile(join(folder, file), text)
  }
  const { harness } = (await import(/* @vite-ignore */ join(folder, 'harness.ts'))) as { harness: ConformanceHarness }
  // The copy is not built, so no second process can import it.
  return { ...harness, module: undefined }
}
