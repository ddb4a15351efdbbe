import { expect, test } from 'vitest'
import { startChild } from './child.js'
import { database } from './database.js'

// Fault 29: close with work in flight, twice, use after it; what was broken off; and a process that ends by itself.

test('close while everything is under way: kept promises, ended iterations, and the process exits within 1 s', async (context) => {
  const db = database(context)
  await db.open().open()
  for (const [pool, coalesce] of [
    ['own', true],
    ['own', false],
    ['callers', true],
  ] as const) {
    const child = startChild('close.child.mjs', [db.schema, pool, String(coalesce)], { MILLRACE_TEST_POSTGRES_URL: db.url })
    await child.said('closed')
    const closedAt = performance.now()
    expect([await child.ended, child.stderr()]).toEqual([0, ''])
    const ms = performance.now() - closedAt
    const told = JSON.parse(child.stdout().split('\n', 1)[0] ?? '') as Record<string, unknown>
    expect(told).toEqual({
      appends: { fulfilled: 40 },
      reads: 'closed',
      subscription: 'closed',
      suspended: 'closed',
      after: ['closed', 'closed', 'closed', 'closed'],
      brokenOff: 1,
    })
    // 1 s, with room for a machine under load: what keeps a process alive does so for longer.
    expect(ms).toBeLessThan(3000)
  }
  expect(await db.open().getStreamState('s')).toMatchObject({ version: 3 * 41 })
  const sessions = await db.rows('SELECT 1 FROM pg_stat_activity WHERE application_name = $1', [`close_${db.schema}`])
  expect(sessions).toEqual([])
})
