import { existsSync } from 'node:fs'
import type { EventStoreDBClient } from '@millrace/eventstoredb'
import { type EventStoreModelProcess, startEventStoreModelProcess } from './eventstoredb-model/start-process.js'
import type { EventStoreModelOptions } from './eventstoredb-model/start.js'
import { columnOf, productOf } from '../conformance/columns.mjs'

/** A real node that tests may use, or the reason why there is none. */
export type EventStoreDBService =
  | { readonly status: 'running'; readonly url: string; readonly from: string; stop(): Promise<void> }
  | { readonly status: 'not proven'; readonly reason: string }

/** The image of docker-compose.yml. */
const image = 'eventstore/eventstore:24.10'

/** `EVENTSTOREDB_URL`, else a container where a Docker engine answers. */
export async function findEventStoreDB(): Promise<EventStoreDBService> {
  const url = process.env.EVENTSTOREDB_URL
  if (url !== undefined && url !== '') return { status: 'running', url, from: 'EVENTSTOREDB_URL', stop: () => Promise.resolve() }
  const none = { status: 'not proven', reason: 'no EVENTSTOREDB_URL, no Docker engine' } as const
  if (process.env.DOCKER_HOST === undefined && !existsSync('/var/run/docker.sock')) return none
  try {
    const { GenericContainer, Wait } = await import('testcontainers')
    const container = await new GenericContainer(image)
      .withEnvironment({ EVENTSTORE_INSECURE: 'true', EVENTSTORE_RUN_PROJECTIONS: 'None', EVENTSTORE_MEM_DB: 'true' })
      .withExposedPorts(2113)
      .withWaitStrategy(Wait.forHttp('/health/live', 2113).forStatusCodeMatching((code) => code < 300))
      .start()
    return {
      status: 'running',
      url: `esdb://${container.getHost()}:${container.getMappedPort(2113)}?tls=false`,
      from: `container ${image}`,
      stop: async () => void (await container.stop()),
    }
  } catch {
    return none
  }
}

/** Which client speaks; a process can load one of them only. */
export type Driver = '@eventstore/db-client' | '@kurrent/kurrentdb-client'

/** A node under test. */
export interface Node {
  readonly url: string
  /** What it is called in reports, and where a real one is from: what holds on the model is not proven of a real node. */
  readonly name: 'EventStoreDB protocol model' | `${string} node (${string})`
  /** What the file of a report is called, which is a column of the matrix. */
  readonly column: string
  /** Undefined: a real node. */
  readonly model: EventStoreModelProcess | undefined
  /** Another model, that refuses whatever credentials it is given. Undefined: a real node. */
  readonly denied: (() => Promise<string>) | undefined
  stop(): Promise<void>
}

/** The real node of a run, if there is one. */
export interface RealNode {
  readonly url: string | undefined
  /** Where it is from, or why there is none. */
  readonly reason: string
}

/** The real node of this run if there is one, else a protocol model of the test file's own. */
export async function openNode(real: RealNode | undefined, driver: Driver, options: EventStoreModelOptions = {}): Promise<Node> {
  const scheme = driver === '@eventstore/db-client' ? 'esdb' : 'kurrentdb'
  const speaking = (url: string): string => url.replace(/^(?:esdb|kurrentdb)/u, scheme)
  if (real?.url !== undefined) return openRealNode(speaking(real.url), real.reason, driver)
  const model = await startEventStoreModelProcess(options)
  let refusing: Promise<EventStoreModelProcess> | undefined
  return {
    url: speaking(model.url),
    name: 'EventStoreDB protocol model',
    column: columnOf(driver, undefined),
    model,
    denied: async () => speaking((await (refusing ??= startEventStoreModelProcess({ faults: [{ does: 'access denied' }] }))).url),
    async stop() {
      await model.stop()
      await (await refusing)?.stop()
    },
  }
}

async function openRealNode(url: string, from: string, driver: Driver): Promise<Node> {
  const product = productOf(await versionOf(url, driver))
  return {
    url,
    name: `${product} node (${from})`,
    column: columnOf(driver, product),
    model: undefined,
    denied: undefined,
    stop: () => Promise.resolve(),
  }
}

/** A client as its package makes it. */
export async function connectClient(driver: Driver, url: string): Promise<EventStoreDBClient> {
  return driver === '@eventstore/db-client'
    ? (await import('@eventstore/db-client')).EventStoreDBClient.connectionString(url)
    : (await import('@kurrent/kurrentdb-client')).KurrentDBClient.connectionString(url)
}

/** The version that a node tells its clients. */
async function versionOf(url: string, driver: Driver): Promise<string> {
  const client = await connectClient(driver, url)
  // Both look it up before their first append, and keep it where nobody else is to look.
  const { capabilities } = client as unknown as { readonly capabilities: Promise<{ readonly serverVersion: string }> }
  const { serverVersion } = await capabilities
  await client.dispose()
  return serverVersion
}
