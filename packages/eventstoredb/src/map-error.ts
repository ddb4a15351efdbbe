import { type ErrorClass, errorClasses } from '@millrace/core'

const { configuration, lost, notApplied, unavailable } = errorClasses
const denied: ErrorClass = errorClasses.denied(
  'the server refuses access.',
  'Check user and password of the connection string, and the access rights of the stream or of $all.',
)

/** What the clients say in `type`. What core never sees (wrong-expected-version, stream-deleted …) is answered where the call is made. */
export const byType: Readonly<Record<string, ErrorClass>> = {
  'access-denied': denied,
  'not-leader': unavailable('the node is not the leader.', 'Call again: the client goes to the leader.'),
  unavailable: lost('the connection was lost.'),
  cancelled: lost('the server cancelled the call.'),
  timeout: lost('the server ran out of time.'),
  'deadline-exceeded': { code: 'timeout', outcome: 'unknown', message: 'the server did not answer in time.' },
  'not-connected': notApplied('timeout', 'no connection to the server could be made in time.'),
  unsettled: lost('what became of the events cannot be told now.'),
  untold: lost('the server could not be asked for the state of the stream.'),
  unsupported: configuration('the server is too old for this call.', 'EventStoreDB 23.10 or later is needed.'),
}

/** The same by the status code of gRPC, for errors that the clients let through as they came. */
export const byStatus: Readonly<Record<number, ErrorClass>> = {
  1: lost('the call was cancelled.'),
  4: { code: 'timeout', outcome: 'unknown', message: 'the server did not answer in time.' },
  7: denied,
  10: lost('the server gave the call up.'),
  12: configuration('the server does not know this call.', 'Is it EventStoreDB 23.10 or later?'),
  13: lost('the call broke off.'),
  14: lost('the connection was lost.'),
  16: denied,
}

/** How gRPC says that a call was not sent, since there was no connection: the words of a server or a proxy do not begin so. */
const notConnected = /^(?:14 UNAVAILABLE: )?(?:No connection established|Name resolution failed)/u

/** Why there was no connection, first match first. */
export const byConnection: readonly (readonly [RegExp, ErrorClass])[] = [
  [
    /wrong version number|packet length too long|http request/iu,
    configuration('the server does not speak TLS.', 'On a trusted network only: add ?tls=false to the connection string.'),
  ],
  [
    /\balert\b.*(?:certificate|unknown ca|handshake)/iu,
    configuration('the server refused the TLS handshake.', 'Does it ask for a certificate? Give userCertFile and userKeyFile.'),
  ],
  [
    /altnames|does not match certificate/iu,
    configuration('the certificate of the server is for another host.', 'Check the host of the connection string.'),
  ],
  [/certificate|CERT_/iu, configuration('the certificate of the server is not trusted.', 'Give its authority with tlsCAFile.')],
  [
    /Name resolution failed|ENOTFOUND|EAI_AGAIN/u,
    unavailable('the host of the server is unknown.', 'Check the host of the connection string.'),
  ],
  [/ECONNREFUSED/u, unavailable('the server refused the connection.', 'Is it running at this host and port?')],
  [
    /(?:)/u,
    unavailable('no connection to the server could be made.', 'Is it running at this host and port, and is tls as the server has it?'),
  ],
]

/** Other texts that say more than type and code. 1.3.1 keeps no text of a read's error: there `UnavailableError` is all. */
export const byMessage: readonly (readonly [RegExp, ErrorClass])[] = [
  [/InvalidPosition$/u, notApplied('invalid-argument', 'no record begins at this position of the log.')],
  [/^Failed to discover/u, unavailable('no node of the cluster could be found.', 'Check the hosts of the connection string.')],
  [/^Channel has been shut down$/u, unavailable('the connection was closed before the call was sent.')],
  [/^14 UNAVAILABLE: Channel closed before call started/u, unavailable('the connection was closed before the call was sent.')],
]

/** The adapter's `classifyError`. An error that nothing here explains leaves the outcome of a change open. */
export function classifyError(error: unknown): ErrorClass | undefined {
  const { type, code, message } = (typeof error === 'object' && error !== null ? error : {}) as Readonly<Record<string, unknown>>
  const text = typeof message === 'string' ? message : ''
  const table = notConnected.test(text) ? byConnection : byMessage
  const known = table.find(([pattern]) => pattern.test(text))?.[1]
  if (known !== undefined) return known
  if (typeof type === 'string' && Object.hasOwn(byType, type)) return byType[type]
  return typeof code === 'number' ? byStatus[code] : undefined
}

/** The word that a client has for what went wrong; undefined for an error of something else. */
export function typeOf(error: unknown): string | undefined {
  const { type } = (typeof error === 'object' && error !== null ? error : {}) as { readonly type?: unknown }
  return typeof type === 'string' ? type : undefined
}

/**
 * Whether the error may be a tombstone that could not be told: the name of the stream stands in a trailer, which takes only printable
 * ASCII, so the server fails with HTTP 500. 1.3.1 calls that `unavailable` in a read.
 */
export function mayHideTombstone(error: unknown, streamId: string): boolean {
  if (/^[\x20-\x7e]*$/u.test(streamId)) return false
  const { message, code } = error as { readonly message?: unknown; readonly code?: unknown }
  const text = typeof message === 'string' ? message : ''
  return typeOf(error) === 'unknown' ? text.includes('HTTP status code 500') : typeOf(error) === 'unavailable' && code === undefined
}
