import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'

// Keeps etc/*.api.md, what each public entry exports, true to the declarations in dist (`pnpm build` makes them).
//   node test/api/report.mjs          fails when a report that is committed differs
//   node test/api/report.mjs --write  renews the reports

const root = fileURLToPath(new URL('../../', import.meta.url))
const reports = join(root, 'etc')
const write = process.argv.includes('--write')
const temporary = await mkdtemp(join(tmpdir(), 'millrace-api-'))
try {
  const fresh = new Map()
  for (const folder of (await readdir(join(root, 'packages'))).sort()) await addReports(join(root, 'packages', folder), fresh)
  const committed = await readCommitted()
  const names = [...new Set([...fresh.keys(), ...committed.keys()])].sort((a, b) => (a < b ? -1 : 1))
  const stale = names.filter((name) => fresh.get(name) !== committed.get(name))
  if (write) await renew(stale, fresh)
  else if (stale.length > 0) {
    for (const name of stale) console.error(`Stale: etc/${name}${firstDifference(committed.get(name), fresh.get(name))}`)
    console.error('Is the change to the public API meant? Then run: pnpm api')
    process.exitCode = 1
  }
  console.log(`${fresh.size} entries, ${stale.length} reports ${write ? 'renewed' : 'stale'}`)
} finally {
  await rm(temporary, { recursive: true, force: true })
}

/** One compilation a package, one report an entry. */
async function addReports(folder, fresh) {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const entries = Object.entries(manifest.exports).filter(([, target]) => target.types !== undefined)
  const configs = entries.map(([entry, { types }]) => configOf(folder, reportName(manifest.name, entry), join(folder, types)))
  if (configs.length === 0) throw new Error(`${manifest.name} has no entry with types`)
  const compilerState = CompilerState.create(configs[0], {
    additionalEntryPoints: configs.slice(1).map((config) => config.mainEntryPointFilePath),
  })
  for (const config of configs) {
    const failures = []
    Extractor.invoke(config, {
      localBuild: true,
      compilerState,
      messageCallback(message) {
        message.handled = true
        if (message.logLevel === 'error') failures.push(message.text)
      },
    })
    if (failures.length > 0) throw new Error(`${config.mainEntryPointFilePath}: ${failures.join('; ')}`)
  }
  for (const [entry] of entries) {
    const name = reportName(manifest.name, entry)
    fresh.set(name, await readFile(join(temporary, name), 'utf8'))
  }
}

/** `core-conformance-vitest.api.md` for `@millrace/core/conformance/vitest`. */
function reportName(packageName, entry) {
  return `${[packageName.replace(/^@[^/]+\//, ''), ...entry.split('/').slice(1)].join('-')}.api.md`
}

function configOf(folder, name, mainEntryPointFilePath) {
  const silent = { logLevel: 'none', addToApiReportFile: false }
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2022',
            module: 'nodenext',
            lib: ['es2022', 'esnext.disposable'],
            types: ['node'],
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: true,
          },
          files: [mainEntryPointFilePath],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: name.replace(/\.api\.md$/, ''),
        reportFolder: temporary,
        reportTempFolder: join(temporary, 'temp'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: {
          default: { logLevel: 'error' },
          // No release tags here: everything that is exported is public. What is not exported and still in a signature is seen in the report.
          'ae-missing-release-tag': silent,
          'ae-undocumented': silent,
          'ae-unresolved-link': silent,
          'ae-forgotten-export': { logLevel: 'none', addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: silent },
      },
    },
  })
}

async function readCommitted() {
  await mkdir(reports, { recursive: true })
  const names = (await readdir(reports)).filter((name) => name.endsWith('.api.md'))
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(reports, name), 'utf8')])))
}

async function renew(stale, fresh) {
  for (const name of stale) {
    const text = fresh.get(name)
    if (text === undefined) await rm(join(reports, name))
    else await writeFile(join(reports, name), text)
  }
}

function firstDifference(committed, fresh) {
  if (committed === undefined) return ' is missing'
  if (fresh === undefined) return ' belongs to no entry'
  const [before, now] = [committed.split('\n'), fresh.split('\n')]
  const at = now.findIndex((line, index) => line !== before[index])
  return at < 0 ? ' is longer than it should be' : `:${at + 1}\n- ${before[at] ?? ''}\n+ ${now[at]}`
}
