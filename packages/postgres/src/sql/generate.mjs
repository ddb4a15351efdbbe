// Compiles the numbered .sql files into a module, so that the package reads no file at run time. Run it after changing one.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

const folder = new URL('.', import.meta.url)
const files = readdirSync(folder).filter((name) => /^\d{3}-.*\.sql$/u.test(name))
const entries = files.sort().map((name) => {
  const version = Number(name.slice(0, 3))
  // String.raw keeps the text as it is; a back-tick or ${ in the SQL would end or fill it.
  const sql = readFileSync(new URL(name, folder), 'utf8')
  if (/`|\$\{/u.test(sql)) throw new Error(`${name} must not contain a back-tick or a dollar sign before a brace`)
  return `  { version: ${version}, name: '${name}', sql: String.raw\`${sql}\` },`
})
const text = `// Generated from sql/*.sql by sql/generate.mjs.

/** The numbered steps that make the schema. */
export const steps: readonly { readonly version: number; readonly name: string; readonly sql: string }[] = [
${entries.join('\n')}
]
`
const target = new URL('../sql-steps.ts', folder)
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) throw new Error('sql-steps.ts is stale: run node packages/postgres/src/sql/generate.mjs')
} else writeFileSync(target, text)
