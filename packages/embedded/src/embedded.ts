import { resolve } from 'node:path'
import { type AdapterOptions, type EventStoreAdapter, createAdapter, readConfig, translateError } from '@millrace/core'
import { classifyError, migrateEngine, postgresBackend, schemaNames } from '@millrace/postgres/engine'
import { type PGliteLike, pgliteEngine } from './pglite-engine.js'

export interface EmbeddedOptions extends AdapterOptions {
  /**
   * Folder that holds the data; made if need be. Default: in memory, gone with the process. One process at a time may open it: a second
   * one gets a `configuration` error that names the first.
   */
  readonly folder?: string | undefined
  /** A PGlite of the caller's, never closed by the adapter. Instead of `folder`. */
  readonly pglite?: PGliteLike | undefined
  /** Schema that holds the tables. Default `millrace`. */
  readonly schema?: string | undefined
  /** Put before the names of tables and functions. Default: nothing. */
  readonly tablePrefix?: string | undefined
  /** `'auto'` (default) creates what is missing when opening; `'manual'` runs no DDL. */
  readonly setup?: 'auto' | 'manual' | undefined
}

/**
 * The embedded adapter: PostgreSQL in WebAssembly (PGlite) inside the process, with the tables and functions of `@millrace/postgres`.
 * No server; starting takes a few seconds. For development, tests, command-line tools and small applications.
 *
 * @param options {@link EmbeddedOptions}, or a URL: `pglite:./data` (a folder), `pglite:` (in memory). Errors: `configuration`.
 */
export function embedded(options: EmbeddedOptions | string = {}): EventStoreAdapter {
  const { engine, names, setup, timeoutMs, pageSize } = parse(options)
  const backend = postgresBackend(engine, {
    name: 'embedded',
    names,
    setup,
    order: 'settled',
    upgradeHint: 'Run upgradeEmbedded(options).',
  })
  return createAdapter(backend, { timeoutMs, pageSize })
}

/**
 * Brings a store that an older version made to what this one needs, in one transaction; one that is as it should be stays as it is.
 *
 * Errors: `configuration` when another process has the folder open.
 */
export async function upgradeEmbedded(options: EmbeddedOptions | string = {}): Promise<void> {
  const { engine, names } = parse(options)
  try {
    await migrateEngine(engine, names, 'settled')
  } catch (error) {
    throw translateError(error, { name: 'embedded', classifyError }, 'change').error
  } finally {
    await engine.close()
  }
}

function parse(options: EmbeddedOptions | string) {
  const { folder, pglite, schema, tablePrefix, setup = 'auto', ...rest } = read(options)
  const engine = pgliteEngine(pglite, folder === undefined ? undefined : resolve(folder))
  return { ...rest, setup, engine, names: schemaNames(schema, tablePrefix) }
}

function read(given: EmbeddedOptions | string): EmbeddedOptions {
  const { options, url } = readConfig<EmbeddedOptions>('embedded', given, {
    options: ['folder', 'pglite', 'pageSize'],
    parameters: { schema: 'string', tablePrefix: 'string', setup: ['auto', 'manual'], timeoutMs: 'number' },
    alternatives: [['folder', 'pglite']],
  })
  const folder = url === undefined ? '' : decodeURIComponent(url.pathname)
  return folder === '' ? options : { ...options, folder }
}
