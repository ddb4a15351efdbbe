import assert, { AssertionError } from 'node:assert/strict'
import type { EventStoreAdapter } from '../adapter.js'
import { type ErrorCode, type EventStoreError, isEventStoreError } from '../errors.js'
import type { RecordedEvent } from '../event.js'
import type { TestEvent } from './case.js'

/** What is awaited: a promise, an iterable (its first `next()`), or a function giving either; a sync throw equals a rejection. */
export type Subject = Promise<unknown> | AsyncIterable<unknown> | (() => unknown)

/** Assertions over node:assert/strict. Each is counted, since a case without one proves nothing; each message is a sentence of what should be. */
export interface Assertions {
  ok(value: unknown, message: string): void
  equal<T>(actual: T, expected: T, message: string): void
  notEqual<T>(actual: T, expected: T, message: string): void
  deepEqual(actual: unknown, expected: unknown, message: string): void
  /** Rejects with an `EventStoreError` of this code whose members are as given; a RegExp tests the member's text. */
  rejects(subject: Subject, code: ErrorCode, members?: Readonly<Record<string, unknown>>, message?: string): Promise<EventStoreError>
  /** Rejects with exactly this value: the reason of a signal. */
  rejectsWith(subject: Subject, reason: unknown, message: string): Promise<void>
  /** Resolves; the message says why it should. */
  resolves<T>(promise: Promise<T>, message: string): Promise<T>
  /** Settles within so many milliseconds. @returns what it resolved to; its rejection is passed on. */
  within<T>(ms: number, promise: Promise<T>, message: string): Promise<T>
  /** Reading the stream gives exactly these events, whole, at contiguous versions. */
  holds(
    adapter: EventStoreAdapter,
    streamId: string,
    events: readonly TestEvent[],
    like?: { readonly firstVersion?: number; readonly streamType?: string; readonly message?: string },
  ): Promise<RecordedEvent[]>
}

/** @param count called before each assertion; throws once the case is over, so that a late one stops. */
export function createAssertions(count: () => void): Assertions {
  const check = (message: string, run: () => void): void => {
    count()
    try {
      run()
    } catch (error) {
      throw failure(message, error)
    }
  }
  const assertions: Assertions = {
    ok: (value, message) => check(message, () => assert.ok(value)),
    equal: (actual, expected, message) => check(message, () => assert.strictEqual(actual, expected)),
    notEqual: (actual, expected, message) => check(message, () => assert.notStrictEqual(actual, expected)),
    deepEqual: (actual, expected, message) => check(message, () => assert.deepStrictEqual(actual, expected)),

    async rejects(subject, code, members = {}, message = `rejects with ${code}`) {
      count()
      const result = await settle(subject)
      if (!result.rejected) throw failure(`${message}: it resolved`, undefined, result.value, code)
      const { error } = result
      if (!isEventStoreError(error)) throw failure(`${message}: it rejected with what is no EventStoreError`, error, describe(error), code)
      if (error.code !== code) throw failure(`${message}: another error`, error, describe(error), code)
      for (const [name, expected] of Object.entries(members)) {
        const actual = (error as unknown as Record<string, unknown>)[name]
        if (expected instanceof RegExp) check(`${message}: its ${name} matches`, () => assert.match(String(actual), expected))
        else check(`${message}: its ${name}`, () => assert.deepStrictEqual(actual, expected))
      }
      return error
    },
    async rejectsWith(subject, reason, message) {
      count()
      const result = await settle(subject)
      if (!result.rejected) throw failure(`${message}: it resolved`, undefined, result.value, reason)
      if (result.error !== reason) throw failure(message, result.error, describe(result.error), describe(reason))
    },
    async resolves(promise, message) {
      count()
      const result = await settle(promise)
      if (result.rejected) throw failure(`${message}: it rejected`, result.error, describe(result.error), 'resolved')
      return result.value as Awaited<typeof promise>
    },
    async within(ms, promise, message) {
      count()
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(failure(`${message}: not within ${ms} ms`, undefined, 'pending', 'settled')), ms)
      })
      try {
        return await Promise.race([promise, late])
      } finally {
        clearTimeout(timer)
      }
    },
    async holds(adapter, streamId, events, { firstVersion = 1, streamType, message = 'the stream holds exactly what was appended' } = {}) {
      const stored = await assertions.resolves(adapter.readStream(streamId).toArray(), `${message}: reading it`)
      assertions.deepEqual(
        stored.map(({ id, type, data, metadata, version, ...rest }) => ({
          id,
          type,
          data,
          metadata,
          version,
          streamId: rest.streamId,
          streamType: rest.streamType,
        })),
        events.map(({ id, type, data, metadata }, index) => ({
          id,
          type,
          data,
          metadata,
          version: firstVersion + index,
          streamId,
          streamType,
        })),
        message,
      )
      return stored
    },
  }
  return assertions
}

type Settled = { readonly rejected: false; readonly value: unknown } | { readonly rejected: true; readonly error: unknown }

async function settle(subject: Subject): Promise<Settled> {
  try {
    const given = typeof subject === 'function' ? subject() : subject
    if (!isIterable(given)) return { rejected: false, value: await given }
    const iterator = given[Symbol.asyncIterator]()
    const { value } = (await iterator.next()) as { value: unknown }
    await iterator.return?.()
    return { rejected: false, value }
  } catch (error) {
    return { rejected: true, error }
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** An assertion's failure that begins with what should have been, then shows the difference. */
function failure(message: string, cause?: unknown, actual?: unknown, expected?: unknown): AssertionError {
  const known = cause instanceof AssertionError ? cause : undefined
  const detail = known?.message ?? `expected ${show(expected)}, got ${show(actual)}`
  return Object.assign(
    new AssertionError({ message: `${message}\n${detail}`, actual: known?.actual ?? actual, expected: known?.expected ?? expected }),
    known === undefined && cause !== undefined ? { cause } : {},
  )
}

function describe(error: unknown): string {
  return isEventStoreError(error) ? `${error.name} (${error.code}): ${error.message}` : String(error)
}

function show(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
