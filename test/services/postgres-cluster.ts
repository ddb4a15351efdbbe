import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.js'
import type { Programs } from './postgres-programs.js'
import { childrenOf } from './process-children.js'
import { serverUser } from './server-user.js'
import { watchServer } from './watch.js'

const run = promisify(execFile)

export type PostgresConfig = Readonly<Record<string, string>>

export interface ClusterOptions {
  /** Lines for postgresql.conf. Durability is on unless switched off here. */
  readonly config?: PostgresConfig
  /** Variables of the server's process. */
  readonly env?: NodeJS.ProcessEnv
}

/** A PostgreSQL server of one's own: in a temporary folder, on a free loopback port that it keeps. */
export interface PostgresCluster {
  readonly url: string
  readonly host: string
  readonly port: number
  /** The folder of its data, owned by the user that it runs as. */
  readonly data: string
  /** Starts it, and resolves when it answers; `launch` resolves before. */
  start(config?: PostgresConfig): Promise<void>
  launch(config?: PostgresConfig): void
  /** Resolves when it answers. */
  ready(): Promise<void>
  /** `fast`: it ends its sessions and writes everything; `immediate`: it does not write, and recovers at its next start. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>
  /** Ends its recovery: from then on it takes appends. Resolves when it has been told. */
  promote(): Promise<void>
  /** SIGKILL to the server and every one of its processes at once. */
  kill(): Promise<void>
  /** Writes a file into its data folder, readable by the server only. */
  write(name: string, text: string): Promise<void>
  /** A standby, not started, made of a copy of the data while the server is stopped; it ends its sessions for that, and starts again. */
  standby(): Promise<PostgresCluster>
  /** Ends it and removes its data. */
  remove(): Promise<void>
}

/** Makes a cluster; it is not started. */
export async function createCluster(programs: Programs, options: ClusterOptions = {}): Promise<PostgresCluster> {
  const { data, user } = await ownFolder()
  const parameters = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  await run(join(programs.folder, 'initdb'), parameters, { ...user, cwd: data })
  return clusterOf(programs, data, user, options)
}

type ServerUser = Awaited<ReturnType<typeof serverUser>>

async function ownFolder(): Promise<{ readonly data: string; readonly user: ServerUser }> {
  const data = await mkdtemp(join(tmpdir(), 'millrace-pg-'))
  const user = await serverUser()
  if (user.uid !== undefined && user.gid !== undefined) await chown(data, user.uid, user.gid)
  return { data, user }
}

async function clusterOf(
  programs: Programs,
  data: string,
  user: ServerUser,
  { config = {}, env = {} }: ClusterOptions,
): Promise<PostgresCluster> {
  const host = '127.0.0.1'
  const port = await freePort()
  const unwatch = watchServer(data, 'postmaster.pid')
  const fixed = { listen_addresses: host, port: String(port), unix_socket_directories: '' }
  const defaults = { max_connections: '200', max_prepared_transactions: '8' }
  let server: ChildProcess | undefined
  let log = ''
  let lastStart: PostgresConfig | undefined

  function launch(more: PostgresConfig = {}): void {
    const settings = Object.entries({ ...fixed, ...defaults, ...config, ...more }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const started = spawn(join(programs.folder, 'postgres'), ['-D', data, ...settings], {
      ...user,
      cwd: data,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    })
    started.stderr.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-4000)
    })
    server = started
  }
  async function ready(): Promise<void> {
    const { Client } = (await import('pg')).default
    for (let tries = 0; tries < 1500; tries += 1) {
      if (server === undefined || !alive(server)) throw new Error(`postgres ended before it was ready: ${log}`)
      const client = new Client({ host, port, user: 'postgres', database: 'postgres', connectionTimeoutMillis: 1000 })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await client.end()
        return
      } catch {
        await pause(20)
      }
    }
    throw new Error(`postgres did not get ready: ${log}`)
  }
  async function start(more?: PostgresConfig): Promise<void> {
    lastStart = more
    for (let tries = 1; ; tries += 1) {
      log = ''
      launch(more)
      try {
        return await ready()
      } catch (error) {
        // Processes of the server before may still hold its memory, which takes a moment after a SIGKILL.
        if (tries >= 50 || !/shared memory block|lock file/u.test(log)) throw error
        await pause(100)
      }
    }
  }
  async function stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (server === undefined || !alive(server)) return
    server.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await once(server, 'exit')
  }
  async function kill(): Promise<void> {
    if (server?.pid === undefined || !alive(server)) return
    // Stopped, it starts no further process while they are counted.
    server.kill('SIGSTOP')
    const children = await childrenOf(server.pid)
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    for (const child of children) kill9(child)
    await ended
  }
  async function promote(): Promise<void> {
    // What pg_ctl does; it needs no connection, and npm's programs have it too.
    await run(join(programs.folder, 'pg_ctl'), ['promote', '-W', '-D', data], { ...user, cwd: data })
  }
  async function write(name: string, text: string): Promise<void> {
    const path = join(data, name)
    await writeFile(path, text)
    await chmod(path, 0o600)
    if (user.uid !== undefined && user.gid !== undefined) await chown(path, user.uid, user.gid)
  }
  async function standby(): Promise<PostgresCluster> {
    const copy = await ownFolder()
    await stop()
    // Not pg_basebackup, which npm's programs lack. The folder that is copied is that of a server that has written everything.
    await run('cp', ['-R', `${data}/.`, copy.data])
    const conninfo = `primary_conninfo = 'host=${host} port=${port} user=postgres'\n`
    await appendFile(join(copy.data, 'postgresql.auto.conf'), conninfo)
    await writeFile(join(copy.data, 'standby.signal'), '')
    await chmod(copy.data, 0o700)
    const { uid, gid } = copy.user
    if (uid !== undefined && gid !== undefined) await run('chown', ['-R', `${uid}:${gid}`, copy.data])
    await start(lastStart)
    return clusterOf(programs, copy.data, copy.user, { config, env })
  }

  return {
    url: `postgres://postgres@${host}:${port}/postgres`,
    host,
    port,
    data,
    start,
    launch,
    ready,
    stop,
    kill,
    promote,
    write,
    standby,
    async remove() {
      await stop()
      unwatch()
      await rm(data, { recursive: true, force: true })
    },
  }
}

function alive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

function kill9(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
