import { type AttemptFailure, type AttemptResult, type Call, attempt, remainingMs, settlingCall } from './attempt.js'
import type { AppendManyOutcome, AppendOutcome, AppendRequest, AppendSuccess, Backend, BackendCall, StoredRange } from './backend.js'
import type { OutcomeUnknownError } from './errors.js'
import { protectsRetry } from './expected-version.js'
import { attemptMs, giveUp, pauseBeforeRetry, pauseWhileSettling, retried, telling, unknownOutcome } from './retry.js'

/**
 * Appends, and settles an answer that was lost on the way: never a false conflict, never a false failure, never a double.
 *
 * - A backend that `settles` is asked again with `settle: true` and answers truly, whatever the expectation.
 * - Otherwise only a number or `'noStream'` is sent again: if the first attempt was applied, or arrives late, one of the two meets a
 *   conflict, and comparing the ids tells which. Looking for the ids of an `'any'` append would prove nothing while the first attempt
 *   may still be on its way, so that is an `outcome-unknown`. So is what may have been deleted or truncated before it was sent again.
 *
 * Source: contract §3 and §10. Cases: IDM-01…14, ATM-09, ATM-10, ERR-03.
 */
export function settleAppend(backend: Backend, call: Call, request: AppendRequest): Promise<AppendOutcome> {
  // Without events there is nothing to store, so nothing to settle.
  if (request.events.length === 0) return retried(backend, call, (bc) => backend.append(request, bc))
  // Nearly always this is all, so it comes without an async function.
  return attempt(backend, call, 'change', attemptMs(call), (bc) => backend.append(request, bc)).then((first) =>
    first.ok && first.value.status === 'appended' ? first.value : settleAfter(backend, call, request, first),
  )
}

async function settleAfter(
  backend: Backend,
  call: Call,
  request: AppendRequest,
  first: AttemptResult<AppendOutcome>,
): Promise<AppendOutcome> {
  const send = (all: readonly AppendRequest[], bc: BackendCall) => backend.append(all[0] ?? request, bc)
  const { outcome, lost } = await untilAnswered(backend, call, [request], first, send)
  if (outcome.status === 'appended' || outcome.status === 'stored') return outcome
  if (outcome.status === 'wrong-version') {
    if (!protectsRetry(request.expected) || outcome.idsCompared === true) return outcome
    const stored = await lookAfter(backend, call, lost, request)
    if (stored !== 'unseen') return stored ?? outcome
  }
  // What a lost attempt stored may have been deleted since: nothing is left to tell whether it was.
  if (lost !== undefined && backend.settles !== true) throw unknownAppend(backend, call, lost, [request])
  return outcome
}

/** As {@link settleAppend}, for several streams: all or nothing. */
export async function settleAppendMany(backend: Backend, call: Call, requests: readonly AppendRequest[]): Promise<AppendManyOutcome> {
  const { appendMany } = backend
  if (appendMany === undefined) throw new Error(`${backend.name} declares multiStreamAppend and has no appendMany`)
  const send = (all: readonly AppendRequest[], bc: BackendCall) => appendMany.call(backend, all, bc)
  const first = await attempt(backend, call, 'change', attemptMs(call), (bc) => send(requests, bc))
  const { outcome, lost } = await untilAnswered(backend, call, requests, first, send)
  if (outcome.status !== 'failed') return outcome
  const results: StoredRange[] = []
  if (outcome.outcome.status === 'wrong-version') {
    if (!requests.every(({ expected }) => protectsRetry(expected)) || outcome.outcome.idsCompared === true) return outcome
    const found: Awaited<ReturnType<typeof findStored>>[] = []
    for (const request of requests) found.push(await lookAfter(backend, call, lost, request))
    // One place that others hold proves that nothing of the call was stored.
    if (found.includes(undefined)) return outcome
    for (const one of found) if (typeof one === 'object') results.push(one)
  }
  if (results.length < requests.length) {
    if (lost !== undefined && backend.settles !== true) throw unknownAppend(backend, call, lost, requests)
    return outcome
  }
  return { status: 'stored', results }
}

/** Sends again until an answer arrives that can be trusted. `lost`: an earlier attempt may have been applied. */
async function untilAnswered<T>(
  backend: Backend,
  call: Call,
  requests: readonly AppendRequest[],
  first: AttemptResult<T>,
  send: (requests: readonly AppendRequest[], call: BackendCall) => Promise<T>,
): Promise<{ readonly outcome: T; readonly lost: AttemptFailure | undefined }> {
  const settles = backend.settles === true
  let lost: AttemptFailure | undefined
  let before: AttemptFailure | undefined
  let result = first
  for (let tries = 1; ; tries += 1) {
    if (result.ok) return { outcome: result.value, lost }
    if (result.outcome === 'unknown') lost = result
    if (lost === undefined) {
      before = telling(result, before)
      if (!(await pauseBeforeRetry(call, result, tries))) throw giveUp(call, before)
    } else {
      const again = (settles || isRecognised(backend, requests)) && (await pauseWhileSettling(call, tries))
      if (!again || (!settles && (await mayBeHidden(backend, call, requests)))) throw unknownAppend(backend, call, lost, requests)
    }
    const all = lost !== undefined && settles ? requests.map((request) => ({ ...request, settle: true })) : requests
    result = await attempt(backend, lost === undefined ? call : settlingCall(call), 'change', attemptMs(call), (bc) => send(all, bc))
  }
}

/** Whether sending the same ids again stores nothing twice, and meets no conflict with itself: parts of both kinds would. */
function isRecognised(backend: Backend, requests: readonly AppendRequest[]): boolean {
  if (requests.every(({ expected }) => protectsRetry(expected))) return true
  return backend.capabilities.idempotency.any === 'strong' && !requests.some(({ expected }) => protectsRetry(expected))
}

/**
 * Whether what a lost attempt stored may have been deleted or truncated since: sending it again might store it twice, and what stands at the
 * beginning of the stream is no answer. A number is a place of its own: no other event ever gets it.
 */
async function mayBeHidden(backend: Backend, call: Call, requests: readonly AppendRequest[]): Promise<boolean> {
  for (const { streamId, expected } of requests) {
    if (typeof expected === 'number') continue
    const head = await retried(backend, settlingCall(call), (bc) => backend.readHead(streamId, bc)).catch(() => undefined)
    if (head === undefined || head.firstVersion > 1) return true
  }
  return false
}

function unknownAppend(backend: Backend, call: Call, lost: AttemptFailure, requests: readonly AppendRequest[]): OutcomeUnknownError {
  const eventIds = requests.flatMap(({ events }) => events.map(({ id }) => id))
  return unknownOutcome(backend, call, lost, { eventIds, retryable: isRecognised(backend, requests) })
}

/** {@link findStored}, whoever gave up; after a lost attempt a look that fails has seen nothing, which is not to say that nothing is there. */
async function lookAfter(
  backend: Backend,
  call: Call,
  lost: AttemptFailure | undefined,
  request: AppendRequest,
): ReturnType<typeof findStored> {
  if (lost === undefined) return findStored(backend, call, request)
  const found = await findStored(backend, settlingCall(call), request).catch(() => 'unseen' as const)
  return found === undefined && backend.settles !== true && (await mayBeHidden(backend, call, [request])) ? 'unseen' : found
}

/**
 * Looks whether the ids of a call stand exactly where its expectation would have put them. Undefined: others do. `'unseen'`: the place
 * cannot be seen, since it was deleted or truncated, or since with `strongReads: false` no read reached it until the time was up.
 */
async function findStored(backend: Backend, call: Call, request: AppendRequest): Promise<AppendSuccess | undefined | 'unseen'> {
  const { streamId, events, expected } = request
  for (let tries = 1; ; tries += 1) {
    const head = await retried(backend, call, (bc) => backend.readHead(streamId, bc))
    if (head.status === 'deleted' || head.status === 'tombstoned') return 'unseen'
    const first = (typeof expected === 'number' ? expected : head.baseVersion) + 1
    if (first < head.firstVersion) return 'unseen'
    const found = head.version >= first ? await readIds(backend, call, streamId, first, events.length) : []
    const last = found.at(-1)
    if (found.some(({ id }, index) => id !== events[index]?.id)) return undefined
    if (last !== undefined && found.length === events.length)
      return { status: 'stored', firstVersion: first, version: last.version, position: last.position }
    // The stream, as far as it can be seen, ends before the place.
    if (backend.capabilities.strongReads) return undefined
    if (remainingMs(call) === 0) return 'unseen'
    await pauseWhileSettling(call, tries)
  }
}

/** Up to `count` events from `first`, as far as there are. */
async function readIds(backend: Backend, call: Call, streamId: string, first: number, count: number) {
  const found: { readonly id: string; readonly version: number; readonly position: string | undefined }[] = []
  while (found.length < count) {
    const [from, limit] = [first + found.length, Math.min(count - found.length, 1000)]
    const page = await retried(backend, call, (bc) =>
      backend.readStreamPage({ streamId, direction: 'forwards', from, to: first + count - 1, limit, maxBytes: 4 << 20 }, bc),
    )
    if (page.events[0]?.version !== from) break
    found.push(...page.events)
  }
  return found
}
