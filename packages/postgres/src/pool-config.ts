import { ConfigurationError, parseUrl } from '@millrace/core'
import type { ParsedOptions, PoolConfig } from './options.js'

/** Schemes that `pg` knows. */
export const schemes = ['postgres:', 'postgresql:', 'socket:'] as const

/** The error of an option that cannot be right. */
export const refused = (message: string): ConfigurationError => new ConfigurationError(message, { adapter: 'postgres' })

/** Options for the adapter's own pool. Where `pg` would wait for ever or trust anybody, this does not. Errors: `configuration`. */
export function poolConfig({ connection = {}, tls, timeouts, pooler }: ParsedOptions): PoolConfig {
  const { connectionString, ...rest }: PoolConfig = typeof connection === 'string' ? { connectionString: connection } : connection
  const url = connectionString === undefined ? undefined : parseUrl(connectionString, 'postgres', schemes)
  // `pg` weakens some of libpq's words for TLS, and reads a size of a URL for the client only, which has none.
  const [sslmode, max] = ['sslmode', 'max'].map((name) => url?.searchParams.get(name) ?? undefined)
  for (const name of ['sslmode', 'max']) url?.searchParams.delete(name)
  if (max !== undefined && !/^(?=.*[1-9])\d{1,6}$/u.test(max)) throw refused('max must be a whole number above 0.')
  const host = url?.searchParams.get('host') ?? decodeURIComponent(url?.hostname ?? '')
  return {
    max: 10,
    keepAlive: true,
    application_name: 'millrace',
    ...rest,
    ...(url && { connectionString: url.href }),
    ...(max !== undefined && { max: Number(max) }),
    connectionTimeoutMillis: timeouts.connectMs,
    // A pooler refuses startup parameters that it does not know.
    ...(pooler !== 'transaction' && { statement_timeout: timeouts.statementMs, lock_timeout: timeouts.lockMs }),
    ...tlsOption(tls, sslmode, host || (rest.host ?? process.env.PGHOST ?? 'localhost'), rest.ssl),
  }
}

function tlsOption(tls: ParsedOptions['tls'], sslmode: string | undefined, host: string, given: unknown): { ssl?: unknown } {
  if (given !== undefined && tls === undefined) return { ssl: given }
  const mode = tls ?? (sslmode === undefined ? (isLocal(host) ? 'off' : 'verify') : bySslMode[sslmode])
  if (mode === undefined) throw refused('sslmode must be disable, no-verify, require, verify-ca or verify-full.')
  if (mode === 'off') return { ssl: false }
  if (mode === 'unverified') return { ssl: { rejectUnauthorized: false } }
  return { ssl: { rejectUnauthorized: true, ...(typeof mode === 'object' && { ca: mode.ca }) } }
}

/** Words of libpq, and what they mean here: four of them are verify-full. */
const bySslMode: Readonly<Record<string, ParsedOptions['tls']>> = {
  disable: 'off',
  'no-verify': 'unverified',
  prefer: 'verify',
  require: 'verify',
  'verify-ca': 'verify',
  'verify-full': 'verify',
}

/** Loopback, or the folder of a Unix socket. */
const isLocal = (host: string): boolean => /^(?:localhost|::1|\[::1\]|127(?:\.\d{1,3}){3}|\/.*)$/u.test(host)
