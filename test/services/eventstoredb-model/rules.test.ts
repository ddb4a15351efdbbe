import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RuleMutant, ruleMutants, rulePaths, rulesWith } from './replay/mutants.js'
import { scenariosOf } from './replay/recordings.js'
import { type Difference, startReplay } from './replay/replay.js'
import { type ModelBuild, buildModel } from './replay/build.js'
import { sourceMutants } from './replay/source-mutants.js'
import { unrecorded } from './replay/unrecorded.js'
import { connectWire } from './replay/wire.js'
import { serverRules } from './rules.js'
import { type EventStoreModel, startEventStoreModel } from './start.js'

/** Where the scenario that a mutant names is answered otherwise by this model. The one before it runs first: it may start where that ended. */
async function differenceOn(
  started: Promise<EventStoreModel>,
  { fails, of }: Pick<RuleMutant, 'fails' | 'of'>,
): Promise<Difference | undefined> {
  const [group = '', name] = fails.split('/')
  const scenarios = await scenariosOf(of, group)
  const index = scenarios.findIndex((one) => one.name === name)
  const [scenario, before] = [scenarios[index], scenarios[index - 1]]
  if (scenario === undefined) throw new Error(`there is no recording ${fails}`)
  const model = await started
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

test('of a rule with three values each wrong one is tried', () => {
  for (const values of [
    ['write', 'wrong', 'deleted'],
    ['events', 'not found', 'deleted'],
  ])
    for (const path of rulePaths().filter((one) =>
      /^(?:newEvents|noEvents|reads\.of|knownIds\.(?:superset|anyKnownThenNew))\b/u.test(one),
    )) {
      const right = path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], serverRules)
      if (path.startsWith('reads') !== values.includes('events')) continue
      const tried = ruleMutants.flatMap(({ rule, wrong }) => (rule === path ? [wrong] : []))
      expect(new Set([right, ...tried]), path).toEqual(new Set(values))
    }
})

const recordings = new Map([...ruleMutants, ...sourceMutants].map(({ fails, of }) => [`${of}/${fails}`, { fails, of }]))

test('the recordings that mutants name are answered as recorded under the rules of the server', async () => {
  for (const recording of recordings.values()) expect(await differenceOn(startEventStoreModel(), recording)).toBeUndefined()
})

describe('a wrong rule makes a recording fail', () => {
  test.each(ruleMutants.map((mutant) => [mutant.rule, mutant.fails, mutant] as const))('%s: %s', async (_rule, _fails, mutant) => {
    expect(await differenceOn(startEventStoreModel({ rules: rulesWith(mutant) }), mutant)).toBeDefined()
  })
})

describe('an edit of the model where it decides outside its rules makes a recording fail', () => {
  let build: ModelBuild
  beforeAll(async () => {
    build = await buildModel()
  })
  afterAll(() => build.dispose())
  test.each(sourceMutants.map((mutant) => [mutant.file, mutant.find, mutant.replace, mutant] as const))(
    '%s: %s → %s',
    async (_file, _find, _replace, mutant) => {
      const start = await build.mutated(mutant)
      expect(await differenceOn(start(), mutant)).toBeDefined()
    },
  )
})

test('what no recording shows stands in the model as it is listed, and has a test of its own', async () => {
  for (const { file, text, checkedBy, test: name } of unrecorded) {
    expect((await readFile(new URL(file, import.meta.url), 'utf8')).split(text).length - 1, `${file}: ${text}`).toBe(1)
    expect(await readFile(new URL(checkedBy, import.meta.url), 'utf8'), name).toContain(name)
  }
})
