import { mkdir, realpath } from 'node:fs/promises'
import { type BackendCall, loadPackage } from '@millrace/core'
import type { Engine, Parameter, Row } from '@millrace/postgres/engine'
import { type FolderLock, lockFolder } from './folder-lock.js'

/** What we call of PGlite. A structural type: the caller's may be another copy or version than ours. */
export interface PGliteLike {
  query(
    sql: string,
    parameters: unknown[],
    options: {
      rowMode: 'array'
      parsers: Record<number, (value: string) => unknown>
      serializers: Record<number, (value: unknown) => unknown>
    },
  ): Promise<{ readonly rows: readonly unknown[] }>
  exec(sql: string): Promise<unknown>
  transaction<T>(run: (transaction: Pick<PGliteLike, 'query' | 'exec'>) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Types that PGlite would turn into values; here everything stays the text that the server prints. */
const resultTypes = [16, 17, 20, 21, 23, 25, 26, 114, 700, 701, 1184, 2950]
/** Types of our parameters: bytes go to the server in its binary format, everything else as text. */
const parameterTypes = [16, 17, 20, 21, 23, 25, 114, 1001, 1007, 1009, 1016, 199, 2205, 2950, 2951]

const queryOptions = {
  rowMode: 'array' as const,
  parsers: Object.fromEntries(resultTypes.map((type) => [type, (value: string): unknown => value])),
  serializers: Object.fromEntries(
    parameterTypes.map((type) => [type, (value: unknown): unknown => (value instanceof Uint8Array ? value : String(value))]),
  ),
}

/** The engine over PGlite: one connection that runs statements one after the other. */
export function pgliteEngine(given: PGliteLike | undefined, folder: string | undefined): Engine & Required<Pick<Engine, 'close'>> {
  let opening: Promise<PGliteLike> | undefined
  let lock: FolderLock | undefined

  /** Starting takes seconds: a caller who gives up leaves it to the next. A failure is not kept. */
  function database(): Promise<PGliteLike> {
    opening ??= start().catch(async (error: unknown) => {
      opening = undefined
      await lock?.release()
      lock = undefined
      throw error
    })
    return opening
  }
  async function start(): Promise<PGliteLike> {
    if (given !== undefined) return given
    const { PGlite } = await loadPGlite()
    if (folder === undefined) return PGlite.create()
    await mkdir(folder, { recursive: true })
    // One folder under two names is one folder.
    const real = await realpath(folder)
    lock = await lockFolder(real)
    return PGlite.create(real)
  }

  /** PGlite cannot cancel: a caller who gives up goes, the statement goes on. */
  async function run(
    statement: string,
    parameters: readonly Parameter[],
    call: BackendCall,
    until: 'signal' | 'deadline',
  ): Promise<readonly Row[]> {
    const db = await call.unlessAborted('signal', database())
    return call.unlessAborted(until, query(db, statement, parameters))
  }

  return {
    single: true,
    // 0.5.16 takes a leading U+FEFF of a text for a byte order mark and drops it, so that two names become one.
    texts: { select: (column) => `'.' || ${column}`, read: (text) => text.slice(1) },
    async open(call) {
      await call.unlessAborted('signal', database())
    },
    async close() {
      const db = await opening?.catch(() => undefined)
      opening = undefined
      if (given === undefined) await db?.close()
      await lock?.release()
      lock = undefined
    },
    read: (statement, parameters, call) => run(statement, parameters, call, 'signal'),
    change: (statement, parameters, call) => run(statement, parameters, call, 'deadline'),
    async transaction(work) {
      return (await database()).transaction((transaction) =>
        work({
          query: (statement, parameters) => query(transaction, statement, parameters),
          script: async (sql) => void (await transaction.exec(sql)),
        }),
      )
    },
  }
}

async function query(db: Pick<PGliteLike, 'query'>, statement: string, parameters: readonly Parameter[]): Promise<readonly Row[]> {
  return (await db.query(statement, [...parameters], queryOptions)).rows as readonly Row[]
}

function loadPGlite(): Promise<{ readonly PGlite: { create(folder?: string): Promise<PGliteLike> } }> {
  return loadPackage('embedded', '@electric-sql/pglite', () => import('@electric-sql/pglite'))
}
