import assert from 'node:assert/strict'
import { type ConformanceHarness, allCases, renderMatrix, runConformance, stableReport } from '@millrace/core/conformance'
import { createMemoryStore, memory } from '@millrace/core/memory'

const harness: ConformanceHarness = {
  name: 'packed memory',
  createAdapter({ pageSize }) {
    const store = createMemoryStore()
    const adapter = memory({ store, pageSize })
    return Promise.resolve({
      adapter,
      ignores: ['connections', 'setup'],
      peer: () => Promise.resolve(memory({ store, pageSize })),
      [Symbol.asyncDispose]: () => adapter.close(),
    })
  },
}

const report = await runConformance(harness, { profile: 'smoke', seed: 1 })
const failed = report.cases.filter(({ status }) => status === 'failed').map(({ id, failure }) => `${id} ${failure?.message}`)
assert.deepEqual(failed, [])
const passed = report.cases.filter(({ status }) => status === 'passed').length
assert(passed >= 30, `only ${passed} cases passed`)
assert(renderMatrix(allCases, [stableReport(report)]).includes('packed memory'))
console.log(`conformance ran: ${passed} of ${report.cases.length} passed`)
