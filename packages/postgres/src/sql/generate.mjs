// Compiles each numbered .sql file into a module beside it, so that the package reads no file at run time. Run it after changing one.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

const folder = new URL('.', import.meta.url)
const files = readdirSync(folder).filter((name) => /^\d{3}-.*\.sql$/u.test(name))
for (const name of files) {
  const sql = readFileSync(new URL(name, folder), 'utf8')
  // String.raw keeps the text as it is; a back-tick or ${ in the SQL would end or fill it.
  if (/`|\$\{/u.test(sql)) throw new Error(`${name} must not contain a back-tick or a dollar sign before a brace`)
  const text = `// Generated from ${name} by generate.mjs.\nexport const sql: string = String.raw\`${sql}\`\n`
  const target = new URL(name.replace(/\.sql$/u, '.ts'), folder)
  if (!process.argv.includes('--check')) writeFileSync(target, text)
  else if (readFileSync(target, 'utf8') !== text) throw new Error(`${name} has changed: run node packages/postgres/src/sql/generate.mjs`)
}
