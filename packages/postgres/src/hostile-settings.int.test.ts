import pg from 'pg'
import { expect, it } from 'vitest'
import { asPool, database } from '../../../test/faults/database.js'

const settings = {
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Australia/Lord_Howe',
  bytea_output: 'escape',
  search_path: 'nowhere',
  standard_conforming_strings: 'off',
  backslash_quote: 'off',
  extra_float_digits: '-15',
  default_transaction_isolation: 'serializable',
  lc_messages: 'C',
  row_security: 'off',
}

it('whatever the sessions of a pool are set to, everything reads back as appended', async (context) => {
  const db = database(context)
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
  const pool = new pg.Pool({ connectionString: db.url, max: 3, options: options.join(' ') })
  context.onTestFinished(() => pool.end())
  expect((await pool.query<{ DateStyle: string }>('SHOW DateStyle')).rows).toEqual([{ DateStyle: 'German, DMY' }])
  const adapter = db.open({ pool: asPool(pool) })
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
  const events = [
    {
      type: "Robert'); DROP TABLE events;--",
      data: { at: '01.02.2003', path: 'C:\\x\\\'"', n: 0.1 + 0.2, big: 9007199254740991 },
      metadata: { a: '\\' },
    },
    { type: 'Bytes', data: bytes },
  ]
  const streamId = 's\\\'"; --'
  await adapter.appendToStream(streamId, events, { streamType: "t'\\" })
  const before = Date.now()
  const stored = await adapter.readStream(streamId).toArray()
  expect(stored.map(({ type, data, metadata, streamType }) => ({ type, data, metadata, streamType }))).toEqual(
    events.map((event) => ({ metadata: undefined, ...event, streamType: "t'\\" })),
  )
  for (const { createdAt } of stored) expect(Math.abs(createdAt.getTime() - before)).toBeLessThan(60_000)
  expect(await adapter.readAll().toArray()).toEqual(stored)
  await adapter.setStreamMetadata(streamId, { path: 'C:\\' })
  expect(await adapter.getStreamMetadata(streamId)).toEqual({ metadata: { path: 'C:\\' }, version: 1 })
  const listed: string[] = []
  for await (const one of adapter.listStreams({ prefix: "s\\'" })) listed.push(one.streamId)
  expect(listed).toEqual([streamId])
  // Racing appends are conflicts under any default isolation level.
  const race = await Promise.allSettled(
    [1, 2, 3].map((n) => adapter.appendToStream('race', [{ type: 'N', data: n }], { expectedVersion: 'noStream' })),
  )
  expect(race.map((one) => (one.status === 'fulfilled' ? 'won' : (one.reason as { code: string }).code)).sort()).toEqual([
    'concurrency',
    'concurrency',
    'won',
  ])
})
