import { describe, expect, it } from 'vitest'
import { seenAppends } from '../../../test/faults/seen-appends.js'

const events = () => [
  { id: crypto.randomUUID(), type: 'A', data: 1 },
  { id: crypto.randomUUID(), type: 'B', data: 2 },
]

describe('settling an append with expectation any, whose ids stood in the stream before', () => {
  for (const opened of ['the same adapter', 'an adapter opened later'] as const)
    it(`stores it once more: what ${opened} finds from before is not this call’s`, async (context) => {
      const first = await seenAppends(context)
      const known = events()
      await first.adapter.appendToStream('s', known)
      const { adapter, intercept, sent } = opened === 'the same adapter' ? first : await seenAppends(context, 4, first.db)
      sent.length = 0
      let cuts = 0
      intercept((config, run) => {
        cuts += 1
        if (cuts > 1) return run(config)
        return Promise.reject(new Error('Connection terminated unexpectedly'))
      })
      expect(await adapter.appendToStream('s', known)).toMatchObject({ firstVersion: 3, version: 4 })
      expect(sent).toEqual(['v2', 'v2'])
      expect((await adapter.readStream('s').toArray()).map(({ id }) => id)).toEqual([...known, ...known].map(({ id }) => id))
    })

  it('and what was stored before the answer was lost is found, though others have appended since', async (context) => {
    const { db, adapter, intercept } = await seenAppends(context)
    const rival = db.open()
    const given = events()
    let cuts = 0
    intercept(async (config, run) => {
      cuts += 1
      if (cuts > 1) return run(config)
      await run(config)
      for (let n = 0; n < 3; n += 1) await rival.appendToStream('s', events())
      throw new Error('Connection terminated unexpectedly')
    })
    expect(await adapter.appendToStream('s', given)).toMatchObject({ firstVersion: 1, version: 2 })
    expect((await adapter.readStream('s').toArray()).filter(({ id }) => id === given[0]?.id)).toHaveLength(1)
  })

  it('does not go by a position of another run of the server: then the whole stream is searched', async (context) => {
    const { db, adapter } = await seenAppends(context)
    const [event] = events()
    await adapter.appendToStream('s', [event ?? { type: 'A', data: 1 }])
    const settle = (server: string) =>
      db.rows(
        `SELECT o_status, o_version::int FROM ${db.table('append_v2')}('s', NULL, -1, $1::uuid[], '{A}', '{1}', NULL, NULL, true, 0, 1000000, $2)`,
        [[event?.id], server],
      )
    const [run] = await db.rows('SELECT extract(epoch FROM pg_postmaster_start_time())::numeric(20, 6) AS run')
    expect(await settle('1.000000')).toEqual([{ o_status: 1, o_version: 1 }])
    expect(await settle(String(run?.run))).toEqual([{ o_status: 0, o_version: 2 }])
  })
})
