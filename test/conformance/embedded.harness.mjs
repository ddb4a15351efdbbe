import { register } from 'node:module'

// What the cases with a second process import: see ConformanceHarness.module. There each adapter has a PGlite of its own, and closes it.
register('./ts-hooks.mjs', import.meta.url)
const { embedded } = await import('../../packages/embedded/src/embedded.ts')

export const harness = {
  name: 'embedded',
  createAdapter: async ({ pageSize }) => {
    const adapter = embedded({ pageSize })
    return { adapter, ignores: ['connections'], [Symbol.asyncDispose]: () => adapter.close() }
  },
}
