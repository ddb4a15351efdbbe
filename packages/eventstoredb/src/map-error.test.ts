import { describe, expect, it } from 'vitest'
import { classifyError, mayHideTombstone } from './map-error.js'

// Errors as the clients raised them: those with a scenario were recorded against a node of 24.2.0, those of connections made on loopback.
const connected = 'No connection established. Last error:'

describe('classifyError', () => {
  it.each<[string, object, string, string]>([
    [
      'refused',
      { type: 'unavailable', code: 14, message: `14 UNAVAILABLE: ${connected} connect ECONNREFUSED 127.0.0.1:1` },
      'unavailable',
      'not-applied',
    ],
    [
      'unknown host',
      { type: 'unavailable', code: 14, message: '14 UNAVAILABLE: Name resolution failed for target dns:nowhere:2113' },
      'unavailable',
      'not-applied',
    ],
    ['lost', { type: 'unavailable', code: 14, message: '14 UNAVAILABLE: Connection dropped' }, 'unavailable', 'unknown'],
    ['a batch append, as it came', { code: 14, message: '14 UNAVAILABLE: read ECONNRESET' }, 'unavailable', 'unknown'],
    [
      'a proxy that speaks of refused connections',
      { type: 'unavailable', code: 14, message: '14 UNAVAILABLE: upstream connect error: ECONNREFUSED' },
      'unavailable',
      'unknown',
    ],
    ['a read of 1.3.1', { type: 'unavailable', message: 'UnavailableError' }, 'unavailable', 'unknown'],
    [
      'not sent',
      { type: 'unavailable', code: 14, message: '14 UNAVAILABLE: Channel closed before call started' },
      'unavailable',
      'not-applied',
    ],
    ['a channel closed a moment ago', new Error('Channel has been shut down'), 'unavailable', 'not-applied'],
    ['no node of a cluster', new Error('Failed to discover after 10 attempts.'), 'unavailable', 'not-applied'],
    ['another leader', { type: 'not-leader', code: 5, message: '5 NOT_FOUND: Leader info available' }, 'unavailable', 'not-applied'],
    ['a tombstone that could not be asked for', { type: 'untold' }, 'unavailable', 'unknown'],
    ['a deadline before there was a connection', { type: 'not-connected' }, 'timeout', 'not-applied'],
    ['a deadline', { type: 'deadline-exceeded', code: 4, message: '4 DEADLINE_EXCEEDED: Deadline exceeded' }, 'timeout', 'unknown'],
    ['cancelled by the server', { type: 'cancelled', code: 1, message: '1 CANCELLED: Call canceled by server' }, 'unavailable', 'unknown'],
    [
      'the server out of time',
      { type: 'timeout', code: 10, message: '10 ABORTED: Operation timed out: PrepareTimeout' },
      'unavailable',
      'unknown',
    ],
    ['wrong credentials', { type: 'access-denied', code: 16, message: '16 UNAUTHENTICATED: ' }, 'access-denied', 'not-applied'],
    ['no right, as it came', { code: 7, message: '7 PERMISSION_DENIED: Access Denied' }, 'access-denied', 'not-applied'],
    [
      'a plain server',
      {
        type: 'unavailable',
        code: 14,
        message: `14 UNAVAILABLE: ${connected} write EPROTO 0:error:0A00010B:SSL routines:ssl3_get_record:wrong version number`,
      },
      'configuration',
      'not-applied',
    ],
    [
      'a certificate that signs itself',
      { type: 'unavailable', code: 14, message: `14 UNAVAILABLE: ${connected} self-signed certificate (1)` },
      'configuration',
      'not-applied',
    ],
    [
      'a certificate of another host',
      { type: 'unavailable', code: 14, message: `14 UNAVAILABLE: ${connected} Hostname/IP does not match certificate's altnames` },
      'configuration',
      'not-applied',
    ],
    [
      'all.json: a position where no record begins',
      { type: 'unknown', code: 2, message: '2 UNKNOWN: Unexpected ReadAllResult: InvalidPosition' },
      'invalid-argument',
      'not-applied',
    ],
  ])('%s', (_what, error, code, outcome) => {
    expect(classifyError(error)).toMatchObject({ code, outcome, message: expect.stringMatching(/\.$/u) as string })
  })
  it.each<[string, unknown]>([
    ['names.json: an empty name', { type: 'unknown', code: 2, message: '2 UNKNOWN: Exception was thrown by handler.' }],
    ['read.json: a zero limit', { type: 'unknown', code: 2, message: '2 UNKNOWN: Unexpected ReadStreamResult: Error' }],
    ['names.json: batch', { type: 'unknown', message: 'Could not recognize BadRequest' }],
    ['something else', new TypeError('x is not a function')],
    ['nothing', undefined],
  ])('%s is not explained', (_what, error) => {
    expect(classifyError(error)).toBeUndefined()
  })
})

describe('mayHideTombstone', () => {
  const failed = { type: 'unknown', code: 2, message: '2 UNKNOWN: Received HTTP status code 500' }
  it('names.json: a name that no trailer takes', () => {
    expect(mayHideTombstone(failed, 'nämé-😀')).toBe(true)
    expect(mayHideTombstone(failed, 'line\nbreak')).toBe(true)
    expect(mayHideTombstone({ type: 'unavailable', message: 'UnavailableError' }, 'nämé')).toBe(true)
  })
  it('not a lost connection, nor a name that could be told', () => {
    expect(mayHideTombstone(failed, 'order-1 #?')).toBe(false)
    expect(mayHideTombstone({ type: 'unavailable', code: 14, message: '14 UNAVAILABLE: Connection dropped' }, 'nämé')).toBe(false)
  })
})
