import { expect, test } from 'vitest'
import { checkHistory } from '../../packages/core/src/testing/check-history.js'
import { largeHistory } from './large-history.js'

test('150,000 operations are judged, and one bad one among them is found', { timeout: 120_000 }, () => {
  const history = largeHistory(150_000, 100)
  const startedAt = performance.now()
  expect(checkHistory(history)).toEqual({ holds: true, anomalies: [], refused: [] })
  console.log(`150,000 operations: ${Math.round(performance.now() - startedAt)} ms`)
  const at = history.operations.map(({ op }) => op).lastIndexOf('state')
  const operations = history.operations.map((one, index) => (index === at ? { ...one, version: 0, status: 'missing' as const } : one))
  expect(checkHistory({ ...history, operations } as typeof history).anomalies.length).toBeGreaterThan(0)
})
