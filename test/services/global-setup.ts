import type { TestProject } from 'vitest/node'
import { findPostgres } from './postgres.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the PostgreSQL of this run; undefined: not proven, for this reason. */
    postgres: { readonly url: string | undefined; readonly reason: string }
  }
}

/** One server for all test files of a run; each file has a schema of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const service = await findPostgres()
  if (service.status === 'not proven') {
    project.provide('postgres', { url: undefined, reason: service.reason })
    console.log(`not proven: PostgreSQL server (${service.reason})`)
    return () => Promise.resolve()
  }
  project.provide('postgres', { url: service.url, reason: service.from })
  return () => service.stop()
}
