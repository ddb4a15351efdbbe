import { ConfigurationError } from '@millrace/core'

/** A connection URL, without what we do not leave to the driver. */
export interface ConnectionUrl {
  /** For the driver. */
  readonly text: string
  /** `pg` weakens some of libpq's words for TLS. */
  readonly sslmode: string | undefined
  readonly host: string | undefined
  /** `pg` reads it of a URL only for the client; it is the pool that has a size. */
  readonly max: number | undefined
}

/** Schemes that `pg` knows; of any other it would take host and database from the environment. */
const schemes = ['postgres:', 'postgresql:', 'socket:']

/** Errors: `configuration`, which never repeats the URL, since that may hold a password. */
export function parseConnectionUrl(given: string): ConnectionUrl {
  const url = readUrl(given)
  const [sslmode, max] = [url.searchParams.get('sslmode') ?? undefined, readMax(url.searchParams.get('max'))]
  url.searchParams.delete('sslmode')
  url.searchParams.delete('max')
  const host = url.searchParams.get('host') ?? (url.hostname === '' ? undefined : decodeURIComponent(url.hostname))
  return { text: url.href, sslmode, host, max }
}

function readUrl(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
    // The driver decodes these, only when it connects; a "%" of a password that stands for itself fails there.
    for (const part of [url.username, url.password, url.hostname, url.pathname]) decodeURIComponent(part)
  } catch {
    throw refused('the connection URL cannot be parsed.')
  }
  if (!schemes.includes(url.protocol)) throw refused('the connection URL must start with postgres:// or postgresql://.')
  // It would be dropped without a word, and with it the host behind a password that holds a "#".
  if (url.hash !== '') throw refused('the connection URL holds a "#".')
  return url
}

function readMax(text: string | null): number | undefined {
  if (text === null) return undefined
  const max = /^\d{1,6}$/u.test(text) ? Number(text) : 0
  if (max === 0) throw new ConfigurationError('max must be a whole number above 0.', { adapter: 'postgres' })
  return max
}

function refused(message: string): ConfigurationError {
  return new ConfigurationError(message, { adapter: 'postgres', hint: 'Percent-encode special characters of the password.' })
}
