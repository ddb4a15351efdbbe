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
}

const secret = 'correct-horse-battery-staple'

/**
 * The memory adapter under the conformance suite: what the suite is proved on. It has every hook that does not need a connection to
 * lose; set-up, refused connections and credentials are played by the backend's `open`.
 */
export function memoryHarness(options: MemoryHarnessOptions = {}): ConformanceHarness {
  const { capabilities } = memory({ capabilities: options.capabilities })
  return {
    name: options.name ?? 'memory',
    module: options.module,
    secrets: [secret],
    createAdapter: (context) => Promise.resolve(createInstance(capabilities, context)),
  }
}

function createInstance(capabilities: Capabilities, context: HarnessContext): HarnessInstance {
  const store = createMemoryStore()
  const { pageSize, connections = Infinity, setup = 'auto' } = context
  const created = { yes: false }
  const adapterOver = (backend: Partial<Backend>): EventStoreAdapter =>
    createAdapter({ ...memoryBackend(store, capabilities, connections), ...backend }, { pageSize })
  const adapter = adapterOver({ open: () => setUp(created, setup) })

  return {
    adapter,
    peer: () => Promise.resolve(adapterOver({ open: () => setUp(created, 'auto') })),
    broken: (kind) => Promise.resolve(adapterOver({ open: () => Promise.reject(failures[kind]()), classifyError })),
    injected: () => Promise.resolve({ adapter: memory({ store }), stillOpen: () => isUsable(store) }),
    // Memory takes its place in the log when it stores: nothing is held before, and nothing has to be undone.
    stallAppend: (streamId, events) =>
      Promise.resolve({
        commit: async () => void (await adapter.appendToStream(streamId, events)),
        rollback: () => Promise.resolve(),
      }),
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
} as const

function classifyError(error: unknown): ErrorClass | undefined {
  switch ((error as { code?: unknown }).code) {
    case 'ECONNREFUSED':
      return { code: 'unavailable', outcome: 'not-applied', message: 'the store cannot be reached.' }
    case '28P01':
      return { code: 'access-denied', outcome: 'not-applied', message: 'the store refuses the credentials.' }
    default:
      return undefined
  }
}
