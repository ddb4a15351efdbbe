import { type AdapterOptions, ConfigurationError, readConfig } from '@millrace/core'

/**
 * What we call of a client of the AWS SDK: a `DynamoDBClient` or a `DynamoDBDocumentClient`. A structural type: the caller's SDK may be
 * another copy or version than ours. Low-level commands go through a document client unchanged.
 */
export interface DynamoClient {
  send(command: never, options?: { abortSignal?: AbortSignal }): Promise<unknown>
}

export interface DynamoDBOptions extends AdapterOptions {
  /** The table that holds the events, and nothing else. 3–255 characters of `a-z A-Z 0-9 _ - .`. */
  readonly tableName: string
  /** The caller's client, or what makes it on first use: never destroyed. Instead of `region`, `endpoint` and `clientConfig`. */
  readonly client?: DynamoClient | (() => DynamoClient) | undefined
  /** Options of `new DynamoDBClient()`; the adapter makes its own client of them, and `close()` destroys that. */
  readonly clientConfig?: Readonly<Record<string, unknown>> | undefined
  /** Default: the SDK's own search (`AWS_REGION`, the profile). */
  readonly region?: string | undefined
  /** For DynamoDB Local and the like. Default: the service of the region. */
  readonly endpoint?: string | undefined
  /** Allows plain `http:` to a host that is not loopback: everything then travels unencrypted. Default false. */
  readonly allowInsecureEndpoint?: boolean | undefined
  /**
   * `'none'` (default): a single append is one put; no `readAll`. `'claimed'`: each append claims a cell of a log, for `readAll` and
   * `subscribeToAll`, at five times the write units and two requests. A table keeps the mode it was set up with.
   */
  readonly log?: 'none' | 'claimed' | undefined
  /**
   * How long a log reader waits for an append that has taken its place and not come, in milliseconds, 500 or more. Default 2 000. An
   * append that comes later takes another place.
   */
  readonly fillAfterMs?: number | undefined
  /** `'overflow'` (default): an item an event, packed only above 100 events. `'commit'`: an item an append, as far as it fits. */
  readonly packing?: 'overflow' | 'commit' | undefined
  /**
   * Default true. False, for tables with multi-Region strong consistency and for servers without transactions: needs `packing: 'commit'`
   * and no log; several streams in one append, delete and tombstone are then not declared.
   */
  readonly transactions?: boolean | undefined
  /** `'manual'` (default): the table must exist, since a mistyped name must not become an empty store. `'auto'` creates it. */
  readonly setup?: 'auto' | 'manual' | undefined
  /** Most milliseconds of one request of the adapter's own client. Default 3 000. */
  readonly requestTimeoutMs?: number | undefined
}

export interface ParsedOptions extends DynamoDBOptions {
  readonly log: 'none' | 'claimed'
  readonly fillAfterMs: number
  readonly packing: 'overflow' | 'commit'
  readonly transactions: boolean
  readonly setup: 'auto' | 'manual'
  readonly requestTimeoutMs: number
}

/** Reads `dynamodb://region/table?log=…` or an options object. Errors: `configuration`. */
export function parseOptions(given: DynamoDBOptions | string): ParsedOptions {
  const { options: read, url } = readConfig<DynamoDBOptions>('dynamodb', given, {
    options: ['tableName', 'client', 'clientConfig', 'region', 'pageSize'],
    parameters: {
      endpoint: 'string',
      allowInsecureEndpoint: 'boolean',
      log: ['none', 'claimed'],
      fillAfterMs: 'number',
      packing: ['overflow', 'commit'],
      transactions: 'boolean',
      setup: ['auto', 'manual'],
      requestTimeoutMs: 'number',
      timeoutMs: 'number',
    },
    alternatives: [
      ['client', 'region'],
      ['client', 'endpoint'],
      ['client', 'clientConfig'],
    ],
  })
  const options = { ...read, ...(url === undefined ? {} : placeOf(url)) }
  const { tableName, log = 'none', packing = 'overflow', setup = 'manual', transactions = true } = options
  const { fillAfterMs = 2000, requestTimeoutMs = 3000 } = options
  if (typeof tableName !== 'string' || !/^[a-zA-Z0-9_.-]{3,255}$/u.test(tableName))
    throw refused('tableName must be 3 to 255 characters of a-z, A-Z, 0-9, "_", "-" and ".".')
  atLeast('fillAfterMs', fillAfterMs, 500)
  atLeast('requestTimeoutMs', requestTimeoutMs, 1)
  if (!transactions && (packing !== 'commit' || log !== 'none')) throw refused("transactions: false needs packing: 'commit' and no log.")
  checkEndpoint(options.endpoint, options.allowInsecureEndpoint === true)
  return { ...options, log, packing, setup, transactions, fillAfterMs, requestTimeoutMs }
}

/** Region and table of a URL, which holds nothing else: credentials are found by the SDK, never written down in a URL. */
function placeOf(url: URL): Pick<DynamoDBOptions, 'region' | 'tableName'> {
  const [, tableName = '', ...more] = url.pathname.split('/')
  if (url.protocol !== 'dynamodb:' || url.hostname === '' || tableName === '' || more.length > 0 || url.port !== '')
    throw refused('the URL must read dynamodb://region/table.', 'For example dynamodb://eu-west-1/events?log=claimed.')
  if (url.username !== '' || url.password !== '')
    throw refused('the URL holds credentials.', 'Leave them to the AWS SDK: environment variables, a profile, or a role.')
  return { region: url.hostname, tableName: decodeURIComponent(tableName) }
}

function checkEndpoint(endpoint: string | undefined, allowInsecure: boolean): void {
  if (endpoint === undefined) return
  let url: URL
  try {
    url = new URL(endpoint)
  } catch {
    throw refused('endpoint is no URL.', 'For example http://127.0.0.1:8000.')
  }
  if (url.protocol === 'https:') return
  if (url.protocol !== 'http:') throw refused('endpoint must be an http: or https: URL.')
  if (allowInsecure || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(url.hostname)) return
  throw refused(
    'endpoint is plain http: to a host that is not loopback.',
    'Use https:, or say allowInsecureEndpoint: true on a network you trust.',
  )
}

function atLeast(name: string, value: unknown, least: number): void {
  if (!(typeof value === 'number' && value >= least && value <= 2_147_483_647))
    throw refused(`${name} must be a number of milliseconds, ${least} or more.`)
}

function refused(message: string, hint?: string): ConfigurationError {
  return new ConfigurationError(message, { adapter: 'dynamodb', hint })
}
