import type { EventEmitter } from 'node:events'
import { type BackendCall, ConfigurationError, loadPackage } from '@millrace/core'
import type { ParsedOptions, PoolConfig, PooledClient, PostgresClient, PostgresPool } from './options.js'
import { poolConfig } from './pool-config.js'
import { type StatementNames, runStatement } from './run-statement.js'
import { createSessions } from './sessions.js'
import { DriverFailure, type Engine, type Row, type Work, failed, pastDeadline } from './store.js'

/** A client that dies while it is lent tells its statement too. */
function ignore(): void {}

/**
 * A pool lends a new client in the middle of what the server says, before whoever asked for it can listen: a session that is ended at
 * once, in the same piece, would end the process.
 */
function listenMeanwhile(client: PostgresClient): void {
  client.on('error', ignore)
  setImmediate(() => client.removeListener('error', ignore))
}

type OwnPool = PostgresPool & { end(): Promise<void> }

/** The engine over a `pg` pool. Pools live in closures: `util.inspect` of one shows the password. */
export function poolEngine(options: ParsedOptions): Engine & Required<Pick<Engine, 'session'>> {
  const names: StatementNames | undefined = options.preparedStatements ? new Map() : undefined
  const listeners = new Set<() => void>()
  const hearing = new Set<() => void>()
  let own: OwnPool | undefined
  let pool: (PostgresPool & EventEmitter) | undefined

  /** A pool whose idle client dies ends the process unless somebody listens. */
  function onLost(): void {
    for (const listener of listeners) listener()
  }

  async function theirsOrOurs(): Promise<PostgresPool & EventEmitter> {
    if (pool !== undefined) return pool
    const { pool: given } = options
    if (given === undefined) own = await makePool(options)
    const made = own ?? (typeof given === 'function' ? given() : given)
    if (typeof made?.connect !== 'function' || typeof made.on !== 'function')
      throw new ConfigurationError('pool is no pg.Pool.', { adapter: 'postgres' })
    pool = made as PostgresPool & EventEmitter
    pool.on('error', onLost)
    pool.on('connect', listenMeanwhile)
    return pool
  }

  async function connect(): Promise<PooledClient> {
    return (pool ?? (await theirsOrOurs())).connect().catch(failed('connect'))
  }
  /** A connection, or the signal's reason as soon as it aborts: one that comes later goes straight back. */
  async function acquire(call: BackendCall): Promise<PooledClient> {
    const connecting = connect()
    try {
      return await call.unlessAborted('signal', connecting)
    } catch (error) {
      connecting.then((client) => client.release(), ignore)
      throw error
    }
  }
  /** Runs work on a client, which then goes back; after an error of which `isOver` says so its connection ends. */
  async function lend<T>(client: PooledClient, work: () => Promise<T>, isOver = (_error: unknown) => true): Promise<T> {
    client.on('error', ignore)
    let over = false
    try {
      return await work()
    } catch (error) {
      over = isOver(error)
      throw error
    } finally {
      client.release(over)
      client.removeListener('error', ignore)
    }
  }

  /** Runs one statement; on abort while it runs its connection is destroyed, which is what frees the server's side too. */
  async function run(client: PooledClient, { statement, parameters, call }: Work, until: 'signal' | 'deadline'): Promise<readonly Row[]> {
    const isAbort = (error: unknown): boolean => call[until].aborted && error === call[until].reason
    const work = (): Promise<readonly Row[]> => {
      const running = runStatement(client, statement, parameters, names).catch((error: unknown) => {
        if (names !== undefined && isStalePlan(error)) return runStatement(client, statement, parameters)
        throw error
      })
      return call.unlessAborted(until, running)
    }
    try {
      return await lend(client, work, (error) => isAbort(error) || isConnectionLoss(error))
    } catch (error) {
      if (isAbort(error)) throw until === 'deadline' ? pastDeadline() : error
      if (isConnectionLoss(error)) onLost()
      throw new DriverFailure('query', error)
    }
  }

  return {
    single: false,
    stripsByteOrderMark: false,
    async open() {
      await theirsOrOurs()
    },
    async close() {
      pool?.removeListener('error', onLost)
      pool?.removeListener('connect', listenMeanwhile)
      for (const end of hearing) end()
      const ending = own
      own = pool = undefined
      // Ending leaves a last idle client a moment in which its error has nobody else to listen.
      ending?.on('error', ignore)
      await ending?.end()
    },
    read: async (statement, parameters, call) => run(await acquire(call), { statement, parameters, call }, 'signal'),
    change: async (statement, parameters, call) => run(await acquire(call), { statement, parameters, call }, 'deadline'),
    async flush(pick) {
      const client = await connect()
      const work = pick()
      if (work !== undefined) return run(client, work, 'deadline')
      client.release()
      return []
    },
    connections: () => (pool as { readonly options?: { readonly max?: number } } | undefined)?.options?.max ?? 10,
    async listen(channel, heard, lost) {
      const client = (await connect()) as PooledClient & EventEmitter
      function end(): void {
        if (!hearing.delete(end)) return
        client.removeListener('notification', heard)
        client.release(true)
        lost()
      }
      hearing.add(end)
      client.on('error', end)
      client.on('end', end)
      client.on('notification', heard)
      await client.query({ text: `LISTEN "${channel}"` }).catch((error: unknown) => {
        end()
        throw new DriverFailure('query', error)
      })
      return end
    },
    // What failed may have left a transaction: it ends with its connection.
    ...createSessions(async (work) => {
      const client = await connect()
      return lend(client, () => work(client))
    }),
    onConnectionLost: (listener) => void listeners.add(listener),
  }
}

/** Whether the server no longer has, or may no longer use, the plan of a named statement; it has done nothing then. */
function isStalePlan(error: unknown): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown }
  return code === '26000' || code === '42P05' || (code === '0A000' && routine === 'RevalidateCachedQuery')
}

/** Whether the session is gone: no SQLSTATE at all, or one that says so. */
function isConnectionLoss(error: unknown): boolean {
  const { code, severity } = error as { code?: unknown; severity?: unknown }
  return severity === undefined || severity === 'FATAL' || severity === 'PANIC' || /^(?:08|57P)/u.test(String(code))
}

interface Module {
  readonly Pool: new (config: PoolConfig) => OwnPool
}

async function makePool(options: ParsedOptions): Promise<OwnPool> {
  const config = poolConfig(options)
  const module = await loadPackage<Module & { readonly default?: Module }>('postgres', 'pg', () => import('pg'))
  return new (module.default ?? module).Pool(config)
}
