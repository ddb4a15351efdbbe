import { createCluster } from './postgres-cluster.js'
import { type Programs, findPrograms } from './postgres-programs.js'

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
  const programs = await findPrograms()
  if (programs !== undefined) return startCluster(programs, settings)
  return (await startContainer()) ?? { status: 'not proven', reason: 'no POSTGRES_URL, no PostgreSQL programs, no Docker engine' }
}

/** A fresh cluster in a temporary folder on a free loopback port. */
async function startCluster(programs: Programs, { config = {} }: PostgresSettings): Promise<PostgresService & { status: 'running' }> {
  const cluster = await createCluster(programs, { config })
  try {
    await cluster.start()
  } catch (error) {
    await cluster.remove()
    throw error
  }
  return { status: 'running', url: cluster.url, from: programs.from, stop: () => cluster.remove() }
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
