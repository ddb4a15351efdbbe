import type {
  AppendManyOutcome,
  AppendOutcome,
  AppendRequest,
  AppendSuccess,
  Backend,
  LogPage,
  LogPageRequest,
  StoredEvent,
  StreamPage,
  StreamPageRequest,
} from '../backend.js'
import type { Capabilities } from '../capabilities.js'
import { checkExpected } from '../expected-version.js'
import { compareDecimals } from '../position.js'
import { matches } from '../read-log.js'
import { type Connections, createConnections } from './connections.js'
import { type MemoryStore, type MemoryStream, headOf, notify, pushEvents, streamOf } from './store.js'

/** Full semantics of the contract over one {@link MemoryStore}: the reference that the suite is proved on. */
export function memoryBackend(store: MemoryStore, capabilities: Capabilities, maxConnections: number): Backend {
  const connections: Connections = createConnections(maxConnections)
  const { of, bodyOf } = store.positions
  const place = (position: string): number => Number(bodyOf(position))

  return {
    name: 'memory',
    capabilities,
    filters: true,
    open: () => Promise.resolve(),
    close: () => Promise.resolve(),
    classifyError: () => undefined,

    append: (request, call) => connections.use(call.signal, () => append(store, capabilities, request)),
    appendMany: (requests, call) => connections.use(call.signal, () => appendMany(store, capabilities, requests)),

    readHead: (streamId, call) => connections.use(call.signal, () => headOf(store.streams.get(streamId))),
    readStreamPage: (request, call) => connections.use(call.signal, () => readStreamPage(store, request)),
    readLogEnd: (_request, call) => connections.use(call.signal, () => (store.log.length === 0 ? undefined : of(String(store.log.length)))),
    readLogPage: (request, call) => connections.use(call.signal, () => readLogPage(store, request, place)),
    comparePositions: (a, b) => compareDecimals(bodyOf(a), bodyOf(b)),
    waitForChange: (signal) => waitForChange(store, signal),

    deleteStream: ({ streamId, version }, call) =>
      connections.use(call.signal, () =>
        changeHead(store, streamId, (stream, head) => {
          if (stream === undefined || head.status !== 'live' || head.version !== version) return false
          Object.assign(stream, { status: 'deleted', firstVersion: version + 1, baseVersion: version })
          clearMetadata(stream)
          return true
        }),
      ),
    tombstoneStream: ({ streamId, version }, call) =>
      connections.use(call.signal, () =>
        changeHead(store, streamId, (_stream, head) => {
          if (head.status === 'tombstoned' || (version !== undefined && head.version !== version)) return false
          streamOf(store, streamId).status = 'tombstoned'
          return true
        }),
      ),
    truncateStream: ({ streamId, before }, call) =>
      connections.use(call.signal, () =>
        changeHead(store, streamId, (stream, head) => {
          if ((head.status !== 'live' && head.status !== 'missing') || before > head.version + 1) return false
          if (stream === undefined || before <= stream.firstVersion) return true
          stream.firstVersion = before
          stream.metadataVersion += 1
          return true
        }),
      ),

    readMetadata: (streamId, call) =>
      connections.use(call.signal, () => {
        const stream = store.streams.get(streamId)
        const text = stream?.metadata
        return { status: headOf(stream).status, metadata: text === undefined ? undefined : { text }, version: stream?.metadataVersion ?? 0 }
      }),
    writeMetadata: ({ streamId, text, expectedMetadataVersion: expected }, call) =>
      connections.use(call.signal, () => {
        const { status } = headOf(store.streams.get(streamId))
        const version = store.streams.get(streamId)?.metadataVersion ?? 0
        const open = status === 'live' || status === 'missing'
        if (!open || (expected !== undefined && expected !== version)) return { status: 'refused', streamStatus: status, version }
        Object.assign(streamOf(store, streamId), { metadata: text, metadataVersion: version + 1 })
        return { status: 'changed', version: version + 1 }
      }),
    listStreamsPage: ({ prefix, after, limit }, call) =>
      connections.use(call.signal, () => {
        const matching = [...store.streams.keys()].filter(
          (id) => id.startsWith(prefix) && headOf(store.streams.get(id)).status !== 'missing',
        )
        const rest = matching.sort().filter((id) => after === undefined || id > after)
        const streams = rest.slice(0, limit).map((streamId) => ({ streamId, status: streamOf(store, streamId).status }))
        return { streams, next: rest.length > limit ? streams.at(-1)?.streamId : undefined }
      }),
  }
}

function append(store: MemoryStore, capabilities: Capabilities, request: AppendRequest): AppendOutcome {
  const { streamId, streamType, events, expected } = request
  const stream = store.streams.get(streamId)
  const head = headOf(stream)
  const check = checkExpected(head, expected)
  if (check === 'deleted') return { status: head.status === 'tombstoned' ? 'tombstoned' : 'deleted' }
  if (check === 'conflict') return { status: 'wrong-version', actualVersion: head.version }
  if (events.length === 0) return { status: 'stored', firstVersion: head.version + 1, version: head.version, position: undefined }
  if (expected === 'any' || expected === 'streamExists') {
    const known = capabilities.idempotency.any === 'strong' && head.status === 'live' ? findRun(stream, request) : undefined
    if (known !== undefined) return known
  }
  const stored = pushEvents(store, streamId, streamType, events)
  notify(store)
  return { status: 'appended', firstVersion: head.version + 1, version: head.version + events.length, position: stored.at(-1)?.position }
}

/** The place where exactly these ids stand, one after the other, in the visible part of a stream. */
function findRun(stream: MemoryStream | undefined, { events }: AppendRequest): AppendSuccess | undefined {
  const first = stream?.versions.get(events[0]?.id ?? '')
  if (stream === undefined || first === undefined || first < stream.firstVersion) return undefined
  const run = stream.events.slice(first - 1, first - 1 + events.length)
  if (run.length < events.length || run.some(({ id }, index) => id !== events[index]?.id)) return undefined
  return { status: 'stored', firstVersion: first, version: first + events.length - 1, position: run.at(-1)?.position }
}

/** All or nothing: every part is checked before the first is stored. */
function appendMany(store: MemoryStore, capabilities: Capabilities, requests: readonly AppendRequest[]): AppendManyOutcome {
  for (const [index, request] of requests.entries()) {
    const outcome = append(store, capabilities, { ...request, events: [] })
    if (outcome.status !== 'appended' && outcome.status !== 'stored') return { status: 'failed', index, outcome }
  }
  const known = requests.map((request) => (isAnyLike(request) ? findRun(store.streams.get(request.streamId), request) : undefined))
  if (capabilities.idempotency.any === 'strong' && known.every((one) => one !== undefined)) return { status: 'stored', results: known }
  return {
    status: 'appended',
    results: requests.map((request) => {
      const { version } = headOf(store.streams.get(request.streamId))
      const stored = pushEvents(store, request.streamId, request.streamType, request.events)
      notify(store)
      return { firstVersion: version + 1, version: version + stored.length, position: stored.at(-1)?.position }
    }),
  }
}

function isAnyLike({ expected }: AppendRequest): boolean {
  return expected === 'any' || expected === 'streamExists'
}

function readStreamPage(store: MemoryStore, { streamId, direction, from, to, limit }: StreamPageRequest): StreamPage {
  const stream = store.streams.get(streamId)
  const head = headOf(stream)
  if (stream === undefined || head.status !== 'live') return { head, events: [] }
  if (direction === 'forwards') {
    const first = Math.max(from ?? 1, head.firstVersion)
    return { head, events: stream.events.slice(first - 1, Math.min(to ?? head.version, first + limit - 1)).map(handOut) }
  }
  const last = Math.min(from ?? head.version, head.version)
  const lowest = Math.max(to ?? 1, head.firstVersion, last - limit + 1)
  return {
    head,
    events: stream.events
      .slice(lowest - 1, Math.max(last, lowest - 1))
      .reverse()
      .map(handOut),
  }
}

/** The reader gets copies of what can be changed: a date, bytes. */
function handOut(event: StoredEvent): StoredEvent {
  const { data, createdAt } = event
  return { ...event, data: 'bytes' in data ? { bytes: data.bytes.slice() } : data, createdAt: new Date(createdAt) }
}

function readLogPage(store: MemoryStore, request: LogPageRequest, place: (position: string) => number): LogPage {
  const { direction, after, upTo, limit, filter } = request
  const top = upTo === undefined ? store.log.length : Math.min(place(upTo), store.log.length)
  const start = after === undefined ? (direction === 'forwards' ? 0 : top + 1) : place(after)
  const window =
    direction === 'forwards' ? store.log.slice(start, Math.min(top, start + limit)) : backwards(store.log, Math.min(start - 1, top), limit)
  const last = window.at(-1)
  const end = last === undefined || (direction === 'forwards' ? start + window.length >= top : place(last.position ?? '') === 1)
  const wanted = filter === undefined ? window : window.filter((event) => matches(event, filter))
  return { events: wanted.map(handOut), next: last?.position, end }
}

/** Up to `limit` events from the one at `place`, 1-based, downwards. */
function backwards(log: readonly StoredEvent[], place: number, limit: number): StoredEvent[] {
  return log.slice(Math.max(0, place - limit), Math.max(0, place)).reverse()
}

function changeHead(
  store: MemoryStore,
  streamId: string,
  change: (stream: MemoryStream | undefined, head: ReturnType<typeof headOf>) => boolean,
): { status: 'changed' } | { status: 'refused'; head: ReturnType<typeof headOf> } {
  const stream = store.streams.get(streamId)
  const head = headOf(stream)
  if (!change(stream, head)) return { status: 'refused', head }
  notify(store)
  return { status: 'changed' }
}

function clearMetadata(stream: MemoryStream): void {
  stream.metadata = undefined
  stream.metadataVersion += 1
}

function waitForChange(store: MemoryStore, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      store.listeners.delete(changed)
      signal.removeEventListener('abort', aborted)
    }
    const changed = (): void => {
      done()
      resolve()
    }
    const aborted = (): void => {
      done()
      reject(signal.reason as Error)
    }
    store.listeners.add(changed)
    signal.addEventListener('abort', aborted)
    if (signal.aborted) aborted()
  })
}
