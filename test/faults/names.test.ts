import { migrations, postgres } from '@millrace/postgres'
import { describe, expect, test } from 'vitest'
import { database } from './database.js'

// Fault 30: names that are meant to break out. Hostile ids and payloads (31 to 33) are the cases SID and PAY of the conformance suite.

const hostile = [
  'x"; drop table ev; --',
  "'; DROP TABLE victim; --",
  'a$append$; DROP TABLE victim; --',
  '$$; DROP TABLE victim; $$',
  'select',
  'Größe 👍',
  'with space and.dot',
  '%s %I :name ? $1 {streams}',
  '\\',
  '"',
  'line\nbreak',
]

describe('schema and table names', () => {
  for (const name of hostile)
    test(`${JSON.stringify(name)}: quoted, and nothing else happens`, async (context) => {
      const db = database(context, name)
      const adapter = db.open({ tablePrefix: name })
      await db.rows('CREATE TABLE IF NOT EXISTS public.victim (n int)')
      expect((await adapter.appendToStream('s', [{ type: 'A', data: 1 }])).version).toBe(1)
      await adapter.appendToStreams([
        { streamId: 's', events: [{ type: 'B', data: 2 }] },
        { streamId: 't', events: [{ type: 'C', data: 3 }] },
      ])
      await adapter.setStreamMetadata('s', { a: 1 })
      await adapter.deleteStream('t')
      expect((await adapter.readStream('s').toArray()).map(({ data }) => data)).toEqual([1, 2])
      expect((await adapter.readAll().toArray()).map(({ data }) => data)).toEqual([1, 2, 3])
      expect(await migrations({ connection: db.url, schema: name, tablePrefix: name }).check()).toEqual([])
      const [row] = await db.rows(`SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = $1`, [name])
      expect(row?.tables).toBe(3)
      expect(await db.rows('SELECT count(*)::int AS n FROM public.victim')).toEqual([{ n: 0 }])
    })
  test('63 bytes pass, with umlauts too; one more is refused before anything connects', async (context) => {
    const fits = `${'é'.repeat(31)}x`
    const db = database(context, fits)
    const adapter = db.open()
    expect((await adapter.appendToStream('s', [{ type: 'A', data: 1 }])).version).toBe(1)
    const [row] = await db.rows('SELECT count(*)::int AS n FROM pg_namespace WHERE nspname = $1', [fits])
    expect(row?.n).toBe(1)
    for (const options of [
      { schema: `${fits}y` },
      { tablePrefix: 'p'.repeat(56) },
      { schema: '' },
      { schema: 'a\0b' },
      { schema: '\ud800' },
    ])
      expect(() => postgres({ connection: 'postgres://127.0.0.1:1/none', ...options }), JSON.stringify(options)).toThrow(
        expect.objectContaining({ code: 'configuration', outcome: 'not-applied' }),
      )
  })
  test('two adapters whose names differ only beyond what the server would cut never share a store', async (context) => {
    const db = database(context)
    const long = 'p'.repeat(48)
    const [one, other] = [db.open({ tablePrefix: `${long}1` }), db.open({ tablePrefix: `${long}2` })]
    await one.appendToStream('s', [{ type: 'A', data: 1 }])
    expect(await other.getStreamState('s')).toMatchObject({ status: 'missing' })
  })
})
