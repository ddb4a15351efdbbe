import { describe, expect, it } from 'vitest'
import { type Database, database, until } from '../../../test/faults/database.js'
import { seenAppends } from '../../../test/faults/seen-appends.js'
import type { PostgresOptions } from './options.js'

const event = { type: 'Happened', data: 1 }

/** An adapter on connections of its own name, and how often they have run what. */
async function observed(db: Database, options: PostgresOptions = {}) {
  const name = `live_${db.schema}_${options.wake ?? 'none'}`
  const adapter = db.open({ connection: `${db.url}?application_name=${name}`, ...options })
  await adapter.open()
  const sessions = () => db.rows('SELECT pid, query, wait_event FROM pg_stat_activity WHERE application_name = $1', [name])
  return { adapter, sessions }
}

describe('waiting subscriptions', () => {
  it('hear of another adapter’s appends, in order, all of them, whoever shares the poller', async (context) => {
    const db = database(context)
    const { adapter } = await observed(db)
    const writer = db.open()
    await writer.open()
    const control = new AbortController()
    const seen = Array.from({ length: 5 }, () => [] as number[])
    const following = seen.map(async (into, index) => {
      const subscription = index === 0 ? adapter.subscribeToStream<typeof event>('s') : adapter.subscribeToAll<typeof event>()
      for await (const { version } of subscription) if (into.push(version) === 60) break
    })
    for (let n = 0; n < 60; n += 1) await writer.appendToStream('s', [event])
    await Promise.all(following)
    for (const one of seen) expect(one).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
    control.abort()
  })

  it('ask once for all of them: 20 that wait cost no more round trips than one', async (context) => {
    const { db, adapter, statements } = await seenAppends(context)
    await adapter.appendToStream('s', [event])
    const control = new AbortController()
    let caughtUp = 0
    const following = Array.from({ length: 20 }, async () => {
      for await (const message of adapter.subscribeToAll({ signal: control.signal }).messages())
        if (message.kind === 'caughtUp') caughtUp += 1
    })
    await until(() => caughtUp === 20)
    const polls = () => statements.filter((text) => text.startsWith('SELECT max(position)')).length
    const before = [statements.length, polls()]
    // Six looks of the poller, each later than the one before; nobody else asks for anything.
    await until(() => polls() >= (before[1] ?? 0) + 6)
    expect(statements.length - (before[0] ?? 0)).toBeLessThanOrEqual(6 + 20)
    await db.open().appendToStream('s', [event])
    control.abort()
    await Promise.allSettled(following)
  })

  it('ask for nothing when nobody waits', async (context) => {
    const { adapter, statements } = await seenAppends(context)
    const subscription = adapter.subscribeToAll()
    await adapter.appendToStream('s', [event])
    for await (const one of subscription) if (one.version === 1) break
    const [before] = [statements.length]
    await adapter.getStreamState('s')
    await new Promise((resolve) => setImmediate(resolve))
    await adapter.getStreamState('s')
    // Only what was under way when the last one left may still have come.
    expect(statements.length - before).toBeLessThanOrEqual(2 + 1)
  })

  it('go on past a transaction that was open, without another append', async (context) => {
    const db = database(context)
    const { adapter } = await observed(db)
    await adapter.appendToStream('s', [event])
    const streams: string[] = []
    const following = (async () => {
      for await (const { streamId } of adapter.subscribeToAll()) if (streams.push(streamId) === 4) break
    })()
    await until(() => streams.length === 1)
    const holder = await db.admin.connect()
    await holder.query('BEGIN')
    await adapter.withClient(holder as never).appendToStream('held', [event])
    await adapter.appendToStream('s', [event])
    await adapter.appendToStream('s', [event])
    expect(streams).toEqual(['s'])
    await holder.query('COMMIT')
    holder.release()
    await following
    expect(streams).toEqual(['s', 'held', 's', 's'])
  })
})

describe("wake: 'notify'", () => {
  it('listens on one connection while somebody waits, and tells others after the commit, never within it', async (context) => {
    const db = database(context)
    const { adapter, sessions } = await observed(db, { wake: 'notify' })
    const { adapter: writer, statements } = await seenAppends(context, 4, db, { wake: 'notify' })
    const listening = async () => (await sessions()).filter(({ query }) => String(query).startsWith('LISTEN'))
    const control = new AbortController()
    const seen: number[] = []
    const following = (async () => {
      for await (const { version } of adapter.subscribeToAll({ signal: control.signal })) seen.push(version)
    })().catch((error: unknown) => error)
    await until(async () => (await listening()).length === 1)
    for (let n = 0; n < 20; n += 1) await writer.appendToStream('s', [event])
    await until(() => seen.length === 20)
    await until(() => statements.some((text) => text.includes('pg_notify')))
    expect(statements.filter((text) => text.includes('append_') && text.includes('notify'))).toEqual([])
    // Debounced: fewer than there were appends.
    expect(statements.filter((text) => text.includes('pg_notify')).length).toBeLessThan(20)
    control.abort()
    await following
    await until(async () => (await listening()).length === 0)
  })

  it('goes on by looking when the listening connection is lost, and listens again', async (context) => {
    const db = database(context)
    const { adapter, sessions } = await observed(db, { wake: 'notify' })
    const writer = db.open({ wake: 'notify' })
    const seen: number[] = []
    const following = (async () => {
      for await (const { version } of adapter.subscribeToAll()) if (seen.push(version) === 3) break
    })()
    const listener = async () => (await sessions()).find(({ query }) => String(query).startsWith('LISTEN'))?.pid
    await until(async () => (await listener()) !== undefined)
    const first = await listener()
    await writer.appendToStream('s', [event])
    await until(() => seen.length === 1)
    await db.rows('SELECT pg_terminate_backend($1)', [first])
    await writer.appendToStream('s', [event])
    await until(() => seen.length === 2)
    await until(async () => ![undefined, first].includes((await listener()) as never))
    await writer.appendToStream('s', [event])
    await following
    expect(seen).toEqual([1, 2, 3])
  })

  it('lets the adapter close while a subscription is suspended', async (context) => {
    const db = database(context)
    const { adapter, sessions } = await observed(db, { wake: 'notify' })
    await adapter.appendToStream('s', [event, event])
    const iterator = adapter.subscribeToAll()[Symbol.asyncIterator]()
    await iterator.next()
    await until(async () => (await sessions()).some(({ query }) => String(query).startsWith('LISTEN')))
    await adapter.close()
    await until(async () => (await sessions()).length === 0)
  })
})
