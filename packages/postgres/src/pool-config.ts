import { ConfigurationError } from '@millrace/core'
import type { ParsedOptions, PoolConfig } from './options.js'

/** Options for the adapter's own pool. Where `pg` would wait for ever or trust anybody, this does not. */
export function poolConfig({ connection = {}, tls, timeouts }: ParsedOptions): PoolConfig {
  const given: PoolConfig = typeof connection === 'string' ? { connectionString: connection } : connection
  const { connectionString, ...rest } = given
  const { text, sslmode, host } = takeSslMode(connectionString)
  const where = host ?? rest.host ?? process.env.PGHOST ?? 'localhost'
  return {
    max: 10,
    keepAlive: true,
    application_name: 'millrace',
    ...rest,
    ...(text === undefined ? {} : { connectionString: text }),
    connectionTimeoutMillis: timeouts.connectMs,
    statement_timeout: timeouts.statementMs,
    ...tlsOption(tls, sslmode, where, rest.ssl),
  }
}

/** `pg` weakens some of libpq's words: they are taken out, and mean what {@link tlsOption} says. */
function takeSslMode(text: string | undefined): {
  readonly text: string | undefined
  readonly sslmode: string | undefined
  readonly host: string | undefined
} {
  if (text === undefined) return { text, sslmode: undefined, host: undefined }
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new ConfigurationError('the connection URL cannot be parsed.', {
      adapter: 'postgres',
      hint: 'Percent-encode special characters of the password.',
    })
  }
  const sslmode = url.searchParams.get('sslmode') ?? undefined
  url.searchParams.delete('sslmode')
  return {
    text: url.href,
    sslmode,
    host: url.searchParams.get('host') ?? (url.hostname === '' ? undefined : decodeURIComponent(url.hostname)),
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

function fromSslMode(sslmode: string): 'verify' | 'off' | 'unverified' {
  switch (sslmode) {
    case 'disable':
      return 'off'
    case 'no-verify':
      return 'unverified'
    case 'prefer':
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return 'verify'
    default:
      throw new ConfigurationError('sslmode must be disable, no-verify, require, verify-ca or verify-full.', { adapter: 'postgres' })
  }
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.') || host.startsWith('/')
}
