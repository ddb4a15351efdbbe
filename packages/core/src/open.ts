import type { EventStoreAdapter } from './adapter.js'
import { nearest, parseUrl } from './config.js'
import { ConfigurationError } from './errors.js'

/** Makes an adapter of a URL or of options: what `postgres`, `memory`, `embedded` … are. */
export type AdapterFactory = (config: never) => EventStoreAdapter

/**
 * Where the events are: a URL (`memory:`, `pglite:./data`, `postgres://…?schema=shop`, `dynamodb://eu-west-1/events`), or the adapter's name with its options. A name
 * that is no built-in one is the package of a third-party adapter, which exports its factory as `adapter`.
 */
export type EventStoreConfig = string | { readonly adapter: string; readonly [option: string]: unknown }

export interface OpenOptions {
  /**
   * Factories by name (`{ postgres }`), for where packages cannot be resolved at run time: bundlers, Yarn PnP, serverless. A factory
   * given here is used before any package is looked for.
   */
  readonly adapters?: Readonly<Record<string, AdapterFactory>> | undefined
}

interface BuiltIn {
  readonly module: string
  readonly factory: string
  readonly schemes: readonly string[]
  /** What has to be installed beside core. */
  readonly packages: readonly string[]
}

/** A new adapter of this project is one entry here. */
const builtIn: Readonly<Record<string, BuiltIn>> = {
  memory: { module: '@millrace/core/memory', factory: 'memory', schemes: ['memory'], packages: [] },
  embedded: {
    module: '@millrace/embedded',
    factory: 'embedded',
    schemes: ['pglite'],
    packages: ['@millrace/embedded', '@electric-sql/pglite'],
  },
  postgres: {
    module: '@millrace/postgres',
    factory: 'postgres',
    schemes: ['postgres', 'postgresql'],
    packages: ['@millrace/postgres', 'pg'],
  },
  dynamodb: {
    module: '@millrace/dynamodb',
    factory: 'dynamodb',
    schemes: ['dynamodb'],
    packages: ['@millrace/dynamodb', '@aws-sdk/client-dynamodb'],
  },
  eventstoredb: {
    module: '@millrace/eventstoredb',
    factory: 'eventStoreDB',
    schemes: ['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'],
    packages: ['@millrace/eventstoredb', '@eventstore/db-client'],
  },
}

/**
 * Gives the adapter that the configuration names, loading its package on demand. It is not connected yet.
 *
 * The package is looked for from the application (its working directory) first, then from this package's own place.
 *
 * @param config default: the environment variable `EVENT_STORE_URL`.
 * Errors: `configuration` for an unknown scheme, adapter, option or parameter, and for a missing package with the command that installs
 * it. No message shows the URL.
 */
export async function openEventStore(config?: EventStoreConfig, options: OpenOptions = {}): Promise<EventStoreAdapter> {
  const given = config ?? environment('EVENT_STORE_URL')
  if (given === undefined || given === '')
    throw new ConfigurationError('no event store is configured.', {
      hint: 'Give a URL, or set EVENT_STORE_URL, for example to pglite:./data.',
    })
  const name = adapterName(given, options)
  const factory = options.adapters?.[name] ?? (await loadFactory(name))
  return factory((typeof given === 'string' ? given : withoutAdapter(given)) as never)
}

function adapterName(config: EventStoreConfig, { adapters = {} }: OpenOptions): string {
  if (typeof config !== 'string') {
    if (typeof config !== 'object' || typeof config.adapter !== 'string' || config.adapter === '')
      throw new ConfigurationError('the configuration must be a URL or an object with the member "adapter".', {
        hint: `Known adapters: ${known()}.`,
      })
    return config.adapter
  }
  // Not by parsing it: several hosts of a cluster make no URL, and the adapter says better what is wrong.
  const scheme = /^([a-z][a-z0-9+.-]*):/iu.exec(config)?.[1]?.toLowerCase() ?? parseUrl(config).protocol.slice(0, -1)
  const found = Object.entries(builtIn).find(([, { schemes }]) => schemes.includes(scheme))
  if (found !== undefined) return found[0]
  if (Object.hasOwn(adapters, scheme)) return scheme
  const all = Object.values(builtIn).flatMap(({ schemes }) => schemes)
  const near = nearest(scheme, all)
  throw new ConfigurationError(`no adapter is known for URLs that begin with "${scheme}:".`, {
    hint: near === undefined ? `Known: ${all.map((one) => `${one}:`).join(', ')}.` : `Did you mean "${near}:"?`,
  })
}

async function loadFactory(name: string): Promise<AdapterFactory> {
  const entry = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined
  // A short word that is no built-in name is a mistyped one, not a package.
  const near = entry === undefined ? nearest(name, Object.keys(builtIn)) : undefined
  if (near !== undefined) throw new ConfigurationError(`there is no adapter "${name}".`, { hint: `Did you mean "${near}"?` })
  const { module, factory, packages } = entry ?? { module: name, factory: 'adapter', packages: [name] }
  const loaded = await loadModule(name, module, packages)
  const made = loaded[factory]
  if (typeof made === 'function') return made as AdapterFactory
  throw new ConfigurationError(`the package "${module}" exports no function "${factory}".`, {
    adapter: name,
    hint: 'Is it an adapter of this version?',
  })
}

async function loadModule(name: string, module: string, packages: readonly string[]): Promise<Record<string, unknown>> {
  const path = resolveFromApplication(module)
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ path ?? module)) as Record<string, unknown>
  } catch (cause) {
    if (!isMissing(cause, module)) throw new ConfigurationError(`the package "${module}" could not be loaded.`, { adapter: name, cause })
    throw missingPackage(name, packages.length === 0 ? [module] : packages)
  }
}

/** The error for a package that is not installed. For adapter authors, whose drivers are peers. */
export function missingPackage(adapter: string, packages: readonly string[]): ConfigurationError {
  const [what, list] = [packages[0] ?? '', packages.join(' ')]
  return new ConfigurationError(`adapter "${adapter}" needs the package "${what}".`, {
    adapter,
    hint: `Install it: npm i ${list} | pnpm add ${list} | yarn add ${list} | bun add ${list}`,
  })
}

/** What the optional package that an adapter needs exports, CommonJS or not, on first use. Errors: `configuration`, with the command that installs it. */
export async function loadPackage<T>(adapter: string, name: string, load: () => Promise<unknown>): Promise<T> {
  try {
    const module = (await load()) as { readonly default?: unknown }
    return (module.default ?? module) as T
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') throw missingPackage(adapter, [name])
    throw new ConfigurationError(`the package "${name}" could not be loaded.`, { adapter, cause })
  }
}

interface NodeModule {
  createRequire(from: string): { resolve(name: string): string }
}
interface NodeUrl {
  pathToFileURL(path: string): URL
}
interface ProcessLike {
  readonly env?: Readonly<Record<string, string | undefined>>
  cwd?(): string
  getBuiltinModule?(name: string): unknown
}

const process: ProcessLike | undefined = (globalThis as { process?: ProcessLike }).process

/** URL of a package as the application sees it; undefined where nothing can be resolved, then the runtime's own import decides. */
function resolveFromApplication(module: string): string | undefined {
  const nodeModule = process?.getBuiltinModule?.('node:module') as NodeModule | undefined
  const nodeUrl = process?.getBuiltinModule?.('node:url') as NodeUrl | undefined
  const folder = process?.cwd?.()
  if (nodeModule === undefined || nodeUrl === undefined || folder === undefined) return undefined
  try {
    return nodeUrl.pathToFileURL(nodeModule.createRequire(`${folder}/`).resolve(module)).href
  } catch {
    return undefined
  }
}

function isMissing(error: unknown, module: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && typeof message === 'string' && message.includes(module)
}

function environment(name: string): string | undefined {
  return process?.env?.[name]
}

function known(): string {
  return Object.keys(builtIn).join(', ')
}

function withoutAdapter({ adapter: _, ...options }: { readonly adapter: string }): object {
  return options
}
