import { type AdapterOptions, type EventStoreAdapter, createAdapter, readConfig } from '@millrace/core'
import { fileBackend } from './file-backend.js'

export interface FileOptions extends AdapterOptions {
  /** File that holds the events; made if need be. */
  readonly path: string
}

/**
 * The factory under the name that `openEventStore` looks for in a third-party package:
 * `openEventStore({ adapter: '@acme/millrace-file', path: './events.ndjson' })`.
 */
export function adapter(options: FileOptions): EventStoreAdapter {
  const { path, ...rest } = readConfig<FileOptions>('file', options, { options: ['path', 'timeoutMs', 'pageSize'], parameters: {} }).options
  return createAdapter(fileBackend(path), rest)
}
