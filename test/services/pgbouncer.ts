import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from './find-program.js'
import { freePort } from './free-port.js'
import { serverUser } from './server-user.js'
import { watchServer } from './watch.js'

/** A pooler before a PostgreSQL server. */
export interface PgBouncer {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts PgBouncer in transaction mode before a server that trusts it, for one user with a password of its own; undefined: the program is
 * not installed (Debian package `pgbouncer`).
 */
export async function startPgBouncer(server: URL, settings: Readonly<Record<string, string>> = {}): Promise<PgBouncer | undefined> {
  const program = findProgram('pgbouncer')
  if (program === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'millrace-pgbouncer-'))
  const user = await serverUser()
  const port = await freePort()
  const [file, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')]
  const [name, password] = [decodeURIComponent(server.username), 'pooler-horse-battery']
  const config = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: users,
    pool_mode: 'transaction',
    pidfile: join(folder, 'pgbouncer.pid'),
    ...settings,
  }
  const lines = Object.entries(config).map(([name, value]) => `${name} = ${value}\n`)
  const target = `host=${server.hostname} port=${server.port}`
  await writeFile(users, `"${name}" "${password}"\n`)
  await writeFile(file, `[databases]\n* = ${target}\n[pgbouncer]\n${lines.join('')}`)
  if (user.uid !== undefined && user.gid !== undefined) for (const path of [folder, file, users]) await chown(path, user.uid, user.gid)
  const bouncer = spawn(program, ['-q', file], { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  bouncer.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const unwatch = watchServer(folder, 'pgbouncer.pid')
  const exited = once(bouncer, 'exit')
  async function stop(): Promise<void> {
    // At once, whoever is connected.
    bouncer.kill('SIGTERM')
    await exited
    unwatch()
    await rm(folder, { recursive: true, force: true })
  }
  for (let tries = 0; tries < 250; tries += 1) {
    if (bouncer.exitCode !== null) break
    if (await listens(port))
      return { url: Object.assign(new URL(server), { hostname: '127.0.0.1', port: String(port), password }).href, stop }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await stop()
  throw new Error(`pgbouncer did not get ready: ${log}`)
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
