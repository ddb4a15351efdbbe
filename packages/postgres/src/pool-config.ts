import { ConfigurationError } from '@millrace/core'
import { readConnectionUrl } from './connection-url.js'
import type { ParsedOptions, PoolConfig } from './options.js'

/** Options for the adapter's own pool. Where `pg` would wait for ever or trust anybody, this does not. */
export function poolConfig({ connection = {}, tls, timeouts, pooler }: ParsedOptions): PoolConfig {
  const given: PoolConfig = typeof connection === 'string' ? { connectionString: connection } : connection
  const { connectionString, ...rest } = given
  const url = connectionString === undefined ? undefined : readConnectionUrl(connectionString)
  // `pg` weakens some of libpq's words for TLS, and reads a size of a URL for the client only, which has none.
  const [sslmode, max] = ['sslmode', 'max'].map((name) => url?.searchParams.get(name) ?? undefined)
  for (const name of ['sslmode', 'max']) url?.searchParams.delete(name)
  const host = url?.searchParams.get('host') ?? decodeURIComponent(url?.hostname ?? '')
  return {
    max: 10,
    keepAlive: true,
    application_name: 'millrace',
    ...rest,
    ...(url && { connectionString: url.href }),
    ...(max === undefined ? {} : { max: Number(max) }),
    connectionTimeoutMillis: timeouts.connectMs,
    // A pooler refuses startup parameters that it does not know.
    ...(pooler === 'transaction' ? {} : { statement_timeout: timeouts.statementMs, lock_timeout: timeouts.lockMs }),
    ...tlsOption(tls, sslmode, host || (rest.host ?? process.env.PGHOST ?? 'localhost'), rest.ssl),
  }
}

/** prefer, require, verify-ca and verify-full all mean verify-full. */
function tlsOption(tls: ParsedOptions['tls'], sslmode: string | undefined, host: string, given: unknown): { ssl?: unknown } {
  if (given !== undefined && tls === undefined) return { ssl: given }
  const mode = tls ?? (sslmode === undefined ? (isLocal(host) ? 'off' : 'verify') : fromSslMode(sslmode))
  if (mode === 'off') return { ssl: false }
  if (mode === 'unverified') return { ssl: { rejectUnauthorized: false } }
  return { ssl: { rejectUnauthorized: true, ...(typeof mode === 'object' ? { ca: mode.ca } : {}) } }
}

/** Words of libpq, and what they mean here. */
function fromSslMode(sslmode: string): 'verify' | 'off' | 'unverified' {
  if (['prefer', 'require', 'verify-ca', 'verify-full'].includes(sslmode)) return 'verify'
  if (sslmode === 'disable') return 'off'
  if (sslmode === 'no-verify') return 'unverified'
  throw new ConfigurationError('sslmode must be disable, no-verify, require, verify-ca or verify-full.', { adapter: 'postgres' })
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.') || host.startsWith('/')
}
