import { type PostgresOptions, postgres } from '@millrace/postgres'
import { createFaultProxy } from '@millrace/core/testing'
import pg from 'pg'
import { type PostgresConfig, createCluster } from '../services/postgres-cluster.js'
import type { Programs } from '../services/postgres-programs.js'
import { type LedgerVerdict, seeded, startLedger } from './ledger.js'

export interface ChaosOptions {
  readonly programs: Programs
  readonly seed: number
  readonly ms: number
  readonly config?: PostgresConfig
  readonly order?: PostgresOptions['order']
}

export interface ChaosVerdict extends LedgerVerdict {
  /** What was done to whom, and how often. */
  readonly faults: Readonly<Record<string, number>>
}

/**
 * Random cuts and kills under 8 writers on 16 streams: requests and answers lost on the wire, all connections cut, sessions ended by an
 * administrator, the server stopped without a word, and killed with all of its processes.
 */
export async function runChaos({ programs, seed, ms, config = {}, order }: ChaosOptions): Promise<ChaosVerdict> {
  const server = await createCluster(programs, { config })
  const proxy = await createFaultProxy({ host: server.host, port: server.port, seed })
  const url = Object.assign(new URL(server.url), { port: String(proxy.port) }).href
  // Appends that travel together, and appends alone.
  const clients = [{}, { coalesce: false }].map((options) => postgres({ connection: url, order, ...options }))
  const random = seeded(seed)
  const faults: Record<string, number> = {}
  try {
    await server.start()
    await clients[0]?.open()
    const rules = (['request', 'response'] as const).flatMap((on) =>
      (['cut-before', 'cut-after'] as const).map((fault) => proxy.inject({ fault, on, chance: 0.001, times: Infinity })),
    )
    const ledger = startLedger({ clients, seed })
    const endsAt = performance.now() + ms
    while (performance.now() < endsAt) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(100 + random() * 900, endsAt - performance.now())))
      await strike()
    }
    for (const rule of rules) rule.remove()
    const verdict = await ledger.judge()
    return { ...verdict, faults: { ...faults, 'cut on the wire': proxy.faults.length } }
  } finally {
    await Promise.all(clients.map((client) => client.close()))
    await proxy.close()
    await server.remove()
  }

  async function strike(): Promise<void> {
    const kind = random()
    if (kind < 0.5) return count('all connections cut', () => proxy.cutAll())
    if (kind < 0.7) return count('sessions ended', () => endSessions(server.url))
    if (kind < 0.8)
      return count('out of reach for a while', async () => {
        await proxy.down()
        await new Promise((resolve) => setTimeout(resolve, random() * 500))
        proxy.up()
      })
    if (kind < 0.9)
      return count('server stopped without a word', async () => {
        await server.stop('immediate')
        await server.start()
      })
    return count('server killed -9', async () => {
      await server.kill()
      await server.start()
    })
  }
  async function count(name: string, run: () => Promise<unknown>): Promise<void> {
    faults[name] = (faults[name] ?? 0) + 1
    await run()
  }
}

/** Ends about half of the adapters' sessions, as an administrator does. */
export async function endSessions(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => undefined)
  await client.connect()
  await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace' AND pid % 2 = 0")
  await client.end()
}
