import { type AdapterOptions, readConfig } from '@millrace/core'
import { poolConfig, refused, schemes } from './pool-config.js'
import { type Names, type Order, schemaNames } from './schema.js'

/** What tells of errors. */
export interface Emitter {
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** What we call of a `pg` client. A structural type: the caller's `pg` may be another copy or version than ours. */
export interface PostgresClient extends Emitter {
  query(config: QueryConfig): Promise<{ readonly rows: readonly unknown[] }>
}

/** A client that a pool has lent. */
export interface PooledClient extends PostgresClient {
  release(destroy?: boolean | Error): void
}

/** What we call of a `pg` pool. */
export interface PostgresPool extends Emitter {
  connect(): Promise<PooledClient>
}

export interface QueryConfig {
  readonly name?: string | undefined
  readonly text: string
  readonly values?: unknown[]
  readonly rowMode?: 'array'
  readonly types?: { getTypeParser(oid: number, format?: string): (value: string) => unknown }
}

/** Options of `new pg.Pool()`, of which we read a few. */
export interface PoolConfig {
  readonly connectionString?: string | undefined
  readonly host?: string | undefined
  readonly max?: number | undefined
  readonly [option: string]: unknown
}

export interface PostgresOptions extends AdapterOptions {
  /** URL or `pg` pool options; the adapter makes its own pool of it, and `close()` ends that. Default: libpq's environment variables. */
  readonly connection?: string | PoolConfig | undefined
  /** The caller's pool, or what makes it on first use: never ended or reconfigured. Instead of `connection`. */
  readonly pool?: PostgresPool | (() => PostgresPool) | undefined
  /** Schema that holds the tables. Default `millrace`. At most 63 bytes; quoted, so any name does. */
  readonly schema?: string | undefined
  /** Put before the names of tables and functions. Default: nothing. */
  readonly tablePrefix?: string | undefined
  /**
   * `'settled'` (default): a log reader waits for appends that are still open. `'strict'`: appends wait for each other instead, so that
   * the log is committed in its order and no reader waits. Measured 0.7–1.0 of the rate where appends are coalesced, 0.1–0.4 where not.
   * Kept in the schema; another value is refused when opening.
   */
  readonly order?: 'settled' | 'strict' | undefined
  /** Sends appends that are made while others are under way together. Default true. */
  readonly coalesce?: boolean | undefined
  /** `'transaction'`: behind a pooler in transaction mode, as PgBouncer: no startup parameters, no named statements. Default `'none'`. */
  readonly pooler?: 'none' | 'transaction' | undefined
  /** Keeps the plans of statements on the server. Default: unless a `pooler` is between. */
  readonly preparedStatements?: boolean | undefined
  /**
   * `'notify'`: adapters tell each other of appends by NOTIFY, so that subscriptions of other processes hear of them sooner; a subscribed
   * adapter keeps a connection for it. Default `'none'`: they look, every 5 ms after a change and up to every 500 ms without one.
   */
  readonly wake?: 'none' | 'notify' | undefined
  /** `'auto'` (default) creates what is missing when opening and never alters what is there; `'manual'` runs no DDL. */
  readonly setup?: 'auto' | 'manual' | undefined
  /**
   * TLS of the adapter's own pool: `'verify'` (certificate and host name), the default except on loopback and Unix sockets, where it is
   * `'off'`; `'unverified'` encrypts without knowing to whom; `{ ca }` trusts this authority only.
   */
  readonly tls?: 'verify' | 'off' | 'unverified' | { readonly ca: string } | undefined
  readonly timeouts?: PostgresTimeouts | undefined
}

/** Milliseconds. */
export interface PostgresTimeouts {
  /** Waiting for a connection of the adapter's own pool. Default 5 000. */
  readonly connectMs?: number | undefined
  /** Waiting for the lock of a stream. Default 5 000. */
  readonly lockMs?: number | undefined
  /** A statement on the server, in the adapter's own pool. Default 30 000. */
  readonly statementMs?: number | undefined
  /** A log read waiting for an append that is still open. Default 10 000. */
  readonly settleMs?: number | undefined
}

export interface ParsedOptions extends PostgresOptions {
  readonly names: Names
  readonly order: Order
  readonly setup: 'auto' | 'manual'
  readonly preparedStatements: boolean
  readonly timeouts: Readonly<Record<keyof PostgresTimeouts, number>>
}

const plain = { schema: 'string', tablePrefix: 'string', tls: 'string', coalesce: 'boolean', preparedStatements: 'boolean' } as const
const words = { order: ['settled', 'strict'], pooler: ['none', 'transaction'], wake: ['none', 'notify'] } as const
const driverParameters = 'host port user password max application_name options sslmode sslrootcert sslcert sslkey'.split(' ')

/** Errors: `configuration`. */
export function parseOptions(given: PostgresOptions | string): ParsedOptions {
  const { options, url } = readConfig<PostgresOptions>('postgres', given, {
    options: ['connection', 'pool', 'tls', 'timeouts', 'pageSize'],
    parameters: { ...plain, ...words, setup: ['auto', 'manual'], timeoutMs: 'number' },
    driverParameters,
    alternatives: [['connection', 'pool']],
    schemes,
  })
  if (options.pooler === 'transaction' && options.wake === 'notify')
    throw refused("wake: 'notify' needs a session of its own, which pooler: 'transaction' does not give.")
  const { tls = 'off', schema, tablePrefix, order = 'settled', setup = 'auto' } = options
  if (typeof tls !== 'object' && !['verify', 'off', 'unverified'].includes(tls))
    throw refused('tls must be one of verify, off, unverified.')
  const { connectMs = 5000, lockMs = 5000, statementMs = 30_000, settleMs = 10_000 } = options.timeouts ?? {}
  const timeouts = { connectMs, lockMs, statementMs, settleMs }
  for (const [name, value] of Object.entries(timeouts))
    if (!(typeof value === 'number' && value > 0)) throw refused(`timeouts.${name} must be a number of milliseconds above 0.`)
  const connection = url?.href ?? options.connection
  const { preparedStatements = options.pooler !== 'transaction' } = options
  const parsed = { ...options, connection, names: schemaNames(schema, tablePrefix), order, setup, preparedStatements, timeouts }
  // Now, not when it connects: a mistake in a URL is one of the program's start.
  poolConfig(parsed)
  return parsed
}
