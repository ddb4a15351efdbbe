import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkProperty } from './check-property.js'

const short = { seed: 1, path: undefined, runs: 100, ms: 300 }
const never = (): Promise<never> => new Promise(() => undefined)

test('a property that fails, and whose shrinking hangs, is told with seed and path as far as it was shrunk', async () => {
  let runs = 0
  const property = fc.asyncProperty(fc.array(fc.nat(), { minLength: 4, maxLength: 40, size: 'max' }), async (list) => {
    runs += 1
    if (runs > 5) await never()
    throw new Error(`${list.length} are too many`)
  })
  const told = await checkProperty(fc, property, short)
  expect(told).toMatch(/^\[\[\d.*\]\]\n\d+ are too many\nfast-check seed 1, path 0:[\d:]+: replay with --path 0:[\d:]+$/u)
})
test('a run that hangs is told as time that was up, not as a property that holds', async () => {
  let runs = 0
  const property = fc.asyncProperty(fc.nat(), () => ((runs += 1) > 3 ? never() : Promise.resolve()))
  expect(await checkProperty(fc, property, short)).toBe('the time was up after 3 of 100 runs, which held')
})
test('a property that holds has nothing to tell', async () => {
  const property = fc.asyncProperty(fc.nat(), () => Promise.resolve())
  expect(await checkProperty(fc, property, { ...short, ms: 10_000 })).toBe('')
})
