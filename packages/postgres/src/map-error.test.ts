import type { ErrorClass } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { bySqlState, classifyError } from './map-error.js'
import { ConnectFailure } from './store.js'

/** An error as `pg` makes one of the server's answer. */
function answered(code: string, severity = 'ERROR'): Error {
  return Object.assign(new Error(`the server says ${code}`), { code, severity, length: 100, routine: 'somewhere' })
}
/** An error of Node.js: a socket's, or a name's that was not found. */
function ofNode(code: string): Error {
  return Object.assign(new Error(`read ${code}`), { code, errno: -1, syscall: 'read' })
}
/** Code, outcome, and whether core sends again by itself what was not applied. */
function meaning(found: ErrorClass | undefined): string {
  if (found === undefined) return 'unknown to the table'
  const again = found.retry ?? found.code === 'unavailable'
  return `${found.code}, ${found.outcome}${found.outcome === 'not-applied' ? (again ? ', again' : ', final') : ''}`
}
const duringQuery = (error: unknown): string => meaning(classifyError(error))
const whileConnecting = (error: unknown): string => meaning(classifyError(new ConnectFailure(error)))

describe('an answer of the server to a statement', () => {
  it.each([
    ['40001', 'unavailable, not-applied, again'],
    ['40P01', 'unavailable, not-applied, again'],
    ['55P03', 'unavailable, not-applied, again'],
    ['55006', 'unavailable, not-applied, again'],
    ['57P03', 'unavailable, not-applied, again'],
    ['25006', 'unavailable, not-applied, again'],
    ['53200', 'unavailable, not-applied, again'],
    ['53300', 'unavailable, not-applied, again'],
    ['53100', 'unavailable, not-applied, final'],
    ['58030', 'unavailable, not-applied, again'],
    ['XX000', 'unavailable, not-applied, again'],
    ['57014', 'timeout, not-applied, final'],
    ['28P01', 'access-denied, not-applied, final'],
    ['28000', 'access-denied, not-applied, final'],
    ['42501', 'access-denied, not-applied, final'],
    ['3D000', 'configuration, not-applied, final'],
    ['3F000', 'configuration, not-applied, final'],
    ['42P01', 'configuration, not-applied, final'],
    ['42883', 'configuration, not-applied, final'],
    ['0A000', 'configuration, not-applied, final'],
    ['26000', 'configuration, not-applied, final'],
    ['42P05', 'configuration, not-applied, final'],
    ['25P02', 'invalid-argument, not-applied, final'],
    ['22P02', 'invalid-argument, not-applied, final'],
    ['22021', 'invalid-argument, not-applied, final'],
    ['23514', 'invalid-argument, not-applied, final'],
    ['54000', 'invalid-argument, not-applied, final'],
    ['23505', 'corrupt-stream, not-applied, final'],
    ['XX001', 'corrupt-stream, not-applied, final'],
    ['XX002', 'corrupt-stream, not-applied, final'],
  ])('ERROR %s: %s', (code, expected) => {
    expect(duringQuery(answered(code))).toBe(expected)
  })
  // An ERROR rolls its statement back, whatever it says: a trigger of the user's may raise any code.
  it.each(['P0001', 'U0815', '2F005'])('ERROR %s, which no row knows: not applied', (code) => {
    expect(duringQuery(answered(code))).toBe('backend, not-applied, final')
  })
  it.each(['57P01', '57P02', '57P05', '08006', '08003'])('FATAL %s: the outcome is open', (code) => {
    expect(duringQuery(answered(code, 'FATAL'))).toBe('unavailable, unknown')
  })
  it.each(['XX000', '53200'])('%s is proof of a rollback as an ERROR, and of nothing as FATAL or PANIC', (code) => {
    expect(duringQuery(answered(code))).toContain('not-applied')
    expect(duringQuery(answered(code, 'FATAL'))).toBe('unavailable, unknown')
    expect(duringQuery(answered(code, 'PANIC'))).toBe('unavailable, unknown')
  })
})

describe('a connection lost after sending leaves the outcome open', () => {
  it.each(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ECONNREFUSED'])('%s', (code) => {
    expect(duringQuery(ofNode(code))).toBe('unavailable, unknown')
  })
  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated',
    'Client has encountered a connection error and is not queryable',
  ])('%s', (message) => {
    expect(duringQuery(new Error(message))).toBe('unavailable, unknown')
  })
  it('an error of which nothing is known is not said to be applied or not', () => {
    expect(duringQuery(new Error('what is this?'))).toBe('unknown to the table')
  })
})

describe('before anything was sent, nothing was applied', () => {
  it.each([
    ['ECONNREFUSED', 'unavailable, not-applied, again'],
    ['ENOTFOUND', 'unavailable, not-applied, again'],
    ['EAI_AGAIN', 'unavailable, not-applied, again'],
    ['ENOENT', 'unavailable, not-applied, again'],
    ['ETIMEDOUT', 'unavailable, not-applied, again'],
    ['ECONNRESET', 'unavailable, not-applied, again'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'configuration, not-applied, final'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'configuration, not-applied, final'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'configuration, not-applied, final'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'configuration, not-applied, final'],
    ['CERT_HAS_EXPIRED', 'configuration, not-applied, final'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'configuration, not-applied, final'],
    ['UNABLE_TO_GET_ISSUER_CERT', 'configuration, not-applied, final'],
  ])('%s: %s', (code, expected) => {
    expect(whileConnecting(ofNode(code))).toBe(expected)
  })
  it.each([
    ['28P01', 'access-denied, not-applied, final'],
    ['3D000', 'configuration, not-applied, final'],
    ['53300', 'unavailable, not-applied, again'],
    ['57P03', 'unavailable, not-applied, again'],
    ['57P01', 'unavailable, not-applied, again'],
    ['08P01', 'configuration, not-applied, final'],
  ])('FATAL %s: %s', (code, expected) => {
    expect(whileConnecting(answered(code, 'FATAL'))).toBe(expected)
  })
  it.each([
    ['timeout exceeded when trying to connect', 'unavailable, not-applied, again'],
    ['Connection terminated due to connection timeout', 'unavailable, not-applied, again'],
    ['The server does not support SSL connections', 'configuration, not-applied, final'],
    ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'access-denied, not-applied, final'],
    ['what is this?', 'unavailable, not-applied, again'],
  ])('%s: %s', (message, expected) => {
    expect(whileConnecting(new Error(message))).toBe(expected)
  })
})

// PgBouncer 1.18 gives everything it says itself the one code 08P01, FATAL.
describe('an answer of a pooler', () => {
  const pooler = (message: string): Error => Object.assign(new Error(message), { code: '08P01', severity: 'FATAL' })
  it.each([
    ['password authentication failed', 'access-denied, not-applied, final'],
    ['SASL authentication failed', 'access-denied, not-applied, final'],
    ['"trust" authentication failed', 'access-denied, not-applied, final'],
    ['no such user: app', 'access-denied, not-applied, final'],
    ['no such database: shop', 'configuration, not-applied, final'],
    ['unsupported startup parameter: statement_timeout', 'configuration, not-applied, final'],
    ['no more connections allowed (max_client_conn)', 'unavailable, not-applied, again'],
    ['client_login_timeout', 'unavailable, not-applied, again'],
    ['server login has been failing, try again later (server_login_retry)', 'unavailable, not-applied, again'],
    ['pgbouncer is shutting down', 'unavailable, not-applied, again'],
  ])('to a connection, %s: %s', (message, expected) => {
    expect(whileConnecting(pooler(message))).toBe(expected)
  })
  it.each(['query_wait_timeout', 'server conn crashed?', 'admin forced disconnect', 'what nobody has seen yet'])(
    'to a statement, %s: the outcome is open',
    (message) => {
      expect(duringQuery(pooler(message))).toBe('unavailable, unknown')
    },
  )
  it('names the option that cures it', () => {
    const found = classifyError(new ConnectFailure(pooler('unsupported startup parameter: statement_timeout')))
    expect(found?.hint).toContain("pooler: 'transaction'")
  })
})

describe('the table', () => {
  it('says nothing of errors that are not a driver’s', () => {
    expect(classifyError(new TypeError('x is undefined'))).toBeUndefined()
    expect(classifyError(undefined)).toBeUndefined()
  })
  it.each([[null], [undefined], ['text'], [7]])('lives with a driver that throws %j', (thrown) => {
    expect(duringQuery(thrown)).toBe('unknown to the table')
  })
  it('has a message for a person in every row, and no code with an open outcome that is not a lost session', () => {
    for (const [code, { message, outcome }] of Object.entries(bySqlState)) {
      expect(message).toMatch(/\.$/u)
      expect(outcome === 'unknown').toBe(['57P01', '57P02', '57P05', '08'].includes(code))
    }
  })
})
