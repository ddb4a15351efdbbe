import { type AdapterOptions, ConfigurationError, readConfig } from '@millrace/core'
import { type ConnectionUrl, parseConnectionUrl } from './connection-url.js'
import type { EventStoreDBClient } from './driver.js'

export interface EventStoreDBOptions extends AdapterOptions {
  /**
   * Connection string: `esdb://` and `esdb+discover://` use the package `@eventstore/db-client`, `kurrentdb://` and `kurrentdb+discover://`
   * the package `@kurrent/kurrentdb-client`; where only the other is installed, that. The adapter makes its own client of it, and `close()`
   * ends that.
   */
  readonly connection?: string | undefined
  /**
   * The caller's client, or what makes it on first use: never disposed. Instead of `connection`. Refused when another adapter of this process
   * uses the other package.
   *
   * Its keep-alive is the caller's too: without it (`keepAliveInterval` −1) a connection that fell silent is not noticed, so subscriptions that
   * were confirmed wait for ever, and each call takes its whole time. The clients have it on, 10 s and 10 s, unless told otherwise.
   */
  readonly client?: EventStoreDBClient | (() => EventStoreDBClient) | undefined
}

export interface ParsedOptions extends AdapterOptions {
  readonly connection: ConnectionUrl | undefined
  readonly client: EventStoreDBClient | (() => EventStoreDBClient) | undefined
}

/** Errors: `configuration`. */
export function parseOptions(given: EventStoreDBOptions | EventStoreDBClient | (() => EventStoreDBClient) | string): ParsedOptions {
  if (typeof given === 'string') {
    const connection = parseConnectionUrl(given)
    return { connection, client: undefined, timeoutMs: connection.timeoutMs }
  }
  if (typeof given === 'function' || (typeof given === 'object' && given !== null && 'appendToStream' in given))
    return { connection: undefined, client: given }
  const { options } = readConfig<EventStoreDBOptions>('eventstoredb', given, {
    options: ['connection', 'client', 'timeoutMs', 'pageSize'],
    parameters: {},
  })
  const { connection, client, timeoutMs, pageSize } = options
  if ((connection === undefined) === (client === undefined))
    throw new ConfigurationError('give either connection or client.', {
      adapter: 'eventstoredb',
      hint: "For example { connection: 'esdb://localhost:2113?tls=false' }.",
    })
  // Now, not when it connects: a mistake in a URL is one of the program's start.
  const url = connection === undefined ? undefined : parseConnectionUrl(connection)
  return { connection: url, client, timeoutMs: timeoutMs ?? url?.timeoutMs, pageSize }
}
