import { type ErrorClass, connectionErrors, errorClasses } from '@millrace/core'
import { ConnectFailure } from './store.js'

const { configuration, lost, notApplied, unavailable } = errorClasses
const invalid = (message: string): ErrorClass => notApplied('invalid-argument', message)
const corrupt = (message: string): ErrorClass => notApplied('corrupt-stream', message, 'Restore it from a backup.')
const denied = (message: string): ErrorClass => errorClasses.denied(message, 'Check user, password and grants.')
const inTransactionMode = "Behind a pooler in transaction mode set pooler: 'transaction'."

/**
 * What an SQLSTATE means, by its whole code first, then by its class. An ERROR rolls the statement back, which is proof that nothing was
 * applied; only what ends the session (class 08, 57P01, 57P02) leaves the outcome open. Source: postgres.md §7, reliability.md §1.
 */
export const bySqlState: Readonly<Record<string, ErrorClass>> = {
  '40001': unavailable('the transaction could not be serialized.'),
  '40P01': unavailable('the transaction was chosen to end a deadlock.'),
  '55P03': unavailable('a lock was not granted in time: another transaction holds the stream.'),
  '55006': unavailable('an object is in use.'),
  '57P03': unavailable('the server is starting up or shutting down.'),
  '25006': unavailable('the server is read-only: it is a standby, or set so.', 'Send appends to the primary.'),
  '53100': { ...unavailable('the disk of the server is full.', 'Free space, then call again.'), retry: false },
  '53': unavailable('the server has run out of a resource.'),
  '58': unavailable('the server met a system error.'),
  XX000: unavailable('the server met an internal error.'),
  '57014': { ...notApplied('timeout', 'the server cancelled the statement: it took longer than its statement_timeout.'), retry: false },
  '57P01': lost('an administrator ended the session.'),
  '57P02': lost('another session of the server crashed.'),
  '57P05': lost('the server ended an idle session.'),
  '08': lost('the connection was lost.'),
  '08P01': configuration('the server did not understand the protocol.', `Is it PostgreSQL? ${inTransactionMode}`),
  '28': denied('the server refused the credentials.'),
  '42501': denied('the database user lacks a right.'),
  '0A000': configuration('the server does not support this, or a cached plan no longer fits.', 'Was the schema changed meanwhile?'),
  '26000': configuration('a prepared statement is gone.', inTransactionMode),
  '42P05': configuration('a prepared statement exists already.', inTransactionMode),
  '3D000': configuration('the database does not exist.', 'Create it, or correct the name in the URL.'),
  '3F000': configuration('the schema does not exist.', "Use setup: 'auto', or apply migrations(options).sql()."),
  '42': configuration('the schema there is not the one this version expects.', 'Apply migrations(options).sql(); check the schema name.'),
  '25P02': invalid('the transaction of the caller has failed already.'),
  '22': invalid('the server refused a value.'),
  '23': invalid('a constraint of the database refused a value.'),
  '23505': corrupt('an event stands already where the head of the stream says there is none.'),
  '54': invalid('a limit of the server was exceeded.'),
  XX001: corrupt('the server found damaged data.'),
  XX002: corrupt('the server found a damaged index.'),
}

/** Errors of the connection itself, by the code of Node.js. */
const byNodeCode: Readonly<Record<string, ErrorClass>> = {
  ...connectionErrors({
    peer: 'the server',
    place: 'this host and port',
    check: 'Check the host in the URL.',
    trust: 'Give its authority with tls: { ca }.',
  }),
  ENOENT: unavailable('the socket of the server does not exist.', 'Is it running?'),
}

/** What a pooler says. PgBouncer 1.18 gives everything the one code 08P01, FATAL: measured, a wrong password too. */
const byPoolerMessage: readonly (readonly [pattern: RegExp, meaning: ErrorClass])[] = [
  [/authentication failed|no such user/u, denied('the pooler refused the credentials.')],
  [/no such database/u, configuration('the pooler knows no such database.', 'Add it there, or correct the name in the URL.')],
  [/startup parameter/u, configuration('a pooler between refuses the settings of the session.', inTransactionMode)],
  [/connections allowed|login|shutting down|server_/u, unavailable('the pooler has no connection to give.')],
]

/** What `pg` says without a code. */
const byMessage: typeof byPoolerMessage = [
  [
    /does not support SSL/u,
    configuration('the server does not support TLS.', "Set up TLS there; only on a trusted network give tls: 'off'."),
  ],
  [/password must be a string|no password supplied|SASL/iu, denied('the server asks for a password, and none or a wrong one was given.')],
  [/timeout exceeded when trying/u, unavailable('no connection was free in time.', 'Close transactions sooner, or raise max.')],
  [/terminated|connection error|not queryable|closed/iu, unavailable('the connection was lost.')],
]

/** The adapter's `classifyError`. What is not in a table and came after sending leaves the outcome open. */
export function classifyError(error: unknown): ErrorClass | undefined {
  const connecting = error instanceof ConnectFailure
  const cause = (connecting ? error.cause : error) as { code?: unknown; message?: unknown; severity?: unknown } | null
  const [code, message] = [cause?.code, cause?.message].map((text) => (typeof text === 'string' ? text : '')) as [string, string]
  const fatal = cause?.severity === 'FATAL' || cause?.severity === 'PANIC'
  if (/^[0-9A-Z]{5}$/u.test(code) && (cause?.severity !== undefined || byNodeCode[code] === undefined)) {
    const known = code === '08P01' && fatal ? classifyPooler(message, connecting) : (bySqlState[code] ?? bySqlState[code.slice(0, 2)])
    if (connecting) return known?.outcome === 'unknown' ? { ...known, outcome: 'not-applied' } : known
    if (fatal) return known === undefined ? undefined : { ...known, outcome: 'unknown' }
    // Any code at all may come from a trigger or a constraint of the user's.
    return known ?? (cause?.severity === 'ERROR' ? { code: 'backend', outcome: 'not-applied' } : undefined)
  }
  const known = byNodeCode[code] ?? byMessage.find(([pattern]) => pattern.test(message))?.[1]
  if (connecting) return known ?? unavailable('no connection to the server could be made.')
  return known && { ...lost('the connection was lost.'), ...(known.code === 'configuration' ? known : {}) }
}

/** The meaning of 08P01, which a statement is told only when its session has ended. */
function classifyPooler(message: string, connecting: boolean): ErrorClass | undefined {
  if (!connecting) return lost('the pooler ended the session.')
  return byPoolerMessage.find(([pattern]) => pattern.test(message))?.[1] ?? bySqlState['08P01']
}
