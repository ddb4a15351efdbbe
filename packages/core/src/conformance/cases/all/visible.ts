import type { ConformanceCase } from '../../case.js'
import type { CaseContext } from '../../case.js'
import { inverseOf } from '../../inverse.js'
import { follow } from '../follow.js'
import { filledLog, readOwn } from '../log-views.js'
import { eventIds } from '../views.js'

/** How long a reader is watched while an append is stalled: long enough for a few of its looks, and no more than that is claimed. */
const watchMs = 300

async function whileStalled(t: CaseContext, end: 'commit' | 'rollback'): Promise<void> {
  const { adapter, stallAppend } = await t.instance()
  if (stallAppend === undefined) return t.notProven('the harness has no hook stallAppend')
  const log = await filledLog(t, adapter, 3)
  const [one = '', two = ''] = log.streams
  const since = (await log.read()).at(-1)?.position
  await using reader = follow(t, adapter.subscribeToAll({ after: since }))
  const [held, early, late] = [t.events(2), t.events(1), t.events(1)]
  t.step('an append stalls')
  const stalled = await stallAppend(one, held)
  try {
    await t.within(10_000, adapter.appendToStream(two, early), 'an append to another stream is not held up')
    await new Promise((resolve) => setTimeout(resolve, watchMs))
  } finally {
    await stalled[end]()
  }
  t.step(`the stalled append ended by ${end}`)
  const endedAt = performance.now()
  const wanted = new Set(eventIds(end === 'commit' ? [...held, ...early] : early))
  await reader.until('everything that was committed', () => eventIds(reader.events).filter((id) => wanted.has(id)).length === wanted.size)
  if (end === 'rollback') t.ok(performance.now() - endedAt < 5000, 'the reader goes on within 5 s')
  await adapter.appendToStream(one, late)
  await reader.until('the next append', () => eventIds(reader.events).includes(late[0]?.id ?? ''))
  const final = await readOwn(adapter, log.streams, since)
  t.deepEqual(eventIds(reader.events), eventIds(final), 'what the reader was given is the log, in its order')
  t.equal(final.length, wanted.size + 1, 'the log holds what was committed, once')
  for (const [index, { position }] of reader.events.entries())
    t.deepEqual(
      eventIds(await readOwn(adapter, log.streams, since, { after: position })),
      eventIds(final.slice(index + 1)),
      'each delivered position is safe to resume from',
    )
}

export const all07: ConformanceCase = {
  id: 'ALL-07',
  title: 'an append that stalls below a committed one is not passed; then both come, in order',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll', hooks: ['stallAppend'] },
  rationale: 'A slow transaction: readers that go past its position never see its events.',
  run: (t) => whileStalled(t, 'commit'),
  inverse: inverseOf('readAll'),
}

export const all08: ConformanceCase = {
  id: 'ALL-08',
  title: 'an append that stalls and is rolled back holds no reader for longer than 5 s',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll', hooks: ['stallAppend'] },
  rationale: 'A hole that is waited for, although nothing will ever fill it.',
  run: (t) => whileStalled(t, 'rollback'),
  inverse: inverseOf('readAll'),
}

export const all12: ConformanceCase = {
  id: 'ALL-12',
  title: 'a filter is exact and literal, its parts are anded, limit counts matches, and subscribeToAll gives the same',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'Filters pasted into LIKE or a regular expression, or applied after the limit.',
  async run(t) {
    const adapter = await t.adapter()
    const log = await filledLog(t, adapter, 3)
    const types = ['Sent', 'sent', 'Sent%', 'Se_t', 'S.*', '(', '[a]', 'Sent ']
    const stems = ['a_b', 'aXb', 'a%', 'a*', 'a(', 'a[']
    const base = t.stream('.')
    const streams: string[] = []
    for (const [index, stem] of stems.entries()) {
      const streamId = `${base}${stem}-1`
      streams.push(streamId)
      for (const type of types)
        await adapter.appendToStream(streamId, t.events(1, { type }), index % 2 === 0 ? { streamType: 'Even' } : { streamType: 'Ev%' })
    }
    const all = await readOwn(adapter, streams, log.since)
    t.equal(all.length, types.length * stems.length, 'without a filter, everything')
    const filters = [
      ...types.map((type) => ({ eventTypes: [type] })),
      { eventTypes: ['Sent', 'sent', 'Nowhere'] },
      { streamTypes: ['Even'] },
      { streamTypes: ['Ev%'] },
      ...stems.map((stem) => ({ streamIdPrefix: `${base}${stem}` })),
      { streamIdPrefix: base },
      { eventTypes: ['Sent'], streamTypes: ['Even'], streamIdPrefix: `${base}a_b` },
      { eventTypes: ['Sent'], streamTypes: ['Ev%'], streamIdPrefix: `${base}a_b` },
    ]
    for (const filter of filters) {
      const { eventTypes, streamTypes, streamIdPrefix } = filter as {
        eventTypes?: string[]
        streamTypes?: string[]
        streamIdPrefix?: string
      }
      const wanted = all.filter(
        ({ type, streamType, streamId }) =>
          (eventTypes === undefined || eventTypes.includes(type)) &&
          (streamTypes === undefined || streamTypes.includes(streamType ?? '')) &&
          (streamIdPrefix === undefined || streamId.startsWith(streamIdPrefix)),
      )
      const message = `the filter ${JSON.stringify(filter)}`
      t.deepEqual(eventIds(await readOwn(adapter, streams, log.since, { filter })), eventIds(wanted), message)
      const limited = await adapter.readAll({ after: log.since, filter, limit: 2 }).toArray()
      t.equal(limited.length, Math.min(2, wanted.length), `${message}: limit counts matches`)
      await using reader = follow(t, adapter.subscribeToAll({ after: log.since, filter }))
      await reader.until('caught up', () => reader.messages.some(({ kind }) => kind === 'caughtUp'))
      t.deepEqual(eventIds(reader.events), eventIds(wanted), `${message}: subscribeToAll`)
    }
  },
  inverse: inverseOf('readAll'),
}

export const all13: ConformanceCase = {
  id: 'ALL-13',
  title: 'events that were deleted, tombstoned or truncated stay in the log, where they were',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'A delete that rewrites history under the projections.',
  async run(t) {
    const adapter = await t.adapter()
    const log = await filledLog(t, adapter, 12)
    const [one = '', two = '', three = ''] = log.streams
    const before = await log.read()
    await t.part({ capability: 'truncateStream', title: 'truncated' }, () => adapter.truncateStream(one, { before: 3 }))
    await t.part({ capability: 'deleteStream', title: 'deleted' }, () => adapter.deleteStream(two))
    await t.part({ capability: 'tombstoneStream', title: 'tombstoned' }, () => adapter.tombstoneStream(three))
    t.deepEqual(await log.read(), before, 'the log is as before, positions and all')
    t.deepEqual(await log.read({ direction: 'backwards' }), [...before].reverse(), 'backwards too')
  },
  inverse: inverseOf('readAll'),
}
