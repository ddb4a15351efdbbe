import { ConfigurationError, readConfig } from '@millrace/core'

/** A connection string taken apart: what is ours, and what the client is given. */
export interface ConnectionUrl {
  /** The word before `+discover` and `://`. */
  readonly scheme: 'esdb' | 'kurrentdb'
  /** For the client, without its scheme. */
  readonly rest: string
  readonly discover: boolean
  readonly timeoutMs: number | undefined
}

/** Parameters that both clients read. Their other ones are ours to decide: see {@link parseConnectionUrl}. */
const driverParameters = [
  'tls',
  'tlsCAFile',
  'tlsVerifyCert',
  'userCertFile',
  'userKeyFile',
  'connectionName',
  'keepAliveInterval',
  'keepAliveTimeout',
  'maxDiscoverAttempts',
  'discoveryInterval',
  'gossipTimeout',
  'nodePreference',
]

const pattern = /^(esdb|kurrentdb)(\+discover)?:\/\/(?:([^@/?]*)@)?([^/?#@]+)\/?(\?[^#]*)?$/u

/**
 * Reads `esdb://user:password@host:2113?tls=false`, with several hosts or `+discover` for a cluster; `kurrentdb://` is the same for the other
 * client. Errors: `configuration`, which never repeats the URL, since that may hold a password.
 *
 * The clients ignore what they do not know, with a warning that prints the URL; here it is an error. Refused too: `nodePreference` other
 * than `leader` (a follower's reads are stale), `tlsVerifyCert=false` (one client ignores it), a keep-alive that is switched off, and a parameter
 * that stands twice.
 */
export function parseConnectionUrl(text: string): ConnectionUrl {
  const [, scheme, discover, userInfo, hosts, query = ''] = pattern.exec(text) ?? []
  if (scheme === undefined || hosts === undefined || !/^[^:,]+(?::\d{1,5})?(?:,[^:,]+(?::\d{1,5})?)*$/u.test(hosts))
    throw refused(
      'the connection URL cannot be parsed.',
      'Write for example esdb://user:password@host:2113?tls=true; percent-encode special characters of a password.',
    )
  // The hosts of a cluster are no host of a URL, so the parameters are read without them.
  const { options, url } = readConfig<{ readonly timeoutMs?: number }>('eventstoredb', `${scheme}://host${query}`, {
    options: [],
    parameters: { timeoutMs: 'number' },
    driverParameters,
  })
  const parameters = url?.searchParams ?? new URLSearchParams()
  // The clients go by the last one.
  for (const name of parameters.keys())
    if (parameters.getAll(name).length > 1) throw refused(`the parameter "${name}" stands twice.`, 'Leave one of the two out.')
  for (const name of ['tls', 'tlsVerifyCert'])
    if (!['true', 'false', null].includes(parameters.get(name))) throw refused(`the parameter "${name}" must be true or false.`)
  if (parameters.get('tlsVerifyCert') === 'false')
    throw refused('the certificate of the server is always verified.', 'Give its authority with tlsCAFile.')
  // What switches it off, by the rules of both clients.
  for (const name of ['keepAliveInterval', 'keepAliveTimeout'])
    if (!/^[1-9]\d*$/u.test(parameters.get(name) ?? '1'))
      throw refused(
        `the parameter "${name}" must be a number of milliseconds above 0.`,
        'Leave it out: without keep-alive a connection that fell silent is not noticed.',
      )
  if (!['leader', null].includes(parameters.get('nodePreference')?.toLowerCase() ?? null))
    throw refused('nodePreference must be leader: reads of another node are stale.', 'Leave it out.')
  parameters.delete('tlsVerifyCert')
  const credentials = userInfo === undefined ? '' : `${parseCredentials(userInfo)}@`
  const given = [...parameters].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  return {
    scheme: scheme as ConnectionUrl['scheme'],
    discover: discover !== undefined,
    rest: `${credentials}${hosts}${given === '' ? '' : `?${given}`}`,
    timeoutMs: options.timeoutMs,
  }
}

/** Encoded anew: the clients cut a password at its first ":", and take no "@". */
function parseCredentials(text: string): string {
  const [, user, password] = /^([^:]+):(.+)$/su.exec(text) ?? []
  if (user === undefined || password === undefined)
    throw refused('the connection URL has no user and password before its "@".', 'Write user:password@host, or leave them out.')
  try {
    return [user, password].map((part) => encodeURIComponent(decodeURIComponent(part))).join(':')
  } catch {
    throw refused('user or password of the connection URL is not percent-encoded.')
  }
}

function refused(message: string, hint?: string): ConfigurationError {
  return new ConfigurationError(message, { adapter: 'eventstoredb', hint })
}
