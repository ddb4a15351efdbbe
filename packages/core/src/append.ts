import type { AppendResult } from './adapter.js'
import type { Call } from './attempt.js'
import type { AppendRefusal, AppendRequest, Backend } from './backend.js'
import type { Changes } from './changes.js'
import { checkAppendLimits, encodeEvents } from './encode-events.js'
import { ConcurrencyError, InvalidArgumentError, LimitExceededError } from './errors.js'
import { type ExpectedVersion, parseExpectedVersion } from './expected-version.js'
import { deleted } from './head-changes.js'
import { checkName } from './limits.js'
import { settleAppend, settleAppendMany } from './settle-append.js'

/** `appendToStream`: checks everything, then gives what does the I/O. */
export function appendOne(
  backend: Backend,
  changes: Changes,
  streamId: string,
  events: unknown,
  options: Readonly<Record<string, unknown>>,
): (call: Call) => Promise<AppendResult> {
  const { request, expected } = buildRequest(backend, { streamId, events, ...pick(options) }, '', undefined, new Set())
  checkAppendLimits(request.events, backend.capabilities)
  return (call) =>
    settleAppend(backend, call, request).then((outcome) => {
      if (outcome.status !== 'appended' && outcome.status !== 'stored') throw refusal(backend, streamId, expected, outcome)
      // Also what was stored before: by an attempt whose answer was lost, as a rule.
      if (request.events.length > 0) changes.notify()
      const { firstVersion, version, position } = outcome
      return { streamId, firstVersion, version, position: request.events.length === 0 ? undefined : position }
    })
}

/** `appendToStreams`. */
export function appendMany(backend: Backend, changes: Changes, parts: unknown): (call: Call) => Promise<AppendResult[]> {
  if (!Array.isArray(parts)) throw new InvalidArgumentError('must be an array of { streamId, events }.', { path: 'parts' })
  const [ids, streams, attemptId] = [new Set<string>(), new Set<string>(), crypto.randomUUID()]
  const built = Array.from(parts as unknown[], (part, index) => {
    const path = `parts[${index}].`
    if (typeof part !== 'object' || part === null) throw new InvalidArgumentError('must be an object.', { path: `parts[${index}]` })
    const one = buildRequest(backend, part, path, attemptId, ids)
    if (one.request.events.length === 0) throw new InvalidArgumentError('must hold at least one event.', { path: `${path}events` })
    if (streams.has(one.request.streamId))
      throw new InvalidArgumentError('this stream stands twice in the call.', { path: `${path}streamId` })
    streams.add(one.request.streamId)
    return one
  })
  const requests = built.map(({ request }) => request)
  const { appendStreams } = backend.capabilities.limits
  if (requests.length > appendStreams)
    throw new LimitExceededError({
      limit: 'appendStreams',
      actual: requests.length,
      maximum: appendStreams,
      hint: 'Append to fewer streams at a time: each call is stored or not on its own.',
    })
  checkAppendLimits(
    requests.flatMap(({ events }) => events),
    backend.capabilities,
  )
  return async (call) => {
    if (requests.length === 0) return []
    const outcome = await settleAppendMany(backend, call, requests)
    if (outcome.status === 'failed') {
      const failed = built[outcome.index] ?? built[0]
      if (failed === undefined) throw new Error('a call without parts cannot fail')
      throw refusal(backend, failed.request.streamId, failed.expected, outcome.outcome)
    }
    changes.notify()
    return outcome.results.map((result, index) => ({ streamId: requests[index]?.streamId ?? '', ...result }))
  }
}

function pick({ expectedVersion, streamType }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { expectedVersion, streamType }
}

/** `attemptId` is that of a whole call of several parts. `expected` is what the caller gave, for errors: to a backend 0 is `'noStream'`. */
function buildRequest(
  backend: Backend,
  part: object,
  path: string,
  attemptId: string | undefined,
  ids: Set<string>,
): { readonly request: AppendRequest; readonly expected: ExpectedVersion } {
  const { streamId, events, expectedVersion, streamType } = part as Record<string, unknown>
  checkName(streamId, `${path}streamId`, 'streamIdBytes')
  const expected = parseExpectedVersion(expectedVersion, `${path}expectedVersion`)
  if (streamType !== undefined) checkName(streamType, `${path}streamType`, 'typeBytes')
  const encoded = encodeEvents(events, `${path}events`, backend.capabilities, ids)
  // An id that was made for this call tells it from all others already.
  const made = encoded.find(({ id }) => !ids.has(id))?.id
  return {
    expected,
    request: {
      streamId,
      streamType,
      expected: expected === 0 ? 'noStream' : expected,
      events: encoded,
      attemptId: attemptId ?? made ?? crypto.randomUUID(),
      settle: false,
    },
  }
}

function refusal(backend: Backend, streamId: string, expectedVersion: ExpectedVersion, outcome: AppendRefusal): Error {
  if (outcome.status !== 'wrong-version') return deleted(backend, outcome, streamId)
  return new ConcurrencyError({ adapter: backend.name, streamId, expectedVersion, actualVersion: outcome.actualVersion })
}
