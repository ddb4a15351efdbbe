import { expect, it } from 'vitest'
import { database } from '../../../test/faults/database.js'

it('createdAt is the server’s time to the millisecond, rounded down, for every microsecond', async (context) => {
  const db = database(context)
  const adapter = db.open()
  await adapter.open()
  const times = [
    '1999-12-31 23:59:59.999999',
    '2026-11-27 23:30:02.123',
    '2026-11-27 23:30:02.122999',
    '2038-01-19 03:14:08.000001',
    '2286-11-20 17:46:40',
  ]
  for (const [index, time] of times.entries())
    await db.rows(
      `WITH head AS (INSERT INTO ${db.table('streams')} (stream_id, version) VALUES ($1, 1))
      INSERT INTO ${db.table('events')} (version, id, stream_id, event_type, event_data, created_at) VALUES (1, gen_random_uuid(), $1, 'T', '1', $2::timestamptz)`,
      [`s-${index}`, `${time}+00`],
    )
  const read = (await adapter.readAll().toArray()).map(({ createdAt }) => createdAt.toISOString())
  expect(read).toEqual([
    '1999-12-31T23:59:59.999Z',
    '2026-11-27T23:30:02.123Z',
    '2026-11-27T23:30:02.122Z',
    '2038-01-19T03:14:08.000Z',
    '2286-11-20T17:46:40.000Z',
  ])
  // Every microsecond of a tenth of a second: what is read is what the server would say in exact numbers.
  const [differing] =
    await db.rows(`SELECT count(*)::int AS n FROM (SELECT timestamptz '2026-11-27 23:30:02+00' + n * interval '1 microsecond' AS t
    FROM generate_series(0, 100000) AS n) AS x WHERE floor(extract(epoch FROM t) * 1000)::bigint <> floor(date_part('epoch', t) * 1000 + 0.0005)::bigint`)
  expect(differing).toEqual({ n: 0 })
})
