import { once } from 'node:events'
import { inspect } from 'node:util'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { startChild } from '../../../test/faults/child.js'
import { asPool, database, failureOf, until } from '../../../test/faults/database.js'
import { postgres } from './postgres.js'

const event = { type: 'Happened', data: 1 }

describe('a pool of the caller’s', () => {
  it('is never ended by us, and keeps no listener of ours', async (context) => {
    const db = database(context)
    const pool = new pg.Pool({ connectionString: db.url, max: 3 })
    context.onTestFinished(() => pool.end())
    const listeners = pool.listenerCount('error')
    for (let round = 1; round <= 2; round += 1) {
      const adapter = db.open({ pool: asPool(pool) })
      expect((await adapter.appendToStream('s', [event])).version).toBe(round)
      expect(pool.listenerCount('error')).toBe(listeners + 1)
      await adapter.close()
      expect(pool.listenerCount('error')).toBe(listeners)
      expect(pool.ended || pool.ending).toBe(false)
    }
    const client = await pool.connect()
    expect(client.listenerCount('error')).toBe(0)
    client.release()
    expect((await pool.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })
  it('keeps its settings: no session of it is changed', async (context) => {
    const db = database(context)
    const pool = new pg.Pool({ connectionString: db.url, max: 1 })
    context.onTestFinished(() => pool.end())
    // Those of plpgsql appear when the session has run its first function.
    const settings = async () =>
      (await pool.query("SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'plpgsql.%' ORDER BY name")).rows
    const before = await settings()
    const adapter = db.open({ pool: asPool(pool) })
    await adapter.appendToStream('s', [event])
    await adapter.appendToStreams([
      { streamId: 's', events: [event] },
      { streamId: 't', events: [event] },
    ])
    await adapter.readAll().toArray()
    expect(await settings()).toEqual(before)
  })
  it('may be made on first use', async (context) => {
    const db = database(context)
    let made = 0
    const pool = new pg.Pool({ connectionString: db.url, max: 1 })
    context.onTestFinished(() => pool.end())
    const adapter = db.open({
      pool: () => {
        made += 1
        return asPool(pool)
      },
    })
    expect(made).toBe(0)
    await Promise.all([adapter.appendToStream('s', [event]), adapter.appendToStream('s', [event])])
    expect(made).toBe(1)
  })
  it('that is not one is a configuration error', async () => {
    const adapter = postgres({ pool: { query: () => undefined } as never })
    expect(await failureOf(adapter.open())).toMatchObject({ code: 'configuration', outcome: 'not-applied' })
    await adapter.close()
  })
  it('that is held by others gives an error in time, and works as soon as it is free', async (context) => {
    const db = database(context)
    const pool = new pg.Pool({ connectionString: db.url, max: 1 })
    context.onTestFinished(() => pool.end())
    const adapter = db.open({ pool: asPool(pool) })
    await adapter.open()
    const held = await pool.connect()
    const from = performance.now()
    expect(await failureOf(adapter.appendToStream('s', [event], { timeoutMs: 200 }))).toMatchObject({
      code: 'timeout',
      outcome: 'not-applied',
      retryable: true,
    })
    expect(performance.now() - from).toBeLessThan(1500)
    held.release()
    expect((await adapter.appendToStream('s', [event])).version).toBe(1)
    await until(() => pool.idleCount === 1 && pool.waitingCount === 0)
  })
})

describe('connections that the server ends', () => {
  it('while idle do not end the process, and the next call works', async (context) => {
    const db = database(context)
    await db.open().open()
    const child = startChild('killed-idle.child.mjs', [db.schema], { MILLRACE_TEST_POSTGRES_URL: db.url })
    await child.said('idle')
    const killed = await db.rows('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [db.schema])
    expect(killed.length).toBeGreaterThanOrEqual(2)
    child.process.stdin?.end('go\n')
    expect([await child.ended, child.stderr()]).toEqual([0, ''])
    expect(child.stdout()).toContain('own 2\ncallers 3')
  })
  it('while a call, a read and a subscription are under way: all of them go on', async (context) => {
    const db = database(context)
    const name = `busy_${db.schema}`
    const adapter = db.open({ connection: `${db.url}?application_name=${name}` })
    await adapter.appendToStream('s', [event])
    const seen: number[] = []
    const subscription = adapter.subscribeToAll()
    const following = (async () => {
      for await (const { version } of subscription) {
        seen.push(version)
        if (seen.length === 41) break
      }
    })()
    for (let round = 0; round < 40; round += 1) {
      const appending = adapter.appendToStream('s', [event], { expectedVersion: 'streamExists' })
      if (round % 4 === 0) await db.rows('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [name])
      await appending
      await adapter.getStreamState('s')
    }
    await following
    expect(seen).toEqual(Array.from({ length: 41 }, (_, index) => index + 1))
  })
  it('during a set-up: a client that waits for an answer has a listener for its error', async (context) => {
    const db = database(context)
    const pool = new pg.Pool({ connectionString: db.url, max: 1 })
    context.onTestFinished(() => pool.end())
    const listeners: number[] = []
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (config: unknown) => unknown
      Object.assign(client, {
        query: (config: unknown) => {
          listeners.push(client.listenerCount('error'))
          return query(config)
        },
      })
    })
    await db.open({ pool: asPool(pool) }).open()
    expect(listeners.length).toBeGreaterThan(5)
    expect(Math.min(...listeners)).toBeGreaterThan(0)
  })
})

describe('named statements', () => {
  it('that the server has forgotten, or that somebody made under the same name, are sent once more without a name', async (context) => {
    const db = database(context)
    const pool = new pg.Pool({ connectionString: db.url, max: 1 })
    context.onTestFinished(() => pool.end())
    const adapter = db.open({ pool: asPool(pool) })
    await adapter.appendToStream('s', [event])
    await adapter.getStreamState('s')
    // 26000: gone, though the driver believes that it is there.
    await pool.query('DEALLOCATE ALL')
    expect((await adapter.appendToStream('s', [event])).version).toBe(2)
    expect(await adapter.getStreamState('s')).toMatchObject({ version: 2 })
    // 42P05: there, though the driver does not know.
    const client = await pool.connect()
    ;(client as unknown as { connection: { parsedStatements: object } }).connection.parsedStatements = {}
    client.release()
    await pool.query({ name: 'other', text: 'SELECT 1' })
    expect((await adapter.appendToStream('s', [event])).version).toBe(3)
    expect((await adapter.appendToStream('s', [event])).version).toBe(4)
    expect(await adapter.readStream('s').toArray()).toHaveLength(4)
  })
  it('are not made where preparedStatements is false', async (context) => {
    const db = database(context)
    const pool = new pg.Pool({ connectionString: db.url, max: 1 })
    context.onTestFinished(() => pool.end())
    const adapter = db.open({ pool: asPool(pool), preparedStatements: false })
    await adapter.appendToStream('s', [event])
    await adapter.readAll().toArray()
    expect((await pool.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([])
  })
})

describe('sessions', () => {
  it('1,000 appends, conflicts among them, leave none idle in a transaction and none behind after close', async (context) => {
    const db = database(context)
    const adapter = db.open({ connection: `${db.url}?application_name=app_${db.schema}` })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 1000 }, (_, index) =>
        adapter.appendToStream(`s-${index % 50}`, [event], { expectedVersion: index % 3 === 0 ? 'noStream' : 'any', timeoutMs: 60_000 }),
      ),
    )
    const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : []))
    expect(new Set(failed)).toEqual(new Set(['concurrency']))
    const sessions = (): Promise<Record<string, unknown>[]> =>
      db.rows('SELECT state, query FROM pg_stat_activity WHERE application_name = $1', [`app_${db.schema}`])
    expect((await sessions()).filter(({ state }) => String(state).startsWith('idle in transaction'))).toEqual([])
    expect(await db.rows(`SELECT count(*)::int AS n FROM ${db.table('events')}`)).toEqual([{ n: 1000 - failed.length }])
    await adapter.close()
    await until(async () => (await sessions()).length === 0)
  })
})

describe('a password', () => {
  const secret = 'correct-horse-battery'
  const everything = (error: Error): string =>
    `${error.message}\n${error.stack}\n${JSON.stringify(error)}\n${inspect(error, { depth: 9, showHidden: true })}\n${inspect(error.cause, { depth: 9, showHidden: true })}`
  it.each([
    ['an unreachable port', `postgres://app:${secret}@127.0.0.1:1/shop`, 'unavailable'],
    ['an unreachable host', `postgres://app:${secret}@nowhere.invalid/shop?tls=off`, 'unavailable'],
    ['a socket that does not exist', `postgres:///shop?host=/nowhere&user=app&password=${secret}`, 'unavailable'],
  ])('does not show in the error of %s', async (_what, url, code) => {
    const adapter = postgres({ connection: url, timeoutMs: 1000 })
    for (const work of [() => adapter.open(), () => adapter.appendToStream('s', [event]), () => adapter.readAll().toArray()]) {
      const error = await failureOf(work())
      expect(error).toMatchObject({ code, outcome: 'not-applied', retryable: true })
      expect(everything(error)).not.toContain(secret)
    }
    expect(inspect(adapter, { depth: 9, showHidden: true })).not.toContain(secret)
    await adapter.close()
  })
  it('that is wrong, a user, a database that does not exist, or a server without TLS: typed, and it does not show', async (context) => {
    const db = database(context)
    const url = new URL(db.url)
    url.password = secret
    const make = (change: (to: URL) => void): string => {
      const to = new URL(url)
      change(to)
      return to.href
    }
    const cases: [string, string][] = [
      [make((to) => (to.username = 'nobody_at_all')), 'access-denied'],
      [make((to) => (to.pathname = '/no_such_database')), 'configuration'],
      [make((to) => to.searchParams.set('tls', 'verify')), 'configuration'],
    ]
    for (const [connection, code] of cases) {
      const adapter = postgres(connection)
      const error = await failureOf(adapter.open())
      expect(error).toMatchObject({ code, outcome: 'not-applied', retryable: false })
      expect(everything(error)).not.toContain(secret)
      await adapter.close()
    }
  })
  it('does not show when the server asks for one and refuses it', async () => {
    const { createServer } = await import('node:net')
    // A server that asks for the password in clear text, and answers as PostgreSQL does: 28P01.
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]))
        socket.once('data', () => {
          const fields = Buffer.from('SFATAL\0C28P01\0Mpassword authentication failed for user "app"\0\0')
          const length = Buffer.alloc(4)
          length.writeInt32BE(fields.length + 4)
          socket.end(Buffer.concat([Buffer.from('E'), length, fields]))
        })
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const adapter = postgres(`postgres://app:${secret}@127.0.0.1:${port}/shop`)
    const error = await failureOf(adapter.appendToStream('s', [event]))
    expect(error).toMatchObject({ code: 'access-denied', outcome: 'not-applied' })
    expect(everything(error)).not.toContain(secret)
    await adapter.close()
    server.close()
  })
})
