import { describeConformance } from '@millrace/core/conformance/vitest'
import { describe, inject, it } from 'vitest'
import { postgresHarness } from './conformance-harness.js'

const { url, reason } = inject('postgres')

if (url === undefined)
  describe('conformance of postgres', () => {
    it('not proven: no server', (context) => {
      context.skip(`not proven: ${reason}`)
    })
  })
else {
  process.env.MILLRACE_TEST_POSTGRES_URL = url
  const module = new URL('../../../test/conformance/postgres.harness.mjs', import.meta.url)
  describeConformance(postgresHarness({ url, module }), { profile: 'standard', reportFile: '.reports/conformance-postgres.json' })
}
