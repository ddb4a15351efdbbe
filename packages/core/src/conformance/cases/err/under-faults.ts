import type { EventStoreAdapter } from '../../../adapter.js'
import { isEventStoreError, isOutcomeUnknownError, isTimeoutError, isUnavailableError } from '../../../errors.js'
import type { ExpectedVersion } from '../../../expected-version.js'
import { onFailedAttempt } from '../../attempts.js'
import type { CaseContext, ConformanceCase, TestEvent } from '../../case.js'
import { pausePart, untilBack } from '../../pause.js'
import { historyHolds, recordStreams } from '../recorded.js'
import { eventIds, idsOf } from '../views.js'

const base = { section: 'ERR', since: 1, level: 'must', profile: 'standard' } as const

const timeoutMs = 600
const downMs = 900

/** Appends; its answer is lost, and then the server is down for longer than the call may take. @returns what it failed with, if it did. */
async function loseAnswerAndServer(
  t: CaseContext,
  adapter: EventStoreAdapter,
  streamId: string,
  events: readonly TestEvent[],
  expectedVersion: ExpectedVersion,
): Promise<unknown> {
  const { faults } = await t.instance()
  let restarting: Promise<void> | undefined
  const stop = onFailedAttempt('appendToStream', streamId, () => {
    restarting ??= faults?.restart?.(downMs)
  })
  await faults?.dropNextResponse?.()
  const outcome = await adapter.appendToStream(streamId, events, { expectedVersion, timeoutMs }).then(
    () => undefined,
    (error: unknown) => error,
  )
  stop()
  await restarting
  return outcome
}

export const err03: ConformanceCase = {
  ...base,
  id: 'ERR-03',
  title:
    'an answer that is lost, and a server that is down past the deadline: OutcomeUnknownError with the ids, retryable only where a retry is recognised',
  requires: { hooks: ['dropNextResponse', 'restart'] },
  rationale: 'A timeout that is reported as "nothing happened": the application appends again, with new ids.',
  async run(t) {
    const adapter = await t.adapter()
    for (const expectedVersion of ['noStream', 2, 'any'] as const) {
      const isRecognised = expectedVersion !== 'any' || t.capabilities.idempotency.any === 'strong'
      let seen = false
      for (let tries = 0; tries < 4 && !seen; tries += 1) {
        t.step(`expecting ${expectedVersion}`)
        const streamId = t.stream()
        if (expectedVersion !== 'noStream') await adapter.appendToStream(streamId, t.events(2))
        const before = await idsOf(adapter, streamId)
        const events = t.events(2)
        const error = await loseAnswerAndServer(t, adapter, streamId, events, expectedVersion)
        const again = (): Promise<unknown> => adapter.appendToStream(streamId, events, { expectedVersion })
        seen = isOutcomeUnknownError(error)
        // Where a retry is not recognised the call ends at once, and the server is still down.
        await untilBack(adapter, streamId)
        if (seen) {
          const members = { eventIds: eventIds(events), retryable: isRecognised, outcome: 'unknown', streamId }
          await t.rejects(
            () => Promise.reject(error as Error),
            'outcome-unknown',
            members,
            `expecting ${expectedVersion}: the error tells all`,
          )
          t.step(`expecting ${expectedVersion}, again with the same ids`)
          if (isRecognised) await t.resolves(again(), `expecting ${expectedVersion}: the same ids later`)
        } else if (error !== undefined)
          await t.rejects(() => Promise.reject(error as Error), 'unavailable', { outcome: 'not-applied' }, 'it was not sent')
        const stored = isEventStoreError(error) && error.outcome === 'not-applied' ? before : [...before, ...eventIds(events)]
        t.deepEqual(await idsOf(adapter, streamId), stored, `expecting ${expectedVersion}: one copy`)
      }
      t.shown(`an append whose outcome stayed unknown, expecting ${expectedVersion}`, seen)
    }
  },
}

export const err04: ConformanceCase = {
  ...base,
  id: 'ERR-04',
  title: "what was 'not-applied' under faults never appears",
  requires: { hooks: ['killConnections', 'restart'] },
  rationale: 'An error of the driver after sending that is classified as "nothing happened".',
  async run(t) {
    const adapter = await t.adapter()
    const streams = Array.from({ length: 6 }, () => t.stream())
    const recorder = await recordStreams(t, adapter, streams)
    const recorded = recorder.wrap(adapter)
    const { faults } = await t.instance()
    await adapter.open()
    let [writing, refused] = [true, 0]
    const noteRefused = (error: unknown): void => {
      if (isEventStoreError(error) && error.code !== 'concurrency' && error.outcome === 'not-applied') refused += 1
    }
    async function write(): Promise<void> {
      while (writing) {
        const streamId = t.random.pick(streams.slice(0, -1))
        try {
          const { version = 0 } = await recorded.getStreamState(streamId, { timeoutMs })
          const expectedVersion = t.random.pick([version, 'any'] as const)
          await recorded.appendToStream(streamId, t.events(3), { expectedVersion, timeoutMs: 100 }).catch((error: unknown) => {
            noteRefused(error)
            throw error
          })
        } catch (error) {
          t.ok(isEventStoreError(error), `an error of ours: ${String(error)}`)
        }
        await pausePart(t.random, 0)
      }
    }
    t.step('writers under faults')
    const writers = Array.from({ length: 4 }, write)
    for (let round = 0; round < 4 + t.rounds(16); round += 1) {
      if (round % 4 === 0) await faults?.restart?.(150)
      else if (round % 4 === 1) await faults?.dropNextResponse?.()
      else await faults?.killConnections?.()
      await pausePart(t.random, 60)
    }
    writing = false
    await Promise.all(writers)
    // Not left to chance: an append that is stored, and whose call ends before anybody can say so.
    for (const expectedVersion of ['any', 'streamExists', 'noStream'] as const) {
      t.step(`expecting ${expectedVersion}: the answer is lost, and the server with it`)
      const streamId = expectedVersion === 'noStream' ? (streams.at(-1) ?? '') : t.random.pick(streams.slice(0, -1))
      await untilBack(adapter, streamId)
      await loseAnswerAndServer(t, recorded, streamId, t.events(2), expectedVersion)
    }
    // Nor are appends that come to nothing: made once reads have found out that the server is gone.
    t.step('appends while the server is down')
    const [known] = streams
    await untilBack(adapter, known ?? '')
    await faults?.restart?.(3 * timeoutMs)
    await adapter
      .readStream(known ?? '', { timeoutMs })
      .toArray()
      .catch(() => undefined)
    for (const expectedVersion of ['any', 'streamExists'] as const)
      await recorded.appendToStream(known ?? '', t.events(2), { expectedVersion, timeoutMs: timeoutMs / 2 }).catch(noteRefused)
    await untilBack(adapter, known ?? '')
    // An answer that is still to be lost is this one's.
    await untilBack(adapter, t.stream())
    await adapter.appendToStream(t.stream(), t.events(1)).catch(() => undefined)
    t.shown('an append that was not applied', refused > 0)
    t.step('judging what became of it')
    await historyHolds(t, recorder, adapter, "what was 'not-applied' is not there, and what was acknowledged is")
  },
}

export const err06: ConformanceCase = {
  ...base,
  id: 'ERR-06',
  title: 'throttled: success, or a typed error and nothing applied, within timeoutMs and a second',
  requires: { hooks: ['throttle'] },
  rationale: 'A driver that retries for minutes behind the caller’s deadline, or that gives up at the first refusal.',
  async run(t) {
    const adapter = await t.adapter()
    const { faults } = await t.instance()
    await adapter.open()
    for (const times of [1, 2]) {
      t.step(`refused ${times} times`)
      const [streamId, events] = [t.stream(), t.events(2)]
      await faults?.throttle?.(times)
      await t.resolves(adapter.appendToStream(streamId, events), `an append that was refused ${times} times succeeds`)
      await faults?.throttle?.(times)
      t.deepEqual(await idsOf(adapter, streamId), eventIds(events), 'a read that was refused too, and one copy')
    }
    t.step('refused for ever')
    const streamId = t.stream()
    await faults?.throttle?.(1_000_000)
    const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['an append', () => adapter.appendToStream(streamId, t.events(2), { timeoutMs })],
      ['a read', () => adapter.readStream(streamId, { timeoutMs }).toArray()],
      ['a state', () => adapter.getStreamState(streamId, { timeoutMs })],
    ]
    for (const one of calls) await failInTime(t, [one])
    await faults?.throttle?.(0)
    t.equal((await adapter.getStreamState(streamId)).status, 'missing', 'nothing was applied')
    await t.resolves(adapter.appendToStream(streamId, t.events(1)), 'usable after')
  },
}

export const err07: ConformanceCase = {
  ...base,
  id: 'ERR-07',
  title: 'a deadline that passes on a read, or before anything is sent: a typed error, nothing stored',
  requires: { hooks: ['restart'] },
  rationale: 'A deadline that becomes "outcome unknown" although nothing was sent, or that leaves the call to be sent later.',
  async run(t) {
    const adapter = await t.adapter()
    const { faults } = await t.instance()
    const streamId = t.stream()
    await adapter.open()
    await faults?.restart?.(3 * timeoutMs)
    // By reads it learns that its connections are gone; what is sent on one that it takes for alive is not "before anything is sent".
    // Several at once, since a pool may keep more connections than one.
    const reads = Array.from({ length: 4 }, () => [
      ['a read', () => adapter.readStream(streamId, { timeoutMs }).toArray()] as const,
      ['a state', () => adapter.getStreamState(streamId, { timeoutMs })] as const,
    ])
    await failInTime(t, reads.flat())
    await failInTime(t, [
      ['an append', () => adapter.appendToStream(streamId, t.events(2), { timeoutMs })],
      ['an exact append', () => adapter.appendToStream(streamId, t.events(2), { expectedVersion: 'noStream', timeoutMs })],
    ])
    t.step('the server is back')
    await untilBack(adapter, streamId)
    t.equal((await adapter.getStreamState(streamId)).status, 'missing', 'nothing was stored')
    await adapter.appendToStream(streamId, t.events(1), { expectedVersion: 'noStream' })
    t.equal((await adapter.getStreamState(streamId)).version, 1, 'nothing is stored later either')
  },
}

/** Made together, each ends with `unavailable` or `timeout`, nothing applied, within its time and a second. */
async function failInTime(t: CaseContext, calls: readonly (readonly [name: string, call: () => Promise<unknown>])[]): Promise<void> {
  const startedAt = performance.now()
  const ends = await Promise.all(
    calls.map(async ([name, call]) => {
      const error = await call().then(
        () => undefined,
        (caught: unknown) => caught,
      )
      return { name, error, ms: performance.now() - startedAt }
    }),
  )
  for (const { name, error, ms } of ends) {
    t.ok(isUnavailableError(error) || isTimeoutError(error), `${name} ends with unavailable or timeout: ${String(error)}`)
    t.deepEqual(
      isEventStoreError(error) && [error.outcome, error.retryable],
      ['not-applied', true],
      `${name}: nothing was applied, and it may be tried again`,
    )
    t.ok(ms <= timeoutMs + 1_000, `${name} ends in time: ${Math.round(ms)} ms of ${timeoutMs}`)
  }
}
