import type { EventStoreAdapter } from '../adapter.js'
import type { Backend, ErrorClass } from '../backend.js'
import type { Capabilities } from '../capabilities.js'
import type { ConformanceHarness, HarnessContext, HarnessInstance } from '../conformance/harness.js'
import { createAdapter } from '../create-adapter.js'
import { ConfigurationError } from '../errors.js'
import { memoryBackend } from './backend.js'
import { type MemoryCapabilities, memory } from './memory.js'
import { type MemoryStore, createMemoryStore, streamOf } from './store.js'

export interface MemoryHarnessOptions {
  readonly name?: string | undefined
  readonly capabilities?: MemoryCapabilities | undefined
  readonly module?: URL | undefined
  /** What the backend says to leave to core, or to do itself: so that the other half of core is under the suite too. */
  readonly backend?: Pick<Backend, 'filters' | 'settles'> | undefined
}

const secret = 'correct-horse-battery-staple'

/**
 * The memory adapter under the conformance suite: what the suite is proved on. It has every hook but a golden store, since it keeps
 * nothing; set-up, refused connections and credentials are played by the backend's `open`, lost connections by a {@link playedWire}.
 */
export function memoryHarness(options: MemoryHarnessOptions = {}): ConformanceHarness {
  const { capabilities } = memory({ capabilities: options.capabilities })
  return {
    name: options.name ?? 'memory',
    module: options.module,
    secrets: [secret],
    createAdapter: (context) => Promise.resolve(createInstance(capabilities, context, options.backend)),
  }
}

function createInstance(capabilities: Capabilities, context: HarnessContext, parts: MemoryHarnessOptions['backend']): HarnessInstance {
  const store = createMemoryStore()
  const { pageSize, connections = Infinity, setup = 'auto' } = context
  const created = { yes: false }
  const wire = playedWire()
  const adapterOver = (backend: Partial<Backend>): EventStoreAdapter =>
    createAdapter(
      { ...wire.over(playPart(memoryBackend(store, capabilities, connections), parts)), classifyError, ...backend },
      { pageSize },
    )
  const adapter = adapterOver({ open: () => setUp(created, setup) })

  return {
    adapter,
    peer: () => Promise.resolve(adapterOver({ open: () => setUp(created, 'auto') })),
    broken: (kind) => Promise.resolve(adapterOver({ open: () => Promise.reject(failures[kind]()) })),
    injected: () => Promise.resolve({ adapter: memory({ store }), stillOpen: () => isUsable(store) }),
    // Memory takes its place in the log when it stores: nothing is held before, and nothing has to be undone.
    stallAppend: (streamId, events) =>
      Promise.resolve({
        commit: async () => void (await adapter.appendToStream(streamId, events)),
        rollback: () => Promise.resolve(),
      }),
    faults: wire.faults,
    seedVersion: (streamId, version) => {
      const stream = streamOf(store, streamId)
      stream.events.length = version
      // The events before never existed: none of them is visible.
      stream.firstVersion = version + 1
      return Promise.resolve()
    },
    [Symbol.asyncDispose]: () => adapter.close(),
  }
}

/** Memory as a backend that leaves filtering to core, or settles by itself. */
function playPart(backend: Backend, parts: MemoryHarnessOptions['backend'] = {}): Backend {
  const { readLogPage } = backend
  if (parts.filters !== false || readLogPage === undefined) return { ...backend, ...parts }
  return { ...backend, ...parts, readLogPage: (request, call) => readLogPage({ ...request, filter: undefined }, call) }
}

/** What a real store does on open: makes its schema, or with 'manual' insists on finding it. */
function setUp(created: { yes: boolean }, setup: 'auto' | 'manual'): Promise<void> {
  if (setup === 'auto') created.yes = true
  if (created.yes) return Promise.resolve()
  return Promise.reject(new ConfigurationError('the store is not set up.', { hint: "Open it once with setup: 'auto'." }))
}

async function isUsable(store: MemoryStore): Promise<boolean> {
  const other = memory({ store })
  await other.listStreams()[Symbol.asyncIterator]().next()
  await other.close()
  return true
}

/** As drivers fail: with members that must not get out. */
const failures = {
  unreachable: () => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED', options: { password: secret } }),
  credentials: () =>
    Object.assign(new Error('password authentication failed'), { code: '28P01', config: { user: 'app', password: secret } }),
  'schema-newer': () => new ConfigurationError('the schema is newer than this adapter.', { hint: 'Update the adapter.' }),
  lost: () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  throttled: () => Object.assign(new Error('rate exceeded'), { code: 'THROTTLED' }),
} as const

function classifyError(error: unknown): ErrorClass | undefined {
  switch ((error as { code?: unknown }).code) {
    case 'ECONNREFUSED':
      return { code: 'unavailable', outcome: 'not-applied', message: 'the store cannot be reached.' }
    case '28P01':
      return { code: 'access-denied', outcome: 'not-applied', message: 'the store refuses the credentials.' }
    case 'ECONNRESET':
      return { code: 'unavailable', outcome: 'unknown', message: 'the connection was lost.' }
    case 'THROTTLED':
      return { code: 'unavailable', outcome: 'not-applied', message: 'the store is too busy.' }
    default:
      return undefined
  }
}

const changes = ['append', 'appendMany', 'deleteStream', 'tombstoneStream', 'truncateStream', 'writeMetadata'] as const
const reads = ['readStreamPage', 'readHead', 'readLogEnd', 'readLogPage', 'readMetadata', 'listStreamsPage'] as const

/** The way between an adapter and a store, as real ones have it, and what goes wrong on it. */
function playedWire(): { over(backend: Backend): Backend; readonly faults: NonNullable<HarnessInstance['faults']> } {
  const underWay = new Set<() => void>()
  let [armed, dropNext, throttled, down, slow] = [false, false, 0, false, false]
  let up: ReturnType<typeof setTimeout> | undefined

  /** Until something is to go wrong, there is nothing between: no turn more than memory itself takes. */
  function send<T>(kind: 'change' | 'read', run: () => Promise<T>): Promise<T> {
    return armed ? sendArmed(kind, run) : run()
  }
  async function sendArmed<T>(kind: 'change' | 'read', run: () => Promise<T>): Promise<T> {
    if (down) throw failures.unreachable()
    if (throttled > 0) {
      throttled -= 1
      throw failures.throttled()
    }
    return unlessCut(async () => {
      // Once connections break, calls are on their way for a while, there and back: else none would ever be met by it.
      if (slow) await turn()
      const answer = await run()
      if (slow) await turn()
      if (kind === 'read' || !dropNext) return answer
      dropNext = false
      throw failures.lost()
    })
  }
  /** A connection that is cut ends the call, not what was sent: that is still done. */
  function unlessCut<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cut = (): void => reject(failures.lost())
      underWay.add(cut)
      run()
        .then(resolve, reject)
        .finally(() => underWay.delete(cut))
    })
  }
  function cutAll(): void {
    slow = true
    for (const cut of underWay) cut()
  }

  return {
    over(backend) {
      const wired: Record<string, unknown> = { ...backend }
      for (const [kind, names] of [['change', changes] as const, ['read', reads] as const])
        for (const name of names) {
          const method = backend[name] as ((...args: unknown[]) => Promise<unknown>) | undefined
          if (method !== undefined) wired[name] = (...args: unknown[]) => send(kind, () => method(...args))
        }
      const { waitForChange } = backend
      wired.waitForChange = (signal: AbortSignal) => send('read', () => waitForChange?.(signal) ?? Promise.resolve())
      return wired as unknown as Backend
    },
    faults: {
      dropNextResponse() {
        armed = dropNext = true
        return Promise.resolve()
      },
      killConnections() {
        armed = true
        return Promise.resolve(cutAll())
      },
      throttle(times) {
        armed = true
        throttled = times
        return Promise.resolve()
      },
      restart(downMs = 0) {
        armed = down = true
        cutAll()
        clearTimeout(up)
        up = setTimeout(() => (down = false), downMs)
        up.unref()
        return Promise.resolve()
      },
    },
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
