import { describe, expect, it } from 'vitest'
import type { Followed, StoredEvent } from './backend.js'
import type { SubscriptionMessage } from './adapter.js'
import { type EventStoreAdapter, createAdapter, isAccessDeniedError, isInvalidArgumentError, isStreamDeletedError } from './index.js'
import { memoryBackend } from './memory/backend.js'
import { memory } from './memory/index.js'
import { createMemoryStore } from './memory/store.js'

type Step = Followed | 'lost' | 'denied' | 'over' | 'forever'

interface Opened {
  readonly after: unknown
  readonly signal: AbortSignal
  /** Steps that were asked for. */
  asked: number
}

const store = createMemoryStore()

function event(version: number, streamId = 's'): StoredEvent {
  const position = store.positions.of(String(version))
  const data = { text: String(version) }
  return {
    id: `id-${version}`,
    type: version % 2 === 0 ? 'Even' : 'Odd',
    data,
    metadata: undefined,
    streamId,
    streamType: undefined,
    version,
    position,
    createdAt: new Date(0),
  }
}
const events = (...versions: number[]): Followed => ({ kind: 'events', events: versions.map((version) => event(version)) })
const caughtUp: Followed = { kind: 'caughtUp' }
const checkpoint = (place: number): Followed => ({ kind: 'checkpoint', position: store.positions.of(String(place)) })

/** An adapter whose store sends what a script says, one list for each time it is opened. */
function pushing(...scripts: Step[][]): { readonly adapter: EventStoreAdapter; readonly opened: Opened[] } {
  const opened: Opened[] = []
  async function* follow({ after }: { readonly after: unknown }, signal: AbortSignal): AsyncGenerator<Followed, void, undefined> {
    const mine: Opened = { after, signal, asked: 0 }
    opened.push(mine)
    for (const step of scripts[opened.length - 1] ?? ['forever']) {
      mine.asked += 1
      if (step === 'over') return
      if (step === 'forever') await new Promise(() => undefined)
      else if (step === 'lost' || step === 'denied') throw new Error(step)
      else yield step
    }
  }
  const backend = memoryBackend(store, memory().capabilities, Infinity)
  const adapter = createAdapter({
    ...backend,
    filters: false,
    followStream: follow,
    followLog: follow,
    classifyError: (error) => ({ code: (error as Error).message === 'denied' ? 'access-denied' : 'unavailable', outcome: 'not-applied' }),
  })
  return { adapter, opened }
}

/** The messages up to the n-th, in short. */
async function first(count: number, messages: AsyncIterable<SubscriptionMessage>): Promise<unknown[]> {
  const seen: unknown[] = []
  for await (const message of messages) {
    seen.push(
      message.kind === 'event' ? message.event.version : message.kind === 'checkpoint' ? { checkpoint: message.position } : message.kind,
    )
    if (seen.length === count) break
  }
  return seen
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work
  } catch (error) {
    return error
  }
}

describe('a subscription that its store pushes', () => {
  it('gives what the store sends, in order, and says caughtUp once', async () => {
    const { adapter, opened } = pushing([events(1, 2), caughtUp, events(3), caughtUp, events(4), 'forever'])
    expect(await first(5, adapter.subscribeToStream('s').messages())).toEqual([1, 2, 'caughtUp', 3, 4])
    expect(opened.map(({ after }) => after)).toEqual([0])
  })
  it.each<[string, Step]>([
    ['fails', 'lost'],
    ['ends', 'over'],
  ])('a source that %s is opened again after the last event, and caughtUp is said again', async (_how, end) => {
    const { adapter, opened } = pushing([events(1, 2), caughtUp, events(3), end], [end], [events(4), caughtUp, 'forever'])
    expect(await first(7, adapter.subscribeToStream('s').messages())).toEqual([1, 2, 'caughtUp', 3, 'disconnected', 4, 'caughtUp'])
    expect(opened.map(({ after }) => after)).toEqual([0, 3, 3])
    expect(opened.map(({ signal }) => signal.aborted)).toEqual([true, true, true])
  })
  it("looks up 'end' before it opens, so that a source lost before its first event misses nothing", async () => {
    const { adapter, opened } = pushing(['lost'], [events(1), 'forever'])
    expect(await first(2, adapter.subscribeToStream('s', { after: 'end' }).messages())).toEqual(['disconnected', 1])
    expect(opened.map(({ after }) => after)).toEqual([0, 0])
  })
  it('goes on in the log after the last event or checkpoint, and tells checkpoints only where there is a filter', async () => {
    const script: Step[] = [events(1), checkpoint(1), checkpoint(5), 'lost']
    const filtered = pushing(script, [events(6, 7), caughtUp, 'forever'])
    const filter = { eventTypes: ['Odd'] }
    expect(await first(5, filtered.adapter.subscribeToAll({ filter }).messages())).toEqual([
      1,
      { checkpoint: store.positions.of(String(5)) },
      'disconnected',
      7,
      'caughtUp',
    ])
    expect(filtered.opened.map(({ after }) => after)).toEqual([undefined, store.positions.of(String(5))])
    const whole = pushing(script, [events(6, 7), 'forever'])
    expect(await first(4, whole.adapter.subscribeToAll().messages())).toEqual([1, 'disconnected', 6, 7])
    expect(whole.opened.map(({ after }) => after)).toEqual([undefined, store.positions.of(String(5))])
  })
  it('asks for no more than the consumer takes', async () => {
    const { adapter, opened } = pushing(Array.from({ length: 50 }, (_, index) => events(index + 1)))
    const reader = adapter.subscribeToStream('s')[Symbol.asyncIterator]()
    for (let n = 1; n <= 3; n += 1) expect((await reader.next()).value?.version).toBe(n)
    await new Promise((resolve) => setImmediate(resolve))
    expect(opened[0]?.asked).toBe(3)
    await reader.return?.()
  })
  it('what cannot heal ends it; a malformed position is refused before anything is opened', async () => {
    const { adapter, opened } = pushing(['denied'])
    expect(isAccessDeniedError(await errorOf(first(1, adapter.subscribeToStream('s').messages())))).toBe(true)
    expect(isInvalidArgumentError(await errorOf(first(1, adapter.subscribeToAll({ after: 'x' }).messages())))).toBe(true)
    expect(opened.length).toBe(1)
  })
  it("'end' of a tombstoned stream is a tombstone", async () => {
    const { adapter } = pushing()
    await adapter.tombstoneStream('gone')
    expect(isStreamDeletedError(await errorOf(first(1, adapter.subscribeToStream('gone', { after: 'end' }).messages())))).toBe(true)
  })
  it('abort and close free the source of a consumer that is busy; break does it too', async () => {
    const { adapter, opened } = pushing([events(1), 'forever'], [events(1), 'forever'], [events(1), 'forever'])
    const abort = new AbortController()
    const aborted = adapter.subscribeToStream('s', { signal: abort.signal })[Symbol.asyncIterator]()
    await aborted.next()
    abort.abort(new Error('enough'))
    expect(opened[0]?.signal.aborted).toBe(true)
    await expect(aborted.next()).rejects.toThrow('enough')
    expect(await first(1, adapter.subscribeToStream('s').messages())).toEqual([1])
    expect(opened[1]?.signal.aborted).toBe(true)
    const busy = adapter.subscribeToStream('s')[Symbol.asyncIterator]()
    await busy.next()
    await adapter.close()
    expect(opened[2]?.signal.aborted).toBe(true)
  })
})
