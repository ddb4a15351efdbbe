import { soakSuite } from './suite.mjs'

const { findPostgres } = await import('../services/postgres.ts')
const server = await findPostgres()
if (server.status === 'running') {
  try {
    process.env.MILLRACE_TEST_POSTGRES_URL = server.url
    const { harness } = await import('../conformance/postgres.harness.mjs')
    console.log(`PostgreSQL from ${server.from}`)
    await soakSuite(harness)
  } finally {
    await server.stop()
  }
} else {
  console.log(server.reason)
  process.exitCode = 77
}
