import { expect, test } from 'vitest'
import type { ReadAllOptions } from '../../adapter.js'
import { memoryHarness } from '../../memory/conformance-harness.js'
import { runConformance } from '../run-conformance.js'

test('MOD-01 reads no more of a log that all runs share than what came since: it grows from run to run', async () => {
  const [own, reads]: [ReturnType<typeof memoryHarness>, ReadAllOptions[]] = [memoryHarness(), []]
  const shared: typeof own = {
    ...own,
    async createAdapter(context) {
      const instance = await own.createAdapter(context)
      const { adapter } = instance
      await adapter.appendToStream('earlier', [{ type: 'A', data: 1 }])
      const watched = new Proxy(adapter, {
        get(target, name) {
          const member = Reflect.get(target, name) as unknown
          if (typeof member !== 'function') return member
          return (...args: unknown[]): unknown => {
            if (name === 'readAll') reads.push(args[0] as ReadAllOptions)
            return Reflect.apply(member, target, args)
          }
        },
      })
      return { ...instance, adapter: watched, sharedLog: true }
    },
  }
  const { totals } = await runConformance(shared, { cases: ['MOD-01'], profile: 'smoke', seed: 1 })
  expect(totals.passed).toBe(1)
  const whole = reads.filter(({ direction, after, limit }) => (direction === 'backwards' ? limit === undefined : after === undefined))
  expect(whole).toEqual([])
  expect(reads.some(({ filter }) => filter !== undefined)).toBe(true)
})
