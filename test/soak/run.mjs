import { spawn } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { judge, renderReport } from './report.mjs'

// Runs the soaks, one after the other, and writes what each of them showed into reports/<name>.md, which is committed.
//   node test/soak/run.mjs [name …] [--seed n] [--minutes n]
// A soak is a program <name>.soak.mjs of this folder: what it writes to standard output is its evidence, line by line. It ends with 0
// where all held, with 77 where it could prove nothing (its last line says why), with anything else where something did not hold. It
// gets SOAK_SEED, and SOAK_MINUTES as the time that an open-ended program should take. A failed soak keeps its report for the others to
// see: fix it, then run it again.

const folder = new URL('./', import.meta.url)
const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, minutes: { type: 'string', default: '10' } },
})
const seed = wholeNumber('seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 31)))
const minutes = wholeNumber('minutes', values.minutes)
const known = (await readdir(folder)).flatMap((file) => (file.endsWith('.soak.mjs') ? [file.slice(0, -'.soak.mjs'.length)] : [])).sort()
const unknown = names.find((name) => !known.includes(name))
if (unknown !== undefined) throw new Error(`there is no soak "${unknown}"; there are: ${known.join(', ')}`)

await mkdir(new URL('reports/', folder), { recursive: true })
for (const name of names.length === 0 ? known : names) {
  console.log(`\n== ${name} (seed ${seed})`)
  const startedAt = performance.now()
  const { code, lines } = await runProgram(name)
  const verdict = judge(code, lines)
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  const run = { name, seed, minutes, seconds, verdict, lines, node: process.version, cores: availableParallelism(), date: new Date() }
  await writeFile(new URL(`reports/${name}.md`, folder), renderReport(run))
  console.log(`== ${name}: ${verdict}, ${seconds} s`)
  if (verdict === 'does not hold') process.exitCode = 1
}

function runProgram(name) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(`${name}.soak.mjs`, folder))], {
    cwd: fileURLToPath(new URL('../../', folder)),
    env: { ...process.env, SOAK_SEED: String(seed), SOAK_MINUTES: String(minutes) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
    process.stdout.write(chunk)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, lines: text.split('\n').filter((line) => line.trim() !== '') }))
  })
}

function wholeNumber(name, text) {
  if (!/^\d+$/u.test(text)) throw new Error(`--${name} must be a whole number, not "${text}"`)
  return Number(text)
}
