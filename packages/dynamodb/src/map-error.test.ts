import { expect, test } from 'vitest'
import { DriverFailure } from './driver-failure.js'
import { byErrorName, classifyError } from './map-error.js'

/** An error as the SDK throws it. */
const thrown = (name: string, more: object = {}): Error =>
  Object.assign(new Error(`${name} of the service`), { name, $metadata: { attempts: 1, httpStatusCode: 400 }, ...more })
const classified = (error: unknown, kind: 'read' | 'change' = 'change'): unknown[] => {
  const { code, outcome } = classifyError(new DriverFailure(kind, error)) ?? {}
  return [code, outcome]
}

test.each([
  ['ProvisionedThroughputExceededException', 'unavailable', 'not-applied'],
  ['ThrottlingException', 'unavailable', 'not-applied'],
  ['RequestLimitExceeded', 'unavailable', 'not-applied'],
  ['TransactionConflictException', 'unavailable', 'not-applied'],
  ['TransactionInProgressException', 'unavailable', 'unknown'],
  ['InternalServerError', 'unavailable', 'unknown'],
  ['TimeoutError', 'unavailable', 'unknown'],
  ['AbortError', 'unavailable', 'unknown'],
  ['AccessDeniedException', 'access-denied', 'not-applied'],
  ['UnrecognizedClientException', 'access-denied', 'not-applied'],
  ['ExpiredTokenException', 'access-denied', 'not-applied'],
  ['CredentialsProviderError', 'access-denied', 'not-applied'],
  ['ResourceNotFoundException', 'configuration', 'not-applied'],
  ['ValidationException', 'backend', 'not-applied'],
  ['IdempotentParameterMismatchException', 'backend', 'not-applied'],
])('%s is %s, %s', (name, code, outcome) => {
  expect(classified(thrown(name))).toEqual([code, outcome])
  expect(classified(thrown(name), 'read')).toEqual([code, 'not-applied'])
})

test.each([
  ['ECONNREFUSED', 'not-applied'],
  ['ENOTFOUND', 'not-applied'],
  ['ECONNRESET', 'unknown'],
  ['EPIPE', 'unknown'],
])('%s of a socket is unavailable, %s', (code, outcome) => {
  expect(classified(thrown('Error', { code, $metadata: undefined }))).toEqual(['unavailable', outcome])
})

test('what the SDK has sent more than once may have been applied, whatever the last answer was', () => {
  for (const name of ['ThrottlingException', 'ECONNREFUSED', 'AccessDeniedException', 'ValidationException'])
    expect(classified(thrown(name, { $metadata: { attempts: 2 } }))[1]).toBe('unknown')
})

test('5xx without a known name is unknown; no name at all leaves it to core, of a read nothing is applied', () => {
  expect(classified(thrown('Strange', { $metadata: { attempts: 1, httpStatusCode: 502 } }))).toEqual(['unavailable', 'unknown'])
  expect(classified(thrown('Strange'))).toEqual([undefined, undefined])
  expect(classified(thrown('Strange'), 'read')).toEqual(['backend', 'not-applied'])
  expect(classified(undefined, 'read')).toEqual(['backend', 'not-applied'])
  expect(classifyError(new Error('not of the SDK'))).toBeUndefined()
})

test('a cancelled transaction means what its first reason means', () => {
  const reasons = (...codes: string[]) => thrown('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) })
  const failure = new DriverFailure('change', reasons('None', 'TransactionConflict', 'ThrottlingError'))
  expect(failure.reasons.map(({ code }) => code)).toEqual(['None', 'TransactionConflict', 'ThrottlingError'])
  expect(classifyError(failure.ofReasons())).toMatchObject({ code: 'unavailable', outcome: 'not-applied' })
  expect(classifyError(new DriverFailure('change', reasons('None', 'ValidationError')).ofReasons())).toMatchObject({ code: 'backend' })
})

test('nothing of the item in the way can be seen in a failure', async () => {
  const { inspect } = await import('node:util')
  const failure = new DriverFailure('change', thrown('ConditionalCheckFailedException', { Item: { event_data: { S: 'sentinel' } } }))
  expect(failure.item).toEqual({ event_data: { S: 'sentinel' } })
  expect(inspect(failure, { showHidden: true, depth: 9 }) + JSON.stringify(failure)).not.toContain('sentinel')
})

test('each meaning has a message and, where nothing else is to be done than to wait, no outcome but a proven one', () => {
  for (const [name, { message, code, outcome }] of Object.entries(byErrorName)) {
    expect(message, name).toMatch(/\.$/u)
    if (code !== 'unavailable') expect(outcome, name).toBe('not-applied')
  }
})
