import { expect, test } from 'vitest'
import type { EventStoreAdapter } from '../../packages/core/src/index.js'
import { type CaseReport, type ConformanceHarness, runConformance } from '../../packages/core/src/conformance/index.js'
import { memoryHarness } from '../../packages/core/src/memory/conformance-harness.js'

/** A bug that takes several calls to show: above the second event, a truncation is taken for one place lower. */
function truncatesShort(adapter: EventStoreAdapter, called: string[]): EventStoreAdapter {
  return {
    ...adapter,
    truncateStream(streamId, { before, ...options }) {
      called.push(streamId)
      return adapter.truncateStream(streamId, { before: before > 2 ? before - 1 : before, ...options })
    },
  }
}

function brokenHarness(called: string[]): ConformanceHarness {
  const harness = memoryHarness()
  return {
    ...harness,
    async createAdapter(context) {
      const instance = await harness.createAdapter(context)
      return { ...instance, adapter: truncatesShort(instance.adapter, called) }
    },
  }
}

async function runModel(seed: number, called: string[], path?: string): Promise<CaseReport> {
  const { cases } = await runConformance(brokenHarness(called), { profile: 'standard', seed, path, cases: ['MOD-01'] })
  return cases[0] as CaseReport
}

test('the seed and the path of a failed model lead to the same failure, at its shrunk counterexample, at once', async () => {
  const report = await runModel(4711, [])
  expect(report.status).toBe('failed')
  const message = report.failure?.message ?? ''
  expect(report.replay).toContain('--case MOD-01 --seed 4711')
  const [, counterexample = ''] = /(\[\[.*\]\])\n/u.exec(message) ?? []
  const [, path = ''] = /replay with --path (\S+)/u.exec(message) ?? []
  const [commands] = JSON.parse(counterexample) as [{ readonly op: string }[]]
  // Shrunk: nothing of it can be left out.
  expect(commands.map(({ op }) => op)).toEqual(['append', 'truncate'])
  expect(path).toMatch(/^\d+(:\d+)+$/u)

  const called: string[] = []
  const again = await runModel(4711, called, path)
  expect(again.status).toBe('failed')
  expect(again.failure?.message).toContain(counterexample)
  expect(again.failure?.message.split('\n').find((line) => line.includes('the contract says'))).toBe(
    message.split('\n').find((line) => line.includes('the contract says')),
  )
  // Nothing else was run: of the counterexample each truncation once.
  expect(called).toHaveLength(1)
})
