import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConformanceHarness } from '@millrace/core/conformance'
import { adapter } from './index.js'

/** Tells the suite how to get a fresh, empty store. What it has no hook for is reported as not proven. */
export const harness: ConformanceHarness = {
  name: 'file (example)',
  // Cases with a second process import it from there: run the build first.
  module: new URL('../dist/harness.js', import.meta.url),
  async createAdapter({ namespace, pageSize }) {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-file-'))
    const store = adapter({ path: join(folder, `${namespace}.ndjson`), pageSize })
    return {
      adapter: store,
      ignores: ['connections', 'setup'],
      async [Symbol.asyncDispose]() {
        await store.close()
        await chmod(folder, 0o700)
        await rm(folder, { recursive: true, force: true })
      },
    }
  },
}
