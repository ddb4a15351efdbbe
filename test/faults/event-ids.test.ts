import { describe, expect, test } from 'vitest'
import { database, failureOf } from './database.js'

// Fault 17: an event id that is there already, as the contract has it (§3). IDM-01…13 and DEL-07 of the conformance suite say it for every
// adapter; this is the table for PostgreSQL, with what was truncated and deleted.

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const events = (...numbers: number[]) => numbers.map((n) => ({ id: id(n), type: 'T', data: n }))

/** A stream of the events 1…4, in two appends. */
async function stored(context: Parameters<typeof database>[0]) {
  const db = database(context)
  const adapter = db.open()
  await adapter.appendToStream('s', events(1, 2), { expectedVersion: 'noStream' })
  await adapter.appendToStream('s', events(3, 4), { expectedVersion: 2 })
  return { db, adapter }
}

const conflict = { code: 'concurrency', outcome: 'not-applied' }

describe('a batch whose ids are there', () => {
  for (const [what, numbers, expectedVersion, result] of [
    ['the same batch', [1, 2], 'noStream', { firstVersion: 1, version: 2 }],
    ['the same later batch', [3, 4], 2, { firstVersion: 3, version: 4 }],
    ['a prefix', [3], 2, { firstVersion: 3, version: 3 }],
    ['two adjacent batches as one', [1, 2, 3, 4], 'noStream', { firstVersion: 1, version: 4 }],
    ['a superset', [3, 4, 5], 2, conflict],
    ['another order', [4, 3], 2, conflict],
    ['the right ids at the wrong place', [3, 4], 1, conflict],
    ['other ids', [8, 9], 2, conflict],
    ['the ids of the end, expected there', [3, 4], 4, { firstVersion: 5, version: 6 }],
  ] as const)
    test(`${what}: ${'code' in result ? 'a conflict' : `versions ${result.firstVersion} to ${result.version}`}`, async (context) => {
      const { db, adapter } = await stored(context)
      const append = adapter.appendToStream('s', events(...numbers), { expectedVersion })
      if ('code' in result) expect(await failureOf(append)).toMatchObject({ ...result, actualVersion: 4 })
      else expect(await append).toMatchObject(result)
      const rows = await db.rows(`SELECT count(*)::int AS n FROM ${db.table('events')}`)
      expect(rows).toEqual([{ n: 'version' in result && result.version > 4 ? 6 : 4 }])
    })
  test('an id twice in one batch, in any letters: refused before it is sent', async (context) => {
    const { adapter } = await stored(context)
    const twice = [
      { id: 'abcdefab-0000-4000-8000-000000000001', type: 'T', data: 1 },
      { id: 'ABCDEFAB-0000-4000-8000-000000000001', type: 'T', data: 2 },
    ]
    expect(await failureOf(adapter.appendToStream('s', twice))).toMatchObject({ code: 'invalid-argument' })
  })
  test('ids of another stream are new here', async (context) => {
    const { adapter } = await stored(context)
    expect(await adapter.appendToStream('t', events(1, 2), { expectedVersion: 'noStream' })).toMatchObject({ version: 2 })
  })
  test('after a truncation nothing is doubled: recognised, or a conflict', async (context) => {
    const { db, adapter } = await stored(context)
    await adapter.truncateStream('s', { before: 3 })
    for (const [numbers, expectedVersion, version] of [
      [[1, 2], 'noStream', 2],
      [[3, 4], 2, 4],
    ] as const) {
      const outcome = await adapter.appendToStream('s', events(...numbers), { expectedVersion }).catch((error: unknown) => error)
      expect([version, undefined]).toContain((outcome as { version?: number }).version)
      if (outcome instanceof Error) expect(outcome).toMatchObject(conflict)
    }
    expect(await db.rows(`SELECT count(*)::int AS n FROM ${db.table('events')}`)).toEqual([{ n: 4 }])
  })
  test('after a re-creation they belong to the life before: appended again, and recognised in the new one', async (context) => {
    const { adapter } = await stored(context)
    await adapter.deleteStream('s')
    const again = () => adapter.appendToStream('s', events(1, 2), { expectedVersion: 'noStream' })
    expect(await again()).toMatchObject({ firstVersion: 5, version: 6 })
    expect(await again()).toMatchObject({ firstVersion: 5, version: 6 })
    expect(await failureOf(adapter.appendToStream('s', events(7), { expectedVersion: 'noStream' }))).toMatchObject(conflict)
    expect((await adapter.readStream('s').toArray()).map(({ version }) => version)).toEqual([5, 6])
  })
})
