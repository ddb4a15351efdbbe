import { describe, expect, it } from 'vitest'
import type { AppendOutcome, AppendRequest, Backend } from './backend.js'
import { type EventStoreAdapter, createAdapter, isConcurrencyError, isOutcomeUnknownError, isUnavailableError } from './index.js'
import { required } from './head-changes.js'
import { memoryBackend } from './memory/backend.js'
import { memory } from './memory/index.js'
import { createMemoryStore } from './memory/store.js'

type Fate = 'answered' | 'lost after' | 'lost before' | 'refused' | 'queued' | 'unanswered' | 'late'

/** Memory behind a network: each append meets the next fate; when there are none left it is answered. */
function behindNetwork(fates: Fate[], { settles = false, any = 'none' as 'none' | 'strong', blind = false, deaf = false } = {}) {
  const store = createMemoryStore()
  const capabilities = { ...memory({ capabilities: { idempotencyAny: any } }).capabilities, strongReads: !blind }
  const inner = memoryBackend(store, capabilities, Infinity)
  const requests: AppendRequest[] = []
  const late: (() => Promise<AppendOutcome>)[] = []
  const adapter = createAdapter(
    {
      ...inner,
      settles,
      capabilities,
      // A replica that never catches up.
      async readHead(streamId, call) {
        if (deaf) throw new Error('refused')
        return { ...(await inner.readHead(streamId, call)), ...(blind ? { version: 0 } : {}) }
      },
      async append(request, call) {
        requests.push(request)
        const fate = fates.shift() ?? 'answered'
        if (fate === 'refused') throw new Error('refused')
        // Waits for a connection, in vain.
        if (fate === 'queued') await call.unlessAborted('signal', new Promise(() => undefined))
        if (fate === 'unanswered') await call.unlessAborted('deadline', new Promise(() => undefined))
        if (fate === 'late') late.push(() => inner.append(request, call))
        if (fate === 'lost before' || fate === 'late') throw new Error('reset')
        const outcome = settles && request.settle ? await settled(inner, request, call) : await inner.append(request, call)
        if (fate === 'lost after') throw new Error('reset')
        return outcome
      },
      async appendMany(all, call) {
        requests.push(...all)
        const fate = fates.shift() ?? 'answered'
        if (fate === 'lost before') throw new Error('reset')
        const outcome = await required(inner.appendMany).call(inner, all, call)
        if (fate === 'lost after') throw new Error('reset')
        return outcome
      },
      classifyError: (error) =>
        (error as Error).message === 'refused'
          ? { code: 'unavailable', outcome: 'not-applied' }
          : { code: 'unavailable', outcome: 'unknown', message: 'the connection was lost.' },
    },
    { timeoutMs: 3000 },
  )
  return { adapter, requests, late }
}

/** What a backend that settles does: looks for the ids, wherever they are. */
async function settled(inner: Backend, request: AppendRequest, call: Parameters<Backend['append']>[1]): Promise<AppendOutcome> {
  const page = await inner.readStreamPage(
    { streamId: request.streamId, direction: 'forwards', from: 1, to: undefined, limit: 1000, maxBytes: 1e9 },
    call,
  )
  const found = page.events.find(({ id }) => id === request.events[0]?.id)
  if (found === undefined) return inner.append({ ...request, settle: false }, call)
  return { status: 'stored', firstVersion: found.version, version: found.version + request.events.length - 1, position: undefined }
}

const two = [
  { type: 'A', data: 1 },
  { type: 'B', data: 2 },
]
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'it resolved',
    (error: unknown) => error,
  )
const countOf = async (adapter: EventStoreAdapter): Promise<number> => (await adapter.readStream('s').toArray()).length

describe('an answer that is lost', () => {
  it.each<[string, Fate[], boolean]>([
    ['after the events were stored', ['lost after'], false],
    ['before they were stored', ['lost before'], false],
    ['three times over', ['lost after', 'lost before', 'lost after'], false],
    ['after refusals', ['refused', 'refused', 'lost after'], false],
    ['after they were stored, by a backend that settles', ['lost after'], true],
    ['before they were stored, by a backend that settles', ['lost before', 'lost after'], true],
  ])('%s: the original result, one copy', async (_when, fates, settles) => {
    for (const expectedVersion of ['noStream', 0] as const) {
      const { adapter } = behindNetwork([...fates], { settles })
      expect(await adapter.appendToStream('s', two, { expectedVersion })).toMatchObject({ firstVersion: 1, version: 2 })
      expect(await countOf(adapter)).toBe(2)
    }
  })
  it('sends the same ids each time', async () => {
    const { adapter, requests } = behindNetwork(['lost before', 'refused', 'lost after'])
    await adapter.appendToStream('s', two, { expectedVersion: 0 })
    expect(requests.length).toBe(4)
    expect(new Set(requests.map(({ events }) => JSON.stringify(events))).size).toBe(1)
    expect(new Set(requests.map(({ attemptId }) => attemptId)).size).toBe(1)
    // By which a backend may know them again.
    expect(new Set(requests.map(({ events }) => events)).size).toBe(1)
  })
  it('is a conflict when somebody else was there first', async () => {
    const { adapter } = behindNetwork(['answered', 'lost before'])
    await adapter.appendToStream('s', two)
    const error = await failureOf(adapter.appendToStream('s', two, { expectedVersion: 1 }))
    expect(isConcurrencyError(error) && error.actualVersion).toBe(2)
  })
  it("with 'any' is not guessed: the outcome is unknown, and says that calling again may double", async () => {
    const { adapter, requests } = behindNetwork(['lost after'])
    const error = await failureOf(adapter.appendToStream('s', two))
    if (!isOutcomeUnknownError(error)) throw error
    expect([error.retryable, error.outcome, error.eventIds]).toEqual([false, 'unknown', requests[0]?.events.map(({ id }) => id)])
    expect(requests.length).toBe(1)
  })
  it("with 'any' is settled where ids are recognised, or the backend settles", async () => {
    for (const options of [{ any: 'strong' as const }, { settles: true }]) {
      const { adapter } = behindNetwork(['lost after'], options)
      expect(await adapter.appendToStream('s', two)).toMatchObject({ firstVersion: 1, version: 2 })
      expect(await countOf(adapter)).toBe(2)
    }
  })
  it('that never comes is unknown at the deadline; calling again with the same ids is recognised', async () => {
    const events = two.map((event) => ({ ...event, id: crypto.randomUUID() }))
    const { adapter } = behindNetwork(['lost after', ...Array.from({ length: 500 }, (): Fate => 'lost before')])
    const error = await failureOf(adapter.appendToStream('s', events, { expectedVersion: 0, timeoutMs: 60 }))
    if (!isOutcomeUnknownError(error)) throw error
    expect([error.retryable, error.eventIds]).toEqual([true, events.map(({ id }) => id)])
  })
  it.each([{ blind: true }, { deaf: true }])('is unknown where no read reaches its place in time: %o', async (reads) => {
    const { adapter } = behindNetwork(['lost after'], reads)
    const error = await failureOf(adapter.appendToStream('s', two, { expectedVersion: 0, timeoutMs: 60 }))
    expect(isOutcomeUnknownError(error) && error.retryable).toBe(true)
  })
  it('of an attempt that arrives late finds its place taken by its own retry', async () => {
    const { adapter, late } = behindNetwork(['late'])
    expect(await adapter.appendToStream('s', two, { expectedVersion: 0 })).toMatchObject({ version: 2 })
    expect(await late[0]?.()).toMatchObject({ status: 'wrong-version' })
    expect(await countOf(adapter)).toBe(2)
  })
})

describe('an answer to several streams that is lost', () => {
  const parts = [
    { streamId: 's', events: two, expectedVersion: 'noStream' as const },
    { streamId: 't', events: [{ type: 'C', data: 3 }], expectedVersion: 0 },
  ]
  it.each<[string, Fate[]]>([
    ['after the events were stored', ['lost after']],
    ['before they were stored', ['lost before']],
  ])('%s: the original results, one copy', async (_when, fates) => {
    const { adapter } = behindNetwork([...fates])
    expect((await adapter.appendToStreams(parts)).map(({ version }) => version)).toEqual([2, 1])
    expect(await countOf(adapter)).toBe(2)
  })
  it('and whose events were deleted meanwhile is unknown, not a conflict', async () => {
    const { adapter } = behindNetwork(['lost after'])
    const append = failureOf(adapter.appendToStreams(parts))
    while ((await adapter.getStreamState('t')).version === 0) await Promise.resolve()
    await adapter.tombstoneStream('t')
    const error = await append
    expect(isOutcomeUnknownError(error) && error.outcome).toBe('unknown')
  })
})

it('what is refused each time is unavailable, with nothing applied', async () => {
  const { adapter } = behindNetwork(Array.from({ length: 500 }, (): Fate => 'refused'))
  const error = await failureOf(adapter.appendToStream('s', two))
  expect(isUnavailableError(error) && [error.outcome, error.retryable]).toEqual(['not-applied', true])
})
it('what is refused and then waits in vain says why, not only that the time is up', async () => {
  const { adapter, requests } = behindNetwork(['refused', ...Array.from({ length: 9 }, (): Fate => 'queued')])
  const error = await failureOf(adapter.appendToStream('s', two, { timeoutMs: 100 }))
  expect(isUnavailableError(error) && [error.outcome, error.retryable]).toEqual(['not-applied', true])
  expect(requests.length).toBeGreaterThan(1)
})
it('what was sent and not answered until its deadline leaves the outcome open', async () => {
  const { adapter } = behindNetwork(['unanswered'])
  const failure = await failureOf(adapter.appendToStream('s', two, { timeoutMs: 80 }))
  expect(failure).toMatchObject({ code: 'outcome-unknown', cause: { code: 'timeout', outcome: 'unknown' } })
  const other = behindNetwork(Array.from({ length: 9 }, (): Fate => 'queued'))
  const queued = await failureOf(other.adapter.appendToStream('s', two, { timeoutMs: 80 }))
  expect(queued).toMatchObject({ code: 'timeout', outcome: 'not-applied' })
})

it('an abort while an answer is awaited settles first', async () => {
  const control = new AbortController()
  const reason = new Error('enough')
  const { adapter, requests } = behindNetwork(['lost after'])
  const append = adapter.appendToStream('s', two, { expectedVersion: 0, signal: control.signal })
  while (requests.length === 0) await Promise.resolve()
  control.abort(reason)
  expect(await append).toMatchObject({ version: 2 })
  expect(await failureOf(adapter.appendToStream('s', two, { signal: control.signal }))).toBe(reason)
})
