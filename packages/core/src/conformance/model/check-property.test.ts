import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkProperty } from './check-property.js'

const short = { seed: 1, path: undefined, runs: 100, ms: 200, endMs: 300 }
const never = (): Promise<never> => new Promise(() => undefined)

test('a property that fails, and whose shrinking hangs, is told with seed and path as far as it was shrunk', async () => {
  let runs = 0
  const lists = fc.array(fc.nat(), { minLength: 4, maxLength: 40, size: 'max' })
  const tooMany = async (list: readonly number[]): Promise<void> => {
    runs += 1
    if (runs > 5) await never()
    throw new Error(`${list.length} are too many`)
  }
  const { told } = await checkProperty(fc, lists, tooMany, short)
  expect(told).toMatch(/^\[\[\d.*\]\]\n\d+ are too many\nfast-check seed 1, path 0:[\d:]+: replay with --path 0:[\d:]+$/u)
})
test('a run that hangs is told as one that did not end, not as a property that holds', async () => {
  let runs = 0
  const run = (): Promise<void> => ((runs += 1) > 3 ? never() : Promise.resolve())
  const { told } = await checkProperty(fc, fc.nat(), run, short)
  expect(told).toBe('a run did not end, after 3 of 100 that held')
})
test('of a store that is too slow it is known how often it was tried', async () => {
  const slowly = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60))
  const { told, made } = await checkProperty(fc, fc.nat(), slowly, { ...short, endMs: 10_000 })
  expect(told).toBe('')
  expect(made).toBeGreaterThan(0)
  expect(made).toBeLessThan(5)
})
test('a property that holds has nothing to tell', async () => {
  const settings = { ...short, ms: 10_000, endMs: 10_000 }
  expect(await checkProperty(fc, fc.nat(), () => Promise.resolve(), settings)).toEqual({ told: '', made: 100 })
})
