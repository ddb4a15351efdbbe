import type { EventEmitter } from 'node:events'
import { type BackendCall, loadPackage } from '@millrace/core'
import type { ParsedOptions, PoolConfig, PooledClient, PostgresClient, PostgresPool } from './options.js'
import { poolConfig, refused } from './pool-config.js'
import { type StatementNames, runStatement } from './run-statement.js'
import { createSessions } from './sessions.js'
import { ConnectFailure, type Engine, type Rows, type Work } from './store.js'

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
export function poolEngine(options: ParsedOptions): Engine & Required<Pick<Engine, 'close' | 'session' | 'transaction'>> {
  const names: StatementNames | undefined = options.preparedStatements ? new Map() : undefined
  const hearing = new Set<() => void>()
  /** A pool whose idle client dies ends the process unless somebody listens. */
  let onLost = ignore
  const lost = (): void => onLost()
  let own: OwnPool | undefined
  let pool: (PostgresPool & EventEmitter) | undefined

  async function theirsOrOurs(): Promise<PostgresPool & EventEmitter> {
    if (pool !== undefined) return pool
    const { pool: given } = options
    if (given === undefined) {
      const { Pool } = await loadPackage<{ readonly Pool: new (config: PoolConfig) => OwnPool }>('postgres', 'pg', () => import('pg'))
      own = new Pool(poolConfig(options))
    }
    const made = own ?? (typeof given === 'function' ? given() : given)
    if (typeof made?.connect !== 'function' || typeof made.on !== 'function') throw refused('pool is no pg.Pool.')
    pool = made as PostgresPool & EventEmitter
    pool.on('error', lost)
    pool.on('connect', listenMeanwhile)
    return pool
  }

  async function connect(): Promise<PooledClient> {
    return (pool ?? (await theirsOrOurs())).connect().catch((error: unknown) => {
      throw new ConnectFailure(error)
    })
  }
  /** A connection, or the signal's reason as soon as it aborts: one that comes later goes straight back. */
  const acquire = (call: BackendCall): Promise<PooledClient> => call.unlessAborted('signal', connect(), (client) => client.release())
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
  function run(client: PooledClient, { statement, parameters, call }: Work, until: 'signal' | 'deadline'): Promise<Rows> {
    const work = (): Promise<Rows> => {
      const running = runStatement(client, statement, parameters, names).catch((error: unknown) => {
        if (names !== undefined && isStalePlan(error)) return runStatement(client, statement, parameters)
        throw error
      })
      return call.unlessAborted(until, running)
    }
    return lend(client, work, (error) => {
      if (call[until].aborted && error === call[until].reason) return true
      const gone = isConnectionLoss(error)
      if (gone) lost()
      return gone
    })
  }

  return {
    single: false,
    open: async () => void (await theirsOrOurs()),
    async close() {
      pool?.removeListener('error', lost)
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
    async listen(channel, heard, over) {
      const client = (await connect()) as PooledClient & EventEmitter
      function end(): void {
        if (!hearing.delete(end)) return
        client.removeListener('notification', heard)
        client.release(true)
        over()
      }
      hearing.add(end)
      for (const event of ['error', 'end']) client.on(event, end)
      client.on('notification', heard)
      await client.query({ text: `LISTEN "${channel}"` }).catch((error: unknown) => {
        end()
        throw error
      })
      return end
    },
    // What failed may have left a transaction: it ends with its connection.
    ...createSessions(connect, lend),
    onConnectionLost: (listener) => void (onLost = listener),
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
