import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allCases } from '../../packages/core/src/conformance/index.js'
import { mutants as all } from './all-mutants.js'
import { type Build, buildCore } from './build.js'
import { renderKills } from './kill-table.js'
import { type Kill, runMutant, runUnmutated } from './run-mutant.js'

const known = new Set<string>(allCases.map(({ id }) => id))
const mutants = all.filter(({ caseId }) => known.has(caseId))

describe('mutants of core', () => {
  let build: Build
  const kills: Kill[] = []
  beforeAll(async () => {
    build = await buildCore()
  }, 60_000)
  afterAll(() => build.dispose())

  test.each([...new Set(mutants.map(({ caseId }) => caseId))])('%s passes on core as it is', { timeout: 120_000 }, async (caseId) => {
    expect(await runUnmutated(build, caseId)).toBe('passed')
  })
  for (const mutant of mutants)
    test(`${mutant.id}, ${mutant.bug}: killed by ${mutant.caseId}`, { timeout: 120_000 }, async () => {
      const kill = await runMutant(build, mutant)
      kills.push(kill)
      expect(kill.status).toBe('failed')
      expect(kill.message?.startsWith(mutant.message), `${kill.message ?? ''} should begin with: ${mutant.message}`).toBe(true)
    })
  test('KILLS.md is current', async () => {
    await expect(renderKills(kills, [...known])).toMatchFileSnapshot('KILLS.md')
  })
})
