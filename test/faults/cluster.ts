import type { TestContext } from 'vitest'
import { type ClusterOptions, type PostgresCluster, createCluster } from '../services/postgres-cluster.js'
import { findPrograms } from '../services/postgres-programs.js'

/** A server of the test's own, not started, and gone when the test is over. Ends the test as not proven where there are no programs. */
export async function cluster(context: TestContext, options: ClusterOptions = {}, find = findPrograms): Promise<PostgresCluster> {
  const programs = await find()
  if (programs === undefined) return context.skip('not proven: no PostgreSQL programs to start a server with')
  const made = await createCluster(programs, options)
  context.onTestFinished(() => made.remove())
  return made
}

/** A standby of a running server, not started; see {@link PostgresCluster.standby}. */
export async function standbyOf(primary: PostgresCluster, context: TestContext): Promise<PostgresCluster> {
  const standby = await primary.standby()
  context.onTestFinished(() => standby.remove())
  return standby
}
