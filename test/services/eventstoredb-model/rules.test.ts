import { describe, expect, test } from 'vitest'
import { type RuleMutant, ruleMutants, rulePaths, rulesWith } from './replay/mutants.js'
import { scenariosOf } from './replay/recordings.js'
import { type Difference, startReplay } from './replay/replay.js'
import { connectWire } from './replay/wire.js'
import { type ModelRules, serverRules } from './rules.js'
import { startEventStoreModel } from './start.js'

/** Where the scenario that a mutant names is answered otherwise under these rules. The one before it runs first: it may start where that ended. */
async function differenceUnder(rules: ModelRules, { fails, of }: Pick<RuleMutant, 'fails' | 'of'>): Promise<Difference | undefined> {
  const [group = '', name] = fails.split('/')
  const scenarios = await scenariosOf(of, group)
  const index = scenarios.findIndex((one) => one.name === name)
  const [scenario, before] = [scenarios[index], scenarios[index - 1]]
  if (scenario === undefined) throw new Error(`there is no recording ${fails}`)
  const model = await startEventStoreModel({ rules })
  const wire = connectWire(model.port)
  const replay = startReplay(wire)
  if (before !== undefined) await replay.run(before)
  const difference = await replay.run(scenario)
  replay.end()
  wire.dispose()
  await model.stop()
  return difference
}

test('every rule of the model is made wrong by a mutant', () => {
  expect([...new Set(ruleMutants.map(({ rule }) => rule))].sort()).toEqual(rulePaths().sort())
})

const recordings = new Map(ruleMutants.map(({ fails, of }) => [`${of}/${fails}`, { fails, of }]))

test('the recordings that mutants name are answered as recorded under the rules of the server', async () => {
  for (const recording of recordings.values()) expect(await differenceUnder(serverRules, recording)).toBeUndefined()
})

describe('a wrong rule makes a recording fail', () => {
  test.each(ruleMutants.map((mutant) => [mutant.rule, mutant.fails, mutant] as const))('%s: %s', async (_rule, _fails, mutant) => {
    expect(await differenceUnder(rulesWith(mutant), mutant)).toBeDefined()
  })
})
