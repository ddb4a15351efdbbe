import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { type Ended, runNode } from '../run-node.js'
import { documents, snippetsOf } from './snippets.js'

const root = new URL('../../', import.meta.url)
const folder = new URL('.reports/snippets/', root)
const snippets = documents(root).flatMap((document) => snippetsOf(document, root))
const fileOf = (name: string): string => name.replaceAll(/[^a-zA-Z0-9]+/gu, '-').toLowerCase()
const { url: server, reason } = inject('postgres')
const dynamodb = inject('dynamodb')
/** What stands in the documents for a reader's own server. */
const placeholder = 'postgres://user:password@host/database'
const own = (code: string): string => code.replaceAll(placeholder, server ?? placeholder)

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  // A reader's project has none of this repository's settings.
  writeFileSync(new URL('vitest.config.mjs', folder), 'export default {}\n')
  for (const { name, info, code } of snippets)
    writeFileSync(new URL(`${fileOf(name)}${info === 'vitest' ? '.test' : ''}.ts`, folder), `${own(code)}\nexport {}\n`)
})

test('there are snippets in the documents', () => {
  expect(snippets.filter(({ name }) => name.startsWith('README.md')).length).toBeGreaterThanOrEqual(3)
})

test('every snippet compiles, strictly', () => {
  const files = ts.sys.readDirectory(fileURLToPath(folder), ['.ts'])
  expect(files.length).toBe(snippets.length)
  const program = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
  })
  const problems = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
    return `${file?.fileName.split('/').at(-1) ?? ''}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
  expect(problems).toEqual([])
})

describe('every snippet runs', () => {
  for (const { name, info, code } of snippets)
    test(name, async (context) => {
      if ((code.includes(placeholder) || code.includes('POSTGRES_URL')) && server === undefined)
        return context.skip(`not proven: ${reason}`)
      if (code.includes('DYNAMODB_ENDPOINT') && dynamodb.endpoint === undefined) return context.skip(`not proven: ${dynamodb.reason}`)
      const env = { EVENT_STORE_URL: 'memory:', POSTGRES_URL: server, DYNAMODB_ENDPOINT: dynamodb.endpoint }
      const { code: exit, stdout, stderr } = info === 'vitest' ? await runTestFile(name, env) : await runProgram(name, code, env)
      expect({ exit, stderr }, stdout).toEqual({ exit: 0, stderr: '' })
    })
})

function runProgram(name: string, code: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 }
  writeFileSync(new URL(`${fileOf(name)}.mjs`, folder), ts.transpile(own(code), options))
  return runNode(`.reports/snippets/${fileOf(name)}.mjs`, { env })
}

function runTestFile(name: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return runNode('node_modules/vitest/vitest.mjs', { env, parameters: ['run', '--root', fileURLToPath(folder), `${fileOf(name)}.test.ts`] })
}
