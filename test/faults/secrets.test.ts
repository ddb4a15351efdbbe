import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { openEventStore } from '@millrace/core'
import { createFaultProxy } from '@millrace/core/testing'
import { migrations, postgres } from '@millrace/postgres'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { cluster } from './cluster.js'
import { asPool } from './database.js'

// Fault 35: a password that the server really asks for, looked for in everything that can be seen from outside.

const secret = 'sentinel-horse-battery'
const payload = 'sentinel-payload'

/** Everything that can be made to be seen of a value. */
function shown(value: unknown): string {
  const texts = [inspect(value, { depth: 12, showHidden: true, getters: true }), String(value)]
  try {
    texts.push(JSON.stringify(value) ?? '')
  } catch {
    // A circle has no JSON to leak in.
  }
  if (value instanceof Error) {
    texts.push(value.message, value.stack ?? '', inspect(value, { depth: 12, showHidden: true }))
    if (value.cause !== undefined) texts.push(shown(value.cause))
  }
  return texts.join('\n')
}

test('a password and a payload show nowhere: adapters, errors of every kind, diagnostics, console', async (context) => {
  const server = await cluster(context)
  await server.start()
  const admin = new pg.Client({ connectionString: server.url })
  admin.on('error', () => undefined)
  await admin.connect()
  await admin.query(`CREATE ROLE app LOGIN PASSWORD '${secret}'`)
  await admin.query('CREATE SCHEMA shop AUTHORIZATION app')
  await admin.query(`CREATE ROLE reader LOGIN PASSWORD '${secret}'`)
  await server.write('pg_hba.conf', 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n')
  await admin.query('SELECT pg_reload_conf()')
  const proxy = await createFaultProxy({ host: server.host, port: server.port })
  context.onTestFinished(() => proxy.close())

  const seen: string[] = []
  const note = (value: unknown): void => void seen.push(shown(value))
  const onAttempt = (message: unknown): void => note(message)
  subscribe('millrace:attempt', onAttempt)
  const written = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => (note(text), true)),
  )
  const onWarning = (warning: Error): void => note(warning)
  process.on('warning', onWarning)
  context.onTestFinished(() => {
    unsubscribe('millrace:attempt', onAttempt)
    for (const spy of written) spy.mockRestore()
    process.off('warning', onWarning)
  })

  const url = (user = 'app', more = '', port = proxy.port, password = secret) =>
    `postgres://${user}:${password}@127.0.0.1:${port}/postgres${more}`
  const events = [{ type: 'Happened', data: { card: payload }, metadata: { note: payload } }]
  let failures = 0
  const fails = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      failures += 1
      note(error)
      return
    }
    throw new Error('nothing failed')
  }

  // The password is the right one, and looked at.
  const adapter = postgres({ connection: url(), schema: 'shop' })
  note(adapter)
  await adapter.appendToStream('s', events)
  note(adapter)
  note(adapter.readStream('s'))
  note(adapter.subscribeToAll())
  const opened = await openEventStore(url('app', '?schema=shop'))
  note(opened)
  await opened.close()
  note(migrations({ connection: url(), schema: 'shop' }))
  note(await migrations({ connection: url(), schema: 'shop' }).check())

  const others: { close(): Promise<void> }[] = []
  const other = (options: Parameters<typeof postgres>[0]) => {
    const made = postgres(options)
    others.push(made)
    return made
  }
  // Refused, unknown, unreachable, without rights, misspelt.
  await fails(() => other(url('app', '', proxy.port, `${secret}x`)).open())
  await fails(() => other({ connection: { host: '127.0.0.1', port: proxy.port, user: 'app', password: `${secret}x` } }).open())
  await fails(() => other(url('nobody')).open())
  await fails(() => other({ connection: url('app', '', 1), timeoutMs: 200 }).open())
  await fails(() => other({ connection: url('reader'), schema: 'shop' }).appendToStream('s', events))
  await fails(() => other({ connection: url('reader'), schema: 'nowhere' }).open())
  await fails(() => other({ connection: url(), tls: 'verify', schema: 'shop' }).open())
  for (const mistake of [
    url('app', '?shema=shop'),
    url('app', '#x'),
    `${url()}%`,
    `postgress${url().slice(8)}`,
    url('app', '?sslmode=maybe'),
  ])
    await fails(async () => other(mistake).open())
  await fails(() => openEventStore(`postgress${url().slice(8)}`))
  await fails(() => openEventStore(url('app', '?shema=shop')))
  // Conflicts, bad values, a value that the server refuses, lost answers, silence, an end of the server.
  await fails(() => adapter.appendToStream('s', events, { expectedVersion: 7 }))
  await fails(() => adapter.appendToStream('s', [{ type: 'A', data: { note: payload, amount: Number.NaN } }]))
  await fails(() => adapter.appendToStream('s', [{ type: 'A', data: payload.repeat(700_000) }]))
  await admin.query('ALTER TABLE shop.events ADD CONSTRAINT small CHECK (length(event_data::text) < 10) NOT VALID')
  await fails(() => adapter.appendToStream('s', events))
  await admin.query('ALTER TABLE shop.events DROP CONSTRAINT small')
  proxy.inject({ fault: 'cut-after', when: (bytes) => Buffer.from(bytes).includes(payload), times: Infinity })
  await fails(() => adapter.appendToStream('s', events, { timeoutMs: 300 }))
  await proxy.down()
  await fails(() => adapter.appendToStream('s', events, { timeoutMs: 300 }))
  await fails(() => adapter.readAll({ timeoutMs: 300 }).toArray())
  const pool = new pg.Pool({ connectionString: url(), max: 1, connectionTimeoutMillis: 100 })
  others.push(other({ pool: asPool(pool), schema: 'shop', timeoutMs: 300 }))
  await fails(() => other({ pool: asPool(pool), schema: 'shop', timeoutMs: 300 }).open())
  for (const one of [adapter, ...others]) {
    await one.close()
    note(one)
  }
  await fails(() => adapter.getStreamState('s'))
  await pool.end()
  await admin.end()

  expect(failures).toBeGreaterThan(18)
  expect(seen.length).toBeGreaterThan(60)
  const leaks = seen.filter((text) => text.includes(secret) || text.includes(payload))
  expect(leaks).toEqual([])
  // A raw pool does show it, so that the search can find something.
  const raw = new pg.Pool({ connectionString: url() })
  await raw.connect().catch(() => undefined)
  expect(inspect(raw.options, { showHidden: true })).toContain(secret)
  await raw.end()
})
