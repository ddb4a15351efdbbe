import { postgres } from '@millrace/postgres'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { runNode } from '../run-node.js'

test('1,000,000 events are streamed in a child with a heap of 96 MiB', { timeout: 240_000 }, async (context) => {
  const { url, reason } = inject('postgres')
  if (url === undefined) return context.skip(`not proven: ${reason}`)
  const schema = 'millrace_long_log'
  const events = 1_000_000
  const store = postgres({ connection: url, schema })
  await store.open()
  await store.close()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  // Through the adapter it would take a minute; the rows are the same.
  await client.query(`INSERT INTO ${schema}.streams (stream_id, version) VALUES ('long', ${events})`)
  await client.query(`INSERT INTO ${schema}.events (version, id, stream_id, event_type, event_data)
    SELECT n, gen_random_uuid(), 'long', 'Counted', json_build_object('n', n, 'note', 'a note of a usual length, so that a page is no small thing')
    FROM generate_series(1, ${events}) AS n ORDER BY n`)
  try {
    const env = { POSTGRES_URL: url, LOG_SCHEMA: schema, NODE_OPTIONS: '--max-old-space-size=96' }
    const { code, stdout, stderr } = await runNode('test/bench/read-log.mjs', { env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ events })
  } finally {
    await client.query(`DROP SCHEMA ${schema} CASCADE`)
    await client.end()
  }
})
