import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AppendOutcome, AppendRequest, BackendCall } from './backend.js'
import { createCoalescer } from './coalesce.js'
import { TimeoutError } from './errors.js'

type Flight = { readonly streams: readonly string[]; readonly kind: string; answer(): void; fail(error: unknown): void }

const [rolledBack, cut, refused] = [new Error('lock timeout'), new Error('connection lost'), new Error('connection refused')]

function scene({ connections = 10 } = {}) {
  const flights: Flight[] = []
  let position = 0
  let held: (() => void)[] | undefined
  let failConnect: (error: unknown) => void = () => undefined

  function sent<T>(kind: string, streams: readonly string[], answer: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      flights.push({ kind, streams, answer: () => resolve(answer()), fail: reject })
    })
  }
  const stored = (): AppendOutcome => ({ status: 'appended', firstVersion: 1, version: 1, position: `p${(position += 1)}` })
  const coalescer = createCoalescer({
    one: ({ streamId, settle }, call) => call.unlessAborted('deadline', sent(settle ? 'settling' : 'alone', [streamId], stored)),
    all: ([first]) => sent('all', [first?.streamId ?? ''], () => ({ status: 'appended', results: [] })),
    async each(pick) {
      await new Promise<void>((resolve, reject) => {
        if (held === undefined) resolve()
        else held.push(resolve)
        failConnect = reject
      })
      const streams = pick()?.requests.map(({ streamId }) => streamId)
      if (streams === undefined) return []
      return sent('flush', streams, () => streams.map((stream) => (stream.startsWith('settled') ? undefined : stored())))
    },
    connections: () => connections,
    rolledBack: (error) => error === rolledBack,
  })
  const ended: string[] = []
  return {
    flights,
    ended,
    hold: () => (held = []),
    connect: () => held?.splice(0).forEach((resolve) => resolve()),
    failConnect: (error: unknown) => failConnect(error),
    append(streamId: string, more: Partial<AppendRequest> & { bytes?: number; count?: number } = {}, call = callOf().call) {
      const { bytes = 10, count = 1, ...rest } = more
      const events = Array.from({ length: count }, () => ({
        id: crypto.randomUUID(),
        type: 'T',
        data: { text: '1' },
        metadata: undefined,
        bytes,
      }))
      const request = { streamId, streamType: undefined, expected: 'any', events, attemptId: crypto.randomUUID(), settle: false, ...rest }
      const result = coalescer.append(request as AppendRequest, call)
      result.then(
        () => ended.push(streamId),
        (error: unknown) => ended.push(`${streamId}: ${(error as Error).message}`),
      )
      return result
    },
    appendMany: (streams: readonly string[]) =>
      coalescer.appendMany(
        streams.map((streamId) => ({ streamId, streamType: undefined, expected: 'any', events: [], attemptId: 'a', settle: false })),
        callOf().call,
      ),
  }
}

function callOf(remainingMs = 1000) {
  const [signal, deadline] = [new AbortController(), new AbortController()]
  const call: BackendCall = {
    signal: signal.signal,
    deadline: deadline.signal,
    remainingMs: () => remainingMs,
    unlessAborted: (which, work, tooLate) =>
      new Promise((resolve, reject) => {
        const { signal: one } = which === 'signal' ? signal : deadline
        if (one.aborted) reject(one.reason as Error)
        one.addEventListener('abort', () => reject(one.reason as Error))
        work.then((value) => (one.aborted ? tooLate?.(value) : resolve(value)), reject)
      }),
  }
  return {
    call,
    abort: (reason: unknown) => signal.abort(reason),
    expire: (reason: unknown, unanswered = reason) => (signal.abort(reason), deadline.abort(unanswered)),
  }
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
const sentOf = (flights: readonly Flight[]): string[] => flights.map(({ kind, streams }) => `${kind} ${streams.join(' ')}`)

// Only the tests move the clock: on a slow machine an append would else seem to wait for its stream.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

describe('appends that meet', () => {
  it('sends a lone append within the same turn of the event loop, queues behind two flights only, and sends all of the queue as one statement as soon as one of them lands', async () => {
    const { flights, append, ended } = scene()
    for (const stream of ['a', 'b', 'c', 'd', 'e']) void append(stream)
    expect(sentOf(flights)).toEqual(['alone a', 'alone b'])
    flights[1]?.answer()
    await turns()
    expect(sentOf(flights)).toEqual(['alone a', 'alone b', 'flush c d e'])
    flights[2]?.answer()
    await turns()
    expect(ended).toEqual(['b', 'c', 'd', 'e'])
  })
  it('sends who was answered by one flush, and goes on at once, together again', async () => {
    const { flights, append } = scene()
    const again = async (stream: string): Promise<void> => {
      await append(stream)
      await append(stream)
    }
    void append('a')
    void append('b')
    for (const stream of ['c', 'd', 'e']) void again(stream)
    flights[0]?.answer()
    await turns()
    flights[2]?.answer()
    await turns()
    expect(sentOf(flights).slice(2)).toEqual(['flush c d e', 'flush c d e'])
  })
  it('parts what waits between both flush connections, so that one half is on its way while the other is answered', async () => {
    const { flights, append } = scene()
    const forever = async (stream: string): Promise<void> => {
      for (;;) await append(stream)
    }
    for (let n = 0; n < 42; n += 1) void forever(`s${n}`)
    flights[0]?.answer()
    flights[1]?.answer()
    await turns()
    expect(flights.slice(2).map(({ streams }) => streams.length)).toEqual([20, 21])
    flights[2]?.answer()
    await turns()
    flights[3]?.answer()
    await turns()
    expect(flights.slice(4).map(({ streams }) => streams.length)).toEqual([21, 21])
  })
  it('sends at most 64 appends and a mebibyte at once', async () => {
    const { flights, append } = scene()
    for (let n = 0; n < 140; n += 1) void append(`s${n}`)
    flights[0]?.answer()
    await turns()
    expect(flights[2]?.streams).toHaveLength(64)
    const large = scene()
    for (let n = 0; n < 8; n += 1) void large.append(`s${n}`, { bytes: 250 << 10 })
    large.flights[0]?.answer()
    await turns()
    expect(large.flights[2]?.streams).toEqual(['s2', 's3', 's4', 's5'])
  })
  it('never has two appends of a stream under way, and keeps their order', async () => {
    const { flights, append, ended } = scene()
    for (const stream of ['hot', 'hot', 'b', 'hot', 'c']) void append(stream)
    await turns()
    expect(sentOf(flights)).toEqual(['alone hot', 'alone b'])
    flights[1]?.answer()
    await turns()
    expect(sentOf(flights).slice(2)).toEqual(['alone c'])
    flights[0]?.answer()
    await turns()
    flights[3]?.answer()
    await turns()
    flights[4]?.answer()
    await turns()
    expect(ended).toEqual(['b', 'hot', 'hot', 'hot'])
    expect(sentOf(flights).slice(3)).toEqual(['alone hot', 'alone hot'])
  })
  const alone = {
    'large in events': { count: 100 },
    'large in bytes': { bytes: 256 << 10 },
    empty: { count: 0 },
    settling: { settle: true },
  }
  it.each(Object.entries(alone))('sends what is %s by itself, past the queue, but not past its own stream', async (_what, more) => {
    const { flights, append } = scene()
    for (const stream of ['a', 'b', 'c']) void append(stream)
    void append('d', more)
    void append('c', more)
    await turns()
    const kind = 'settle' in more ? 'settling' : 'alone'
    expect(sentOf(flights)).toEqual(['alone a', 'alone b', `${kind} d`])
    flights[0]?.answer()
    await turns()
    flights[3]?.answer()
    await turns()
    expect(sentOf(flights).slice(3)).toEqual(['alone c', `${kind} c`])
  })
  it('goes on with the queue of a stream after what went by itself', async () => {
    const { flights, append, ended } = scene()
    void append('a', { count: 100 })
    void append('a')
    flights[0]?.answer()
    await turns()
    flights[1]?.answer()
    await turns()
    expect(ended).toEqual(['a', 'a'])
  })
  it('gives an append to several streams its turn when all of them are free', async () => {
    const { flights, append, appendMany } = scene()
    void append('a')
    void append('b')
    void appendMany(['b', 'c'])
    void append('c')
    void appendMany(['c', 'b'])
    await turns()
    expect(flights).toHaveLength(2)
    flights[1]?.answer()
    await turns()
    expect(flights.map(({ kind }) => kind)).toEqual(['alone', 'alone', 'all'])
  })
})

describe('a stream that somebody else holds', () => {
  it('gives back the flush connection of the append that waits for it', async () => {
    const { flights, append } = scene({ connections: 3 })
    for (const stream of ['held', 'held too', 'c', 'd']) void append(stream)
    expect(sentOf(flights)).toEqual(['alone held', 'alone held too'])
    vi.advanceTimersByTime(50)
    await turns()
    expect(sentOf(flights).slice(2)).toEqual(['flush c d'])
    flights[2]?.answer()
    await turns()
    void append('e')
    void append('f')
    expect(sentOf(flights).slice(3)).toEqual(['alone e'])
  })
})

describe('a flush', () => {
  it('of which another attempt has settled an append asks for that again, to learn the truth', async () => {
    const { flights, append } = scene()
    void append('a')
    void append('b')
    const results = [append('settled'), append('d')]
    flights[0]?.answer()
    await turns()
    flights[2]?.answer()
    await turns()
    expect(sentOf(flights).slice(3)).toEqual(['settling settled'])
    flights[3]?.answer()
    expect(await Promise.all(results)).toMatchObject([{ status: 'appended' }, { status: 'appended' }])
  })
})

describe('a flush that fails', () => {
  async function inFlight(options: { connections?: number } = {}) {
    const one = scene(options)
    void one.append('a')
    void one.append('b')
    const results = ['c', 'd', 'e', 'f'].map((stream) => one.append(stream))
    one.flights[0]?.answer()
    await turns()
    expect(sentOf(one.flights)).toEqual(['alone a', 'alone b', 'flush c d e f'])
    return { ...one, results }
  }
  it('with a rollback is sent again append by append: only the bad one fails', async () => {
    const { flights, results } = await inFlight()
    flights[2]?.fail(rolledBack)
    await turns()
    expect(flights).toHaveLength(7)
    flights[4]?.fail(rolledBack)
    for (const index of [3, 5, 6]) flights[index]?.answer()
    expect((await Promise.allSettled(results)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  })
  it('is sent again on all connections but two', async () => {
    const { flights } = await inFlight({ connections: 4 })
    flights[2]?.fail(rolledBack)
    await turns()
    expect(sentOf(flights).slice(3)).toEqual(['alone c', 'alone d'])
    flights[3]?.answer()
    await turns()
    expect(sentOf(flights).slice(5)).toEqual(['alone e'])
  })
  it('leaves nobody behind, though the next flush waits for its connection by then', async () => {
    const { hold, append, flights, connect, results } = await inFlight()
    hold()
    for (const stream of ['g', 'h']) void append(stream)
    flights[1]?.answer()
    await turns()
    flights[2]?.fail(rolledBack)
    await turns()
    connect()
    await turns()
    expect(sentOf(flights).slice(3)).toEqual(['alone c', 'alone d', 'alone e', 'alone f', 'flush g h'])
    for (const flight of flights.slice(3)) flight.answer()
    expect(await Promise.all(results)).toHaveLength(4)
  })
  it('without an answer is not sent again here: core settles each', async () => {
    const { flights, results } = await inFlight()
    flights[2]?.fail(cut)
    expect(await Promise.allSettled(results)).toEqual(results.map(() => ({ status: 'rejected', reason: cut })))
    expect(flights).toHaveLength(3)
  })
  it('for want of a connection is said to all that waited, with nothing sent', async () => {
    const one = scene()
    one.hold()
    void one.append('a')
    void one.append('b')
    const results = ['c', 'd'].map((stream) => one.append(stream))
    one.flights[0]?.answer()
    await turns()
    one.failConnect(refused)
    expect(await Promise.allSettled(results)).toEqual(results.map(() => ({ status: 'rejected', reason: refused })))
    expect(one.flights).toHaveLength(2)
  })
})

describe('an abort', () => {
  it('in the queue: the caller’s reason, nothing is sent, and the next of the stream goes on', async () => {
    const { flights, append } = scene()
    void append('a')
    void append('b')
    const { call, abort } = callOf()
    const given = append('c', {}, call)
    void append('c')
    void append('d')
    const reason = new Error('changed my mind')
    abort(reason)
    await expect(given).rejects.toBe(reason)
    flights[0]?.answer()
    await turns()
    expect(sentOf(flights).slice(2)).toEqual(['flush c d'])
  })
  it('of one that waits behind its own stream does not start what runs there again', async () => {
    const { flights, append } = scene()
    void append('a')
    const { call, abort } = callOf()
    const given = append('a', {}, call)
    abort(new Error('gone'))
    await expect(given).rejects.toThrow('gone')
    await turns()
    expect(sentOf(flights)).toEqual(['alone a'])
  })
  it('while the flush waits for its connection: nothing of it is sent', async () => {
    const one = scene()
    one.hold()
    void one.append('a')
    void one.append('b')
    const { call, abort } = callOf()
    const given = one.append('c', {}, call)
    void one.append('d')
    void one.append('e')
    one.flights[0]?.answer()
    await turns()
    abort(new Error('gone'))
    await expect(given).rejects.toThrow('gone')
    one.connect()
    await turns()
    expect(sentOf(one.flights).slice(2)).toEqual(['flush d e'])
  })
  it('after sending: the flush goes on, and the outcome is told', async () => {
    const { flights, append } = scene()
    void append('a')
    void append('b')
    const { call, abort } = callOf()
    const given = append('c', {}, call)
    void append('d')
    flights[0]?.answer()
    await turns()
    abort(new Error('too late'))
    flights[2]?.answer()
    expect(await given).toMatchObject({ status: 'appended' } satisfies Partial<AppendOutcome>)
  })
  it('and a deadline of one that waits for its connection alone: it says itself that nothing was sent', async () => {
    const { flights, append } = scene()
    void append('a')
    const { call, expire } = callOf()
    const [, given] = [append('b'), append('b', {}, call)]
    flights[1]?.answer()
    await turns()
    const late = new Error('time is up')
    expire(late)
    flights[2]?.fail(late)
    await expect(given).rejects.toBe(late)
  })
  it('a deadline after sending leaves the outcome open, and does not end the flush of the others', async () => {
    const { flights, append } = scene()
    void append('a')
    void append('b')
    const { call, expire } = callOf(10)
    const given = append('c', {}, call)
    const other = append('d')
    flights[0]?.answer()
    await turns()
    const unanswered = new TimeoutError('time is up', { outcome: 'unknown' })
    expire(new TimeoutError('time is up'), unanswered)
    await expect(given).rejects.toBe(unanswered)
    flights[2]?.answer()
    expect(await other).toMatchObject({ status: 'appended' })
  })
})
