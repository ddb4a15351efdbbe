import { describe, expect, test } from 'vitest'
import { memoryHarness } from '../memory/conformance-harness.js'
import type { ConformanceCase } from './case.js'
import { checkHarness } from './check-harness.js'
import type { ConformanceHarness } from './harness.js'
import { renderMatrix } from './matrix.js'
import { caseSeed } from './random.js'
import { type CaseReport, stableReport } from './report.js'
import { runCase } from './run-case.js'
import { runConformance } from './run-conformance.js'

const example = {
  id: 'APP-99',
  title: 'an example',
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'none',
} as const

/** Runs a case of our own on memory. */
async function judge(
  one: Omit<ConformanceCase, keyof typeof example> & { readonly since?: ConformanceCase['since'] },
  harness: ConformanceHarness = memoryHarness(),
  seed = 1,
): Promise<CaseReport> {
  const { probe, dispose } = await checkHarness(harness, 'm_test', 'smoke', seed, undefined)
  const { capabilities } = probe.adapter
  try {
    const settings = { harness, profile: 'smoke', seed, signal: undefined, runId: 'm_test', capabilities, probe } as const
    return (await runCase({ ...example, ...one }, settings)).report
  } finally {
    await dispose()
  }
}

describe('a verdict', () => {
  test('a case without an assertion fails', async () => {
    const report = await judge({ run: () => Promise.resolve() })
    expect(report.status).toBe('failed')
    expect(report.failure?.message).toContain('no assertion')
  })
  test('a failed assertion tells what should have been, the step and how to replay', async () => {
    const { status, failure, replay } = await judge({
      run: (t) => {
        t.step('comparing')
        t.equal(1, 2, 'one is two')
        return Promise.resolve()
      },
    })
    expect(status).toBe('failed')
    expect(failure).toMatchObject({ step: 'comparing', actual: '1', expected: '2' })
    expect(replay).toBe('--case APP-99 --seed 1 --profile smoke')
    expect(failure?.message).toMatch(/^one is two\n/u)
  })
  test('a hang fails and names the last step', async () => {
    const { status, failure } = await judge({
      limitMs: 50,
      run: async (t) => {
        t.ok(true, 'begun')
        t.step('waiting for ever')
        await new Promise(() => undefined)
      },
    })
    expect(status).toBe('failed')
    expect(failure?.message).toContain('it hangs at the step "waiting for ever"')
  })
  test('a race without overlap is not proven after three tries', async () => {
    const report = await judge({
      race: true,
      run: async (t) => {
        await t.timed(() => Promise.resolve())
        await t.timed(() => Promise.resolve())
        t.ok(true, 'done')
      },
    })
    expect(report).toMatchObject({ status: 'not-proven', tries: 3, overlaps: 0 })
    expect(report.reason).toContain('overlap')
  })
  test('a race that overlaps, and shows its loser at the second try, passes', async () => {
    let tries = 0
    const report = await judge({
      race: true,
      run: async (t) => {
        tries += 1
        const { won } = await t.race([1, 2, 3].map((n) => () => Promise.resolve(n)))
        t.deepEqual(won, [1, 2, 3], 'all ran')
        t.shown('a loser', tries === 2)
      },
    })
    expect(report).toMatchObject({ status: 'passed', tries: 2, overlaps: 3 })
  })
  test('a missing hook is not proven, with its reason', async () => {
    const report = await judge({ requires: { hooks: ['golden'] }, run: () => Promise.reject(new Error('must not run')) })
    expect(report).toMatchObject({
      status: 'not-proven',
      reason: 'the harness has no hook golden: no earlier release has left it a store to read',
    })
  })
  test('a store that cannot be broken in the way that a case asks for is not proven', async () => {
    const inner = memoryHarness()
    const harness: ConformanceHarness = {
      ...inner,
      createAdapter: async (context) => ({ ...(await inner.createAdapter(context)), broken: () => undefined }),
    }
    const report = await judge({ requires: { hooks: ['broken'] }, run: async (t) => void (await t.broken('credentials')) }, harness)
    expect(report).toMatchObject({ status: 'not-proven', reason: 'the harness has no hook broken' })
  })
  test('an undeclared capability runs the inverse: opted-out where it holds, failed where it does not', async () => {
    const harness = memoryHarness({ capabilities: { listStreams: false } })
    const requires = { capability: 'listStreams' } as const
    const run = (): Promise<void> => Promise.reject(new Error('must not run'))
    const held = await judge({ requires, run, inverse: (t) => Promise.resolve(t.ok(true, 'refused')) }, harness)
    expect(held).toMatchObject({ status: 'opted-out', reason: 'listStreams not declared', assertions: 1 })
    const broken = await judge({ requires, run, inverse: (t) => Promise.resolve(t.ok(false, 'refused')) }, harness)
    expect(broken.status).toBe('failed')
    await expect(judge({ requires, run }, harness)).rejects.toThrow('has no inverse')
  })
  test('a part has a status of its own', async () => {
    const report = await judge(
      {
        run: async (t) => {
          t.ok(true, 'the rest')
          await t.part({ capability: 'readAll' }, () => Promise.reject(new Error('must not run')))
          await t.part({ hooks: ['golden'] }, () => Promise.reject(new Error('must not run')))
          await t.part({ title: 'ran' }, () => Promise.resolve(t.ok(true, 'ran')))
        },
      },
      memoryHarness({ capabilities: { readAll: false } }),
    )
    expect(report.status).toBe('passed')
    expect(report.parts).toEqual([
      { name: 'readAll', status: 'opted-out', reason: 'readAll not declared' },
      { name: 'golden', status: 'not-proven', reason: 'the harness has no hook golden: no earlier release has left it a store to read' },
      { name: 'ran', status: 'passed' },
    ])
  })
  test('a skipped case is a known failure while it fails, and stale once it passes', async () => {
    const harness = { ...memoryHarness(), skips: [{ caseId: 'APP-99', reason: 'slow disk', issue: '#7' }] } as const
    expect(await judge({ run: (t) => Promise.resolve(t.ok(false, 'no')) }, harness)).toMatchObject({
      status: 'known-failure',
      reason: 'slow disk (#7)',
    })
    expect(await judge({ run: (t) => Promise.resolve(t.ok(true, 'yes')) }, harness)).toMatchObject({
      status: 'failed',
      reason: 'stale skip',
    })
  })
  test('a case that is newer than the contract of the adapter is run, and not scored', async () => {
    const newer = { since: 2 as never, run: (t: { ok(value: unknown, message: string): void }) => Promise.resolve(t.ok(false, 'new rule')) }
    expect(await judge(newer)).toMatchObject({ status: 'unscored', reason: 'new in contract 2', failure: { step: '' } })
  })
  test('the seed of a case follows from the run’s and its id alone', async () => {
    const drawn: number[] = []
    const run = (t: { random: { int(below: number): number }; ok(value: unknown, message: string): void }): Promise<void> => {
      drawn.push(t.random.int(1e9))
      return Promise.resolve(t.ok(true, 'drawn'))
    }
    for (const seed of [1, 1, 2]) await judge({ run }, memoryHarness(), seed)
    expect(drawn[0]).toBe(drawn[1])
    expect(drawn[0]).not.toBe(drawn[2])
    expect(caseSeed(1, 'APP-01')).not.toBe(caseSeed(1, 'APP-02'))
  })
})

describe('a run', () => {
  test('ends with the reason when it is aborted', async () => {
    const reason = new Error('enough')
    await expect(runConformance(memoryHarness(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
  test('refuses a case that does not exist', async () => {
    await expect(runConformance(memoryHarness(), { cases: ['APP-98'] })).rejects.toThrow('no conformance case "APP-98"')
  })
  test('gives the same matrix for the same results', async () => {
    const runs = await Promise.all([1, 2].map((seed) => runConformance(memoryHarness(), { cases: ['APP'], seed, profile: 'smoke' })))
    const [one, other] = runs.map((report) => renderMatrix([], [stableReport(report)]))
    expect(one).toBe(other)
    expect(JSON.stringify(runs.map((report) => stableReport(report).cases)[0])).toBe(
      JSON.stringify(runs.map((report) => stableReport(report).cases)[1]),
    )
  })
})
