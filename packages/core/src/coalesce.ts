import type { AppendManyOutcome, AppendOutcome, AppendRequest, Backend, BackendCall } from './backend.js'

/** What an adapter sends appends with; each method answers truly also when asked to settle, and fails as a {@link Backend} does. */
export interface AppendSender {
  one(request: AppendRequest, call: BackendCall): Promise<AppendOutcome>
  /** To several streams, all or nothing. */
  all(requests: readonly AppendRequest[], call: BackendCall): Promise<AppendManyOutcome>
  /**
   * Several, each of a stream of its own and each for itself, in one request. It waits for what it is sent on, and only then asks what to
   * send; `pick` gives undefined when nobody wants anything any more. They come ordered by stream: nearly always the order in which a server
   * would lock these. The call is that of who has most time left.
   *
   * @returns outcomes in the order of the requests; undefined: another attempt has settled it, so it is asked again with `settle`.
   */
  each(
    pick: () => { readonly requests: readonly AppendRequest[]; readonly call: BackendCall } | undefined,
  ): Promise<readonly (AppendOutcome | undefined)[]>
  /** Most requests at a time. */
  connections(): number
  /** Whether a failure of `each` proves that nothing of it was applied, and that each append by itself may fare better. */
  rolledBack(error: unknown): boolean
}

/** Connections that carry flushes, appends of a flush, and payload bytes of it. */
const [mostFlushes, mostAppends, mostBytes] = [2, 64, 1 << 20]
/** Fewer than so many are not parted: what a statement costs by itself would be more than what is saved. */
const leastShare = 16
/** How long an append that is sent alone keeps a flush connection from the others. */
const patienceMs = 50
/** What is larger goes by itself. */
const [largeEvents, largeBytes] = [100, 256 << 10]

/** Something that has its turn when nothing before it is under way, or waits, for the same streams. */
interface Turn {
  readonly streams: readonly string[]
  begin(): void
}

interface Waiting extends Turn {
  readonly request: AppendRequest
  readonly call: BackendCall
  readonly bytes: number
  sent: boolean
  /** It runs with its own call, which knows by itself whether anything was sent. */
  alone: boolean
  settle(outcome: AppendOutcome | Promise<AppendOutcome>): void
}

/**
 * Merges appends that are made while others are under way into one statement, with a result for each; the order of each stream is kept.
 *
 * - An append of an idle stream, while a flush connection is free, is sent at once and alone. Only behind flushes in flight is there a queue.
 * - Whenever one of the two flush connections is free it takes from the queue, in order, at most one append a stream, and no more than
 *   half of what waits and is under way (measured: 32 callers 1.3 x of taking all). After a flush of several it is free once its
 *   callers were told, so that who goes on at once is not sent one by one. So a sender has to do I/O: one that answers out of memory would
 *   keep the event loop for itself.
 * - What is large, empty, settles or goes to several streams is sent by itself, in its streams' order.
 * - A flush that the server refused as a whole, or that met a stream held by somebody else, is sent again append by append: one that fails
 *   fails alone. A flush without an answer leaves each of its appends to be settled alone, by core.
 * - Abort and deadline take an append out of the queue, with nothing sent. Once sent the flush goes on.
 *
 * It knows no store: whoever can send several appends in one request can have it. Source: postgres.md §4. Cases: APP, CON, IDM.
 */
export function createCoalescer(sender: AppendSender): Required<Pick<Backend, 'append' | 'appendMany'>> {
  /** Of each stream: who has its turn, and behind it who waits. */
  const lanes = new Map<string, Turn[]>()
  /** Appends whose turn it is, in order. */
  const ready = new Set<Waiting>()
  let flushes = 0
  /** Appends that are sent in flushes. */
  let inFlight = 0
  /** A flush waits for its connection; it takes all there is then. */
  let connecting = false
  const alone = createPermits(() => Math.max(1, sender.connections() - mostFlushes))

  function hasTurn(turn: Turn): boolean {
    return turn.streams.every((stream) => lanes.get(stream)?.[0] === turn)
  }
  function enter(turn: Turn): void {
    for (const stream of turn.streams) {
      const lane = lanes.get(stream)
      if (lane === undefined) lanes.set(stream, [turn])
      else lane.push(turn)
    }
  }
  /** At the end of its turn, or before it. */
  function leave(turn: Turn): void {
    for (const stream of turn.streams) {
      const lane = lanes.get(stream) ?? []
      const place = lane.indexOf(turn)
      lane.splice(place, 1)
      const [next] = lane
      if (next === undefined) lanes.delete(stream)
      else if (place === 0 && hasTurn(next)) next.begin()
    }
  }

  /** Waits for its turn, and runs by itself. */
  async function inTurn<T>(streams: readonly string[], call: BackendCall, run: () => Promise<T>): Promise<T> {
    let begin = (): void => undefined
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const turn: Turn = { streams, begin: () => begin() }
    enter(turn)
    try {
      if (!hasTurn(turn)) await call.unlessAborted('signal', begun)
      return await run()
    } finally {
      leave(turn)
      flush()
    }
  }

  function append(request: AppendRequest, call: BackendCall): Promise<AppendOutcome> {
    const bytes = request.events.reduce((sum, event) => sum + event.bytes, 0)
    const { settle, events, streamId } = request
    if (settle || events.length === 0 || events.length >= largeEvents || bytes >= largeBytes)
      return inTurn([streamId], call, () => sender.one(request, call))
    if (flushes < mostFlushes && ready.size === 0 && !lanes.has(streamId)) {
      const turn: Turn = { streams: [streamId], begin: () => undefined }
      enter(turn)
      return sendAlone(turn, request, call)
    }
    return queued(request, call, bytes)
  }

  /** A flush of one. While its stream is held by somebody else it gives its flush connection to the others. */
  async function sendAlone(turn: Turn, request: AppendRequest, call: BackendCall): Promise<AppendOutcome> {
    let free = (): void => void (flushes -= 1)
    flushes += 1
    const timer = setTimeout(() => {
      if (!alone.tryTake()) return
      free()
      free = alone.give
      flush()
    }, patienceMs)
    try {
      return await sender.one(request, call)
    } finally {
      clearTimeout(timer)
      free()
      leave(turn)
      flush()
    }
  }

  function queued(request: AppendRequest, call: BackendCall, bytes: number): Promise<AppendOutcome> {
    const entry: Waiting = {
      streams: [request.streamId],
      request,
      call,
      bytes,
      sent: false,
      alone: false,
      begin: () => void ready.add(entry),
      settle: () => undefined,
    }
    const done = new Promise<AppendOutcome>((resolve) => (entry.settle = resolve))
    enter(entry)
    if (hasTurn(entry)) entry.begin()
    flush()
    return call.unlessAborted('signal', done).catch((error: unknown) => givenUp(entry, done, error))
  }

  /** Who waits in the queue was answered with an error, or gives up. */
  async function givenUp(entry: Waiting, done: Promise<AppendOutcome>, failure: unknown): Promise<AppendOutcome> {
    const { call } = entry
    if (!call.signal.aborted || failure !== call.signal.reason) throw failure
    if (!entry.sent) {
      ready.delete(entry)
      leave(entry)
      flush()
      throw failure
    }
    try {
      return await call.unlessAborted('deadline', done)
    } catch (error) {
      if (!call.deadline.aborted || error !== call.deadline.reason) throw error
      if (entry.alone) return await done
      throw error
    }
  }

  /** Takes the next flush out of the queue: its share, so that this process works on one half while the server does on the other. */
  function take(): Waiting[] {
    const taken: Waiting[] = []
    const share = Math.min(mostAppends, Math.max(leastShare, Math.ceil((ready.size + inFlight) / mostFlushes)))
    let bytes = 0
    for (const entry of ready) {
      bytes += entry.bytes
      if (taken.length === share || (taken.length > 0 && bytes > mostBytes)) break
      taken.push(entry)
      ready.delete(entry)
      entry.sent = true
    }
    inFlight += taken.length
    return taken.sort((a, b) => (a.request.streamId < b.request.streamId ? -1 : 1))
  }

  /** Fills the flush connections that are free. */
  function flush(): void {
    while (flushes < mostFlushes && ready.size > 0 && !connecting) {
      const [first] = ready.size === 1 ? take() : []
      if (first === undefined) void flushQueue()
      else {
        first.alone = true
        first.settle(sendAlone(first, first.request, first.call))
      }
    }
  }

  async function flushQueue(): Promise<void> {
    flushes += 1
    connecting = true
    let batch: Waiting[] | undefined
    const pick = () => {
      connecting = false
      const picked = (batch = take())
      flush()
      // Who has most time left: the flush ends for nobody before their time.
      const call = longest(picked)
      return call && { requests: picked.map(({ request }) => request), call }
    }
    try {
      const outcomes = await sender.each(pick)
      batch?.forEach((entry, index) => finish(entry, outcomes[index] ?? sender.one({ ...entry.request, settle: true }, entry.call)))
    } catch (error) {
      // Without a connection nothing was taken: it is said to those who wait.
      if (batch === undefined) connecting = false
      const rolledBack = sender.rolledBack(error)
      for (const entry of batch ?? take()) {
        entry.alone = rolledBack
        const again = (): Promise<AppendOutcome> => sender.one(entry.request, entry.call)
        finish(entry, rolledBack ? alone.run(entry.call, again) : Promise.reject(error as Error))
      }
    }
    inFlight -= batch?.length ?? 0
    // Its callers come back before that, with appends that can go together again.
    if (batch !== undefined && batch.length > 1) process.nextTick(freed)
    else freed()
  }
  function freed(): void {
    flushes -= 1
    flush()
  }

  function finish(entry: Waiting, outcome: AppendOutcome | Promise<AppendOutcome>): void {
    entry.settle(outcome)
    if (!(outcome instanceof Promise)) return leave(entry)
    const left = (): void => {
      leave(entry)
      flush()
    }
    outcome.then(left, left)
  }

  return {
    append,
    appendMany: (requests, call) =>
      inTurn(
        requests.map(({ streamId }) => streamId),
        call,
        () => sender.all(requests, call),
      ),
  }
}

/** The call that has most time left. */
function longest(picked: readonly Waiting[]): BackendCall | undefined {
  let [found, most]: [BackendCall | undefined, number] = [undefined, -1]
  for (const { call } of picked) {
    const left = call.remainingMs()
    if (left > most) [found, most] = [call, left]
  }
  return found
}

interface Permits {
  tryTake(): boolean
  give(): void
  /** Runs when there is a permit; an abort before that ends the waiting. */
  run<T>(call: BackendCall, work: () => Promise<T>): Promise<T>
}

/** So many at a time. */
function createPermits(most: () => number): Permits {
  const waiting: (() => void)[] = []
  let taken = 0
  function tryTake(): boolean {
    if (taken >= most()) return false
    taken += 1
    return true
  }
  function give(): void {
    const next = waiting.shift()
    if (next === undefined) taken -= 1
    else next()
  }
  return {
    tryTake,
    give,
    async run(call, work) {
      if (!tryTake()) {
        const granted = new Promise<void>((resolve) => waiting.push(resolve))
        await call.unlessAborted('signal', granted, give)
      }
      try {
        return await work()
      } finally {
        give()
      }
    },
  }
}
