import { ConfigurationError } from '@millrace/core'

/** Schemes that `pg` knows; of any other it would take host and database from the environment. */
const schemes = ['postgres:', 'postgresql:', 'socket:']

/** A connection URL that the driver can work with. Errors: `configuration`, which never repeats the URL, since that may hold a password. */
export function readConnectionUrl(text: string): URL {
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
  if (!/^(?=.*[1-9])\d{1,6}$/u.test(url.searchParams.get('max') ?? '1'))
    throw new ConfigurationError('max must be a whole number above 0.', { adapter: 'postgres' })
  return url
}

function refused(message: string): ConfigurationError {
  return new ConfigurationError(message, { adapter: 'postgres', hint: 'Percent-encode special characters of the password.' })
}
