import {
  type ErrorCode,
  isAccessDeniedError,
  isBackendError,
  isClosedError,
  isConcurrencyError,
  isConfigurationError,
  isCorruptStreamError,
  isEventStoreError,
  isInvalidArgumentError,
  isLimitExceededError,
  isNotSupportedError,
  isOutcomeUnknownError,
  isStreamDeletedError,
  isTimeoutError,
  isUnavailableError,
} from '../../../errors.js'
import type { CaseContext, ConformanceCase } from '../../case.js'

/** Contract §8 for what can be provoked without a fault. */
const table = {
  concurrency: { name: 'ConcurrencyError', retryable: false, guard: isConcurrencyError },
  'stream-deleted': { name: 'StreamDeletedError', retryable: false, guard: isStreamDeletedError },
  'invalid-argument': { name: 'InvalidArgumentError', retryable: false, guard: isInvalidArgumentError },
  'limit-exceeded': { name: 'LimitExceededError', retryable: false, guard: isLimitExceededError },
  'not-supported': { name: 'NotSupportedError', retryable: false, guard: isNotSupportedError },
  configuration: { name: 'ConfigurationError', retryable: false, guard: isConfigurationError },
  'access-denied': { name: 'AccessDeniedError', retryable: false, guard: isAccessDeniedError },
  unavailable: { name: 'UnavailableError', retryable: true, guard: isUnavailableError },
  closed: { name: 'ClosedError', retryable: false, guard: isClosedError },
} as const

const guards: readonly ((error: unknown) => boolean)[] = [
  isConcurrencyError,
  isStreamDeletedError,
  isInvalidArgumentError,
  isLimitExceededError,
  isNotSupportedError,
  isConfigurationError,
  isAccessDeniedError,
  isUnavailableError,
  isTimeoutError,
  isOutcomeUnknownError,
  isCorruptStreamError,
  isClosedError,
  isBackendError,
]

export const err01: ConformanceCase = {
  id: 'ERR-01',
  title: 'every member of an error is true, actualVersion too; guards know it, whichever copy of the package made it',
  section: 'ERR',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'An error that says "nothing stored" by habit, an actualVersion taken from the request, or a guard that is instanceof.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    t.step('actualVersion')
    for (const version of [0, 1, 2, 3]) {
      const conflict = adapter.appendToStream(streamId, t.events(1), { expectedVersion: version + 3 })
      await told(t, conflict, 'concurrency', { streamId, expectedVersion: version + 3, actualVersion: version, subject: 'stream' })
      await adapter.appendToStream(streamId, t.events(1), { expectedVersion: version })
    }
    await told(t, adapter.appendToStream(streamId, t.events(2), { expectedVersion: 'noStream' }), 'concurrency', {
      streamId,
      expectedVersion: 'noStream',
      actualVersion: 4,
    })
    const missing = t.stream()
    await told(t, adapter.appendToStream(missing, t.events(2), { expectedVersion: 'streamExists' }), 'concurrency', {
      streamId: missing,
      actualVersion: 0,
    })

    t.step('arguments')
    await told(t, adapter.appendToStream(streamId, [{ type: 'Bad', data: { a: [0, 1n] } }] as never), 'invalid-argument', {
      path: 'events[0].data.a[1]',
    })
    await told(t, adapter.getStreamState(''), 'invalid-argument', { path: 'streamId' })
    await told(t, adapter.getStreamState('x'.repeat(513)), 'limit-exceeded', { limit: 'streamIdBytes', actual: 513, maximum: 512 })

    await t.part({ capability: 'truncateStream' }, async () => {
      await adapter.truncateStream(streamId, { before: 3 })
      const conflict = adapter.appendToStream(streamId, t.events(1), { expectedVersion: 2 })
      await told(t, conflict, 'concurrency', { streamId, expectedVersion: 2, actualVersion: 4 })
    })
    await t.part({ capability: 'deleteStream' }, async () => {
      await adapter.deleteStream(streamId)
      await told(t, adapter.appendToStream(streamId, t.events(1), { expectedVersion: 3 }), 'concurrency', {
        streamId,
        expectedVersion: 3,
        actualVersion: 4,
      })
      await told(t, adapter.appendToStream(streamId, t.events(1), { expectedVersion: 'streamExists' }), 'stream-deleted', {
        streamId,
        tombstoned: false,
      })
    })
    await t.part({ capability: 'tombstoneStream' }, async () => {
      await adapter.tombstoneStream(streamId)
      for (const call of [() => adapter.appendToStream(streamId, t.events(1)), () => adapter.readStream(streamId)])
        await told(t, call, 'stream-deleted', { streamId, tombstoned: true })
    })
    await t.part({ capability: 'streamMetadata' }, async () => {
      const other = t.stream()
      const stale = adapter.setStreamMetadata(other, { a: 1 }, { expectedMetadataVersion: 4 })
      await told(t, stale, 'concurrency', { streamId: other, subject: 'metadata', expectedVersion: 4, actualVersion: 0 })
    })
    await t.part({ hooks: ['broken'] }, async () => {
      for (const [kind, code] of [
        ['unreachable', 'unavailable'],
        ['credentials', 'access-denied'],
        ['schema-newer', 'configuration'],
      ] as const)
        await told(t, (await t.broken(kind)).appendToStream(streamId, t.events(1)), code, {})
    })
    t.step('closed')
    const other = await t.adapter({})
    await other.close()
    await told(t, other.getStreamState(streamId), 'closed', {})
    copies(t)
  },
}

/** The error of this call is of its class in every member. */
async function told(
  t: CaseContext,
  subject: Parameters<CaseContext['rejects']>[0],
  code: keyof typeof table,
  members: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { name, retryable, guard } = table[code]
  const adapter = await t.adapter()
  const error = await t.rejects(
    subject,
    code,
    { ...members, retryable, outcome: 'not-applied', adapter: adapter.name, name },
    `the members of ${name}`,
  )
  t.ok(error instanceof Error, 'it is an Error')
  t.ok(error.message !== '' && typeof error.hint === 'string', 'it has a message and a hint')
  if (typeof members.streamId === 'string') t.ok(error.message.includes(members.streamId), 'its message names the stream')
  t.ok(isEventStoreError(error) && guard(error), 'its guard knows it')
  t.equal(guards.filter((one) => one(error)).length, 1, 'no other guard takes it for its own')
}

/** What another copy of the package would throw: same brand and code, another class. */
function copies(t: CaseContext): void {
  t.step('errors of another copy')
  for (const [code, { guard }] of Object.entries(table) as [ErrorCode, { guard: (error: unknown) => boolean }][]) {
    const copy = Object.defineProperty(Object.assign(new Error('from another copy'), { code }), Symbol.for('millrace.error'), {
      value: true,
    })
    t.ok(isEventStoreError(copy) && guard(copy), `the guard of ${code} knows an error of another copy`)
    t.ok(!guard(Object.assign(new Error('a driver’s'), { code })), `the guard of ${code} refuses what only has the code`)
  }
  for (const nothing of [undefined, null, 'concurrency', 1, {}]) t.ok(!isEventStoreError(nothing), 'what is no error is none')
}
