import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import * as core from './index.js'
import { translateError } from './translate-error.js'

const stream = { streamId: 'order-1' }
const all: readonly (readonly [
  core.EventStoreError,
  code: core.ErrorCode,
  retryable: boolean,
  outcome: core.Outcome,
  guard: (error: unknown) => boolean,
])[] = [
  [
    new core.ConcurrencyError({ ...stream, expectedVersion: 7, actualVersion: 8 }),
    'concurrency',
    false,
    'not-applied',
    core.isConcurrencyError,
  ],
  [new core.StreamDeletedError({ ...stream, tombstoned: true }), 'stream-deleted', false, 'not-applied', core.isStreamDeletedError],
  [new core.InvalidArgumentError('x', { path: 'p' }), 'invalid-argument', false, 'not-applied', core.isInvalidArgumentError],
  [
    new core.LimitExceededError({ limit: 'depth', actual: 2, maximum: 1 }),
    'limit-exceeded',
    false,
    'not-applied',
    core.isLimitExceededError,
  ],
  [new core.NotSupportedError({ capability: 'readAll' }), 'not-supported', false, 'not-applied', core.isNotSupportedError],
  [new core.ConfigurationError('x'), 'configuration', false, 'not-applied', core.isConfigurationError],
  [new core.AccessDeniedError('x'), 'access-denied', false, 'not-applied', core.isAccessDeniedError],
  [new core.UnavailableError('x'), 'unavailable', true, 'not-applied', core.isUnavailableError],
  [new core.TimeoutError('x'), 'timeout', true, 'not-applied', core.isTimeoutError],
  [new core.OutcomeUnknownError('x', { eventIds: [], retryable: true }), 'outcome-unknown', true, 'unknown', core.isOutcomeUnknownError],
  [new core.CorruptStreamError('x'), 'corrupt-stream', false, 'not-applied', core.isCorruptStreamError],
  [new core.ClosedError({ adapter: 'x' }), 'closed', false, 'not-applied', core.isClosedError],
  [new core.BackendError('x', { outcome: 'unknown' }), 'backend', false, 'unknown', core.isBackendError],
]

describe('errors', () => {
  it.each(all)('%s', (error, code, retryable, outcome, guard) => {
    expect([error.code, error.retryable, error.outcome, error.name]).toEqual([code, retryable, outcome, error.constructor.name])
    expect(core.isEventStoreError(error)).toBe(true)
    expect(all.filter(([other]) => guard(other)).map(([other]) => other.code)).toEqual([code])
  })
  it('are known by brand and code, whichever copy of the package made them', () => {
    const foreign = Object.assign(new Error('x'), { code: 'concurrency', [Symbol.for('millrace.error')]: true })
    expect([core.isEventStoreError(foreign), core.isConcurrencyError(foreign), core.isTimeoutError(foreign)]).toEqual([true, true, false])
    for (const nothing of [undefined, null, 'concurrency', { code: 'concurrency' }, new Error('x')])
      expect(core.isEventStoreError(nothing)).toBe(false)
  })
  it('say in the message what was found and what to do', () => {
    expect(new core.ConcurrencyError({ ...stream, expectedVersion: 7, actualVersion: 8 }).message).toBe(
      'stream "order-1" is at version 8, expected 7. Nothing was stored. Read it again and decide anew.',
    )
    expect(new core.StreamDeletedError({ streamId: '\u0007'.repeat(99), tombstoned: true }).message).not.toContain('\u0007')
  })
  it('keep of a cause its name, message, code and stack only', () => {
    const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET', query: 'INSERT hunter2', config: { password: 'hunter2' } })
    const error = new core.UnavailableError('x', { cause })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2')
    expect(error.cause).toMatchObject({ message: 'reset', code: 'ECONNRESET' })
  })
})

describe('what a driver throws', () => {
  const backend = { name: 'x', classifyError: () => undefined }
  it.each([
    ['a string', 'boom'],
    ['null', null],
    ['undefined', undefined],
    ['a frozen error', Object.freeze(new Error('boom'))],
    ['a number', 5],
  ])('%s becomes a BackendError, unknown for a change and not applied for a read', (_what, thrown) => {
    const change = translateError(thrown, backend, 'change', 's')
    expect([change.error.code, change.outcome, change.error.outcome, change.retry]).toEqual(['backend', 'unknown', 'unknown', false])
    expect(translateError(thrown, backend, 'read', 's').outcome).toBe('not-applied')
  })
  it('is a BackendError too where the table itself fails', () => {
    const broken = {
      name: 'x',
      classifyError: (): undefined => {
        throw new Error('a bug of the table')
      },
    }
    expect(translateError(new Error('boom'), broken, 'change').error.message).toContain('boom')
  })
  it('passes as it is where it is ours', () => {
    const ours = new core.UnavailableError('x')
    expect(translateError(ours, backend, 'change')).toEqual({ error: ours, outcome: 'not-applied', retry: true })
  })
})
