import { describe, expect, test } from 'vitest'
import { type CaseId, type ConformanceReport, runConformance } from '../../packages/core/src/conformance/index.js'
import { createAdapter } from '../../packages/core/src/create-adapter.js'
import type { Capabilities } from '../../packages/core/src/index.js'
import { memoryBackend } from '../../packages/core/src/memory/backend.js'
import { createMemoryStore, memory } from '../../packages/core/src/memory/index.js'

const { capabilities: whole } = memory()

/** Memory, which does all it can, behind a declaration of less. */
function run(declared: Capabilities, cases: readonly CaseId[]): Promise<ConformanceReport> {
  const createOne = () => {
    const adapter = createAdapter({ ...memoryBackend(createMemoryStore(), whole, Infinity), capabilities: declared })
    return Promise.resolve({ adapter, [Symbol.asyncDispose]: () => adapter.close() })
  }
  return runConformance({ name: 'modest', createAdapter: createOne }, { profile: 'smoke', seed: 1, cases })
}

describe('an adapter that declares less than it does is told so', () => {
  test.each([
    ['idempotency.any', 'IDM-05', { idempotency: { exact: true, any: 'none' } }],
    ['strongReads', 'RDS-12', { strongReads: false }],
  ] as const)('%s', async (capability, caseId, less) => {
    const { cases, underClaims } = await run({ ...whole, ...less }, [caseId])
    expect(cases.map(({ id, status }) => [id, status])).toEqual([[caseId, 'opted-out']])
    expect(underClaims).toEqual([{ capability, evidence: expect.any(String) as string }])
  })
  test('and one that declares what it does is told nothing', async () => {
    const { cases, underClaims } = await run(whole, ['IDM-05', 'RDS-12'])
    expect(cases.map(({ status }) => status)).toEqual(['passed', 'passed'])
    expect(underClaims).toEqual([])
  })
})
