import type * as FastCheck from 'fast-check'
import { type CaseContext, type ConformanceCase, raceCase } from '../../case.js'
import { checkProperty } from '../../model/check-property.js'
import { commandArbitrary } from '../../model/commands.js'
import { runCommands } from '../../model/run-commands.js'
import { limitMs } from '../../run-case.js'
import { historyHolds, recordStreams } from '../recorded.js'

const base = { section: 'MOD', since: 1, level: 'must', profile: 'smoke' } as const

/** The optional peer; without it the cases are not proven. */
async function fastCheck(t: CaseContext): Promise<typeof FastCheck> {
  try {
    return await import('fast-check')
  } catch {
    return t.notProven('the package fast-check is not installed')
  }
}

/** Of the time of a case, until when runs are begun, and when the last has to have ended: the rest is left to tell what was found. */
const [begin, end] = [0.8, 0.9] as const

async function holds<T>(
  t: CaseContext,
  fc: typeof FastCheck,
  runs: number,
  arbitrary: FastCheck.Arbitrary<T>,
  run: (value: T) => Promise<void>,
  message: string,
): Promise<void> {
  const ms = limitMs[t.profile]
  const settings = { seed: t.seed | 0, path: t.path, runs, ms: ms * begin, endMs: ms * end }
  const { told, made } = await checkProperty(fc, arbitrary, run, settings)
  // Not compared with '': that would show the end of what is told, and in quotes.
  t.ok(told === '', told === '' ? message : `${message}\n${told}`)
  const missing = `the store was too slow: the time was up after ${made} of ${runs} runs, which held`
  // A path leads to one run.
  if (made < runs && t.path === undefined) await t.part({ title: `all ${runs} runs` }, async () => t.notProven(missing))
}

const mod01: ConformanceCase = {
  ...base,
  id: 'MOD-01',
  title: 'calls of every method, one after the other, answer as the model of contract §3 to §6 does',
  rationale: 'A state that no case thinks of: truncated, deleted, re-created and truncated again.',
  async run(t) {
    const fc = await fastCheck(t)
    const adapter = await t.adapter()
    const commands = fc.array(commandArbitrary(fc, t), { maxLength: 40, size: 'max' })
    t.step('sequential commands')
    await holds(t, fc, t.rounds(120), commands, (list) => runCommands(t, adapter, list), 'every answer is that of the model')
  },
}

const mod02: ConformanceCase = raceCase({
  ...base,
  id: 'MOD-02',
  title: 'the histories of concurrent calls by chance are ones that the contract allows',
  rationale: 'An interleaving that no case thinks of.',
  async run(t) {
    const fc = await fastCheck(t)
    const adapter = await t.adapter()
    const call = fc.record({
      stream: fc.nat(1),
      op: fc.constantFrom('append', 'append', 'append', 'read', 'backwards', 'state', 'check'),
      count: fc.integer({ min: 1, max: 3 }),
      expected: fc.constantFrom<('any' | 'noStream' | 'streamExists' | 'seen')[]>(
        'any',
        'noStream',
        'streamExists',
        'seen',
        'seen',
        'seen',
      ),
    })
    const processes = fc.array(fc.array(call, { minLength: 1, maxLength: 8, size: 'max' }), { minLength: 2, maxLength: 5 })
    t.step('concurrent commands')
    await holds(
      t,
      fc,
      t.rounds(40),
      processes,
      async (lists) => {
        const streams = [t.stream(), t.stream()]
        const recorder = await recordStreams(t, adapter, streams)
        const { lost } = await t.race(
          lists.map((list) => async () => {
            const client = recorder.wrap(adapter)
            const seen = [0, 0]
            for (const { stream, op, count, expected } of list) {
              const streamId = streams[stream] ?? ''
              if (op === 'state') seen[stream] = (await client.getStreamState(streamId)).version ?? 0
              else if (op === 'read' || op === 'backwards') {
                const direction = op === 'read' ? 'forwards' : 'backwards'
                const [first, last] = [await client.readStream(streamId, { direction }).toArray()].map((all) => [all[0], all.at(-1)]).flat()
                seen[stream] = (op === 'read' ? last : first)?.version ?? 0
              } else {
                const expectedVersion = expected === 'seen' ? (seen[stream] ?? 0) : expected
                const events = op === 'check' ? [] : t.events(count)
                seen[stream] = await client.appendToStream(streamId, events, { expectedVersion }).then(
                  ({ version }) => version,
                  (error: { readonly code?: unknown; readonly actualVersion?: number }) => {
                    if (error.code !== 'concurrency') throw error
                    return error.actualVersion ?? 0
                  },
                )
              }
            }
          }),
        )
        if (lost.length > 0) throw lost[0]
        await historyHolds(t, recorder, adapter, 'the history holds')
      },
      'every history holds',
    )
  },
})

export const mod: readonly ConformanceCase[] = [mod01, mod02]
