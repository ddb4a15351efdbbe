import type { EventStoreAdapter } from '../adapter.js'
import { type Capabilities, type CapabilityName, allCapabilities } from '../capabilities.js'
import { type AdapterOptions, createAdapter } from '../create-adapter.js'
import { ConfigurationError } from '../errors.js'
import { readConfig } from '../config.js'
import { memoryBackend } from './backend.js'
import { type MemoryStore, createMemoryStore } from './store.js'

export interface MemoryOptions extends AdapterOptions {
  /** Data to work on; default: an empty store of its own. Adapters over one store see each other's events. */
  readonly store?: MemoryStore | undefined
  /** Switches capabilities off, to see how an application fares on a store without them. Default: all on. */
  readonly capabilities?: MemoryCapabilities | undefined
  /** Calls at work at the same time; the others wait. Default: no bound. */
  readonly connections?: number | undefined
}

/** What can be switched. `contiguousBatches` and `realTimeOrder` hold all the same. */
export type MemoryCapabilities = { readonly [K in CapabilityName]?: boolean | undefined } & {
  readonly idempotencyAny?: 'none' | 'strong' | undefined
}

/**
 * The in-memory adapter: full semantics, nothing stored beyond the process. For tests, demos, and to prove the conformance suite on.
 *
 * @param options also the URL `memory:`, so that an application can be configured by one string.
 */
export function memory(options: MemoryOptions | string = {}): EventStoreAdapter {
  const { store = createMemoryStore(), capabilities = {}, connections = Infinity, ...rest } = read(options)
  if (!(connections >= 1)) throw new ConfigurationError('connections must be at least 1.', { adapter: 'memory' })
  const { idempotencyAny = 'strong', ...switches } = capabilities
  return createAdapter(memoryBackend(store, declare(switches, idempotencyAny), connections), rest)
}

function read(options: MemoryOptions | string): MemoryOptions {
  return readConfig<MemoryOptions>('memory', options, {
    options: ['timeoutMs', 'pageSize', 'store', 'capabilities', 'connections'],
    parameters: { timeoutMs: 'number' },
  }).options
}

function declare(switches: { readonly [K in CapabilityName]?: boolean | undefined }, any: 'none' | 'strong'): Capabilities {
  const { readAll, ...given } = switches
  const others = Object.fromEntries(Object.entries(given).filter(([, on]) => on !== undefined))
  return {
    ...allCapabilities,
    ...others,
    readAll: readAll !== false && allCapabilities.readAll,
    subscribe: 'push',
    idempotency: { exact: true, any },
    sharedAcrossProcesses: false,
    limits: { ...allCapabilities.limits, appendStreams: switches.multiStreamAppend === false ? 0 : 100 },
  }
}
