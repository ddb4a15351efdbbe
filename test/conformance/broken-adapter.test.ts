import { describe, expect, test } from 'vitest'
import { type CaseId, runConformance } from '../../packages/core/src/conformance/index.js'
import { type BugName, bugs, plantBugs } from './broken-adapter.js'

type Failures = Readonly<Record<CaseId, RegExp>>

const hole = /has a hole: version \d+ is missing, and (version \d+|nothing) stands in its place/u
const unrecognised = /(again|much later|a prefix of 1|the twins)[^]*ConcurrencyError/u

/** What each bug has to fail, and the words by which its author finds it. */
const expected: Readonly<Record<BugName, Failures>> = {
  'late conflict': {
    'APP-02': /^noStream on a stream with events is a conflict: it resolved/u,
    'APP-03': /^a number below the version is a conflict: it resolved/u,
    'APP-05': /^'streamExists' on a missing stream is a conflict: it resolved/u,
    'APP-07': /^an empty append checks the expectation streamExists: it resolved/u,
    'ATM-01': /^a batch whose expectation fails: it resolved/u,
    'CON-01': /^exactly one of 32 wins\n/u,
    'CON-02': /^exactly one of 8 wins each round\n/u,
    'CON-03': /^all but one lose\n/u,
    'CON-05': /^the counter equals the acknowledged increments\n/u,
    'CON-09': /^the history of concurrent appends holds\n[^]*duplicate: /u,
    'CON-10': /^the expectation held just before its place\n/u,
    'IDM-01': /^again with 'noStream': the original result\n/u,
    'IDM-02': /^a prefix of 1: the original result\n/u,
    'IDM-03': /^a superset: it resolved/u,
    'IDM-04': /^equal payload with other ids: it resolved/u,
    'IDM-09': /^results of the twins\n/u,
    'IDM-12': /^the original result\n/u,
    'IDM-13': /^the first append, much later: the original result\n/u,
    'ERR-01': /^the members of ConcurrencyError: it resolved/u,
    'MOD-01': /^every answer is that of the model\n[^]*the contract says \{"error":"concurrency"\}, the store \{"ok"/u,
    'MOD-02': /^every history holds\n[^]*broken-precondition: /u,
  },
  // Core compares what comes with what it asked for, so the failures name the version that was wanted and the one that came. Looking
  // for the ids of a retry at the wrong place, it takes them for unknown.
  'off-by-one from': {
    'ISO-01': hole,
    'APP-12': hole,
    'ATM-04': hole,
    'CON-02': hole,
    'CON-09': hole,
    'IDM-01': unrecognised,
    'IDM-02': unrecognised,
    'IDM-09': unrecognised,
    'IDM-12': unrecognised,
    'IDM-13': unrecognised,
    'RDS-03': hole,
    'RDS-04': hole,
    'RDS-05': hole,
    'RDS-06': hole,
    'RDS-07': hole,
    'RDS-11': hole,
    'RDS-12': hole,
    'SUB-01': hole,
    'SUB-02': hole,
    'SUB-03': hole,
    'SUB-04': hole,
    'SUB-05': hole,
    'SUB-06': hole,
    'SUB-07': hole,
    'SUB-08': hole,
    'SUB-09': hole,
    'SUB-11': hole,
    'SUB-14': hole,
    'SUB-15': hole,
    'DEL-06': hole,
    'MOD-01': /"op":"resend"[^]*the contract says \{"ok"[^]*, the store \{"error":"concurrency"\}/u,
  },
  'lost last page': {
    'CON-09': /^the history of concurrent appends holds\n[^]*torn-batch: /u,
    'RDS-06': /^4 events in pages of 3, forwards\n/u,
    'RDS-07': /^limit 3 over pages of 3, backwards\n/u,
    'RDS-09': /^backwards from 6 at version 5\n/u,
    'RDS-11': /^whole appends\n/u,
    'SUB-05': /^all the history came before caughtUp\n/u,
    'SUB-06': /^the subscription gets there: everything: not within/u,
  },
  'swallowed abort': {
    'LIF-02': /^an aborted append that resolves is stored\n/u,
  },
  'reordered subscription': {
    'SUB-01': /^history and live events of the stream\n/u,
    'SUB-03': /^after version 1\n/u,
    'SUB-04': /^stream: everything once, in order\n/u,
    'SUB-06': /^the quick one has everything, while the slow one stands still\n/u,
    'SUB-07': /^resumed after the last that was handled: it comes again\n/u,
    'DEL-06': /^its subscription goes on\n/u,
    'MOD-01': /"op":"subscribe"[^]*the contract says /u,
    'SUB-15': /^the slow one gets every event of the stream once, in order\n/u,
  },
}

async function failuresOf(names: readonly BugName[]): Promise<Record<CaseId, string>> {
  const harness = await plantBugs(bugs.filter(({ name }) => names.includes(name)))
  const { cases } = await runConformance(harness, { profile: 'smoke', seed: 1 })
  const failed = cases.filter(({ status }) => status === 'failed')
  for (const { id, replay } of failed) expect(replay).toBe(`--case ${id} --seed 1 --profile smoke`)
  return Object.fromEntries(failed.map(({ id, failure }) => [id, failure?.message ?? '']))
}

describe('the file example with a bug scores exactly what the bug breaks', () => {
  test('without one: nothing', { timeout: 120_000 }, async () => {
    expect(await failuresOf([])).toEqual({})
  })
  test.each(bugs.map(({ name }) => name))('%s', { timeout: 120_000 }, async (name) => {
    const wanted = Object.entries(expected[name]).map(([id, message]) => [id, expect.stringMatching(message) as string])
    expect(await failuresOf([name])).toEqual(Object.fromEntries(wanted))
  })
  test('all five: what each of them breaks, and nothing else', { timeout: 120_000 }, async () => {
    const wanted = new Set(Object.values(expected).flatMap((failures) => Object.keys(failures)))
    expect(new Set(Object.keys(await failuresOf(bugs.map(({ name }) => name))))).toEqual(wanted)
  })
})
