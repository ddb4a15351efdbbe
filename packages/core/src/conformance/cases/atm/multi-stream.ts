import type { EventStoreAdapter } from '../../../adapter.js'
import type { CaseContext, ConformanceCase, TestEvent } from '../../case.js'
import { inverseOf } from '../../inverse.js'

export const atm08: ConformanceCase = {
  id: 'ATM-08',
  title: 'appendToStreams stores all parts or none, answers in the order of the parts, and does not deadlock',
  section: 'ATM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'multiStreamAppend' },
  rationale:
    'Streams appended one after the other: a conflict in the last leaves the first stored; locks taken in the order given deadlock.',
  async run(t) {
    const adapter = await t.adapter()
    const [a, b, c] = [t.stream('c'), t.stream('b'), t.stream('a')]
    const first = [t.events(2), t.events(1), t.events(3)] as const
    t.step('three streams at once')
    const results = await adapter.appendToStreams([
      { streamId: a, events: first[0], expectedVersion: 'noStream', streamType: 'A' },
      { streamId: b, events: first[1] },
      { streamId: c, events: first[2], expectedVersion: 0 },
    ])
    t.deepEqual(
      results.map(({ streamId, firstVersion, version }) => [streamId, firstVersion, version]),
      [
        [a, 1, 2],
        [b, 1, 1],
        [c, 1, 3],
      ],
      'the results come in the order of the parts',
    )
    await t.holds(adapter, a, first[0], { streamType: 'A' })
    await t.holds(adapter, b, first[1])
    await t.holds(adapter, c, first[2])
    await t.part({ capability: 'readAll' }, async () => {
      for (const { streamId, position } of results) {
        const [last] = await adapter.readStream(streamId, { direction: 'backwards', limit: 1 }).toArray()
        t.equal(position, last?.position, 'each result carries the position of its last event')
      }
    })
    await failures(t, adapter, [a, b, c], first)
    await opposite(t, adapter)
  },
  inverse: inverseOf('multiStreamAppend'),
}

/** Whichever part fails, nothing of the others is stored. */
async function failures(
  t: CaseContext,
  adapter: EventStoreAdapter,
  streams: readonly string[],
  stored: readonly (readonly TestEvent[])[],
): Promise<void> {
  for (let failing = 0; failing < 3; failing += 1) {
    t.step(`part ${failing} fails`)
    const parts = streams.map((streamId, index) => ({
      streamId,
      events: t.events(2),
      expectedVersion: index === failing ? 9 : (stored[index]?.length ?? 0),
    }))
    await t.rejects(
      adapter.appendToStreams(parts),
      'concurrency',
      { streamId: streams[failing], expectedVersion: 9, actualVersion: stored[failing]?.length },
      'the first stream that fails is named',
    )
    for (const [index, streamId] of streams.entries())
      await t.holds(adapter, streamId, stored[index] ?? [], {
        message: 'one failing part fails all: nothing is stored',
        ...(index === 0 ? { streamType: 'A' } : {}),
      })
  }
  await t.part({ capability: 'tombstoneStream' }, async () => {
    const [gone, fresh] = [t.stream(), t.stream()]
    await adapter.tombstoneStream(gone)
    const parts = [
      { streamId: fresh, events: t.events(1) },
      { streamId: gone, events: t.events(1) },
    ]
    await t.rejects(adapter.appendToStreams(parts), 'stream-deleted', { streamId: gone, tombstoned: true }, 'a tombstoned part fails all')
    t.equal((await adapter.getStreamState(fresh)).status, 'missing', 'a tombstoned part fails all: nothing is stored')
  })
}

/** Calls that name the same streams in opposite order. */
async function opposite(t: CaseContext, adapter: EventStoreAdapter): Promise<void> {
  const [x, y] = [t.stream(), t.stream()]
  const rounds = t.rounds(20)
  for (let round = 0; round < rounds; round += 1) {
    t.step(`opposite order, round ${round + 1}`)
    const call = (streams: readonly string[]) => () =>
      adapter.appendToStreams(streams.map((streamId) => ({ streamId, events: t.events(1) })))
    const { lost } = await t.race([call([x, y]), call([y, x]), call([x, y]), call([y, x])])
    t.deepEqual(lost, [], 'calls that name streams in opposite order do not deadlock')
  }
  for (const streamId of [x, y])
    t.equal((await adapter.readStream(streamId).toArray()).length, rounds * 4, 'each call is stored in both streams')
}

export const atm09: ConformanceCase = {
  id: 'ATM-09',
  title:
    'appendToStreams refuses a stream or id twice and an empty part; sent again it gives the original results, partly sent again a conflict',
  section: 'ATM',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'multiStreamAppend' },
  rationale: 'A retry of a transaction over several streams that doubles one of them, or is reported as a conflict although it was stored.',
  async run(t) {
    const adapter = await t.adapter()
    const [a, b] = [t.stream(), t.stream()]
    const [event, other] = t.events(2)
    if (event === undefined || other === undefined) throw new Error('no events')
    const bad = [
      {
        what: 'a stream twice',
        parts: [
          { streamId: a, events: [event] },
          { streamId: a, events: [other] },
        ],
        path: 'parts[1].streamId',
      },
      {
        what: 'an id twice',
        parts: [
          { streamId: a, events: [event] },
          { streamId: b, events: [other, { ...event, id: event.id.toUpperCase() }] },
        ],
        path: 'parts[1].events[1].id',
      },
      {
        what: 'a part without events',
        parts: [
          { streamId: a, events: [event] },
          { streamId: b, events: [] },
        ],
        path: 'parts[1].events',
      },
    ]
    for (const { what, parts, path } of bad) {
      t.step(what)
      await t.rejects(adapter.appendToStreams(parts), 'invalid-argument', { path }, `${what} is refused`)
    }
    for (const streamId of [a, b])
      t.equal((await adapter.getStreamState(streamId)).status, 'missing', 'nothing of a refused call is stored')

    t.step('sent again')
    const [eventsA, eventsB] = [t.events(2), t.events(3)]
    await adapter.appendToStream(b, t.events(1))
    const parts = [
      { streamId: a, events: eventsA, expectedVersion: 'noStream' as const },
      { streamId: b, events: eventsB, expectedVersion: 1 },
    ]
    const original = await adapter.appendToStreams(parts)
    await adapter.appendToStream(a, t.events(1))
    const again = await t.resolves(adapter.appendToStreams(parts), 'the same call again succeeds')
    t.deepEqual(ranges(again), ranges(original), 'the same call again gives the original results')
    t.deepEqual([await size(adapter, a), await size(adapter, b)], [3, 4], 'the same call again stores nothing')

    t.step('partly sent again')
    const partly = [
      { streamId: a, events: eventsA, expectedVersion: 'noStream' as const },
      { streamId: b, events: t.events(3), expectedVersion: 1 },
    ]
    await t.rejects(adapter.appendToStreams(partly), 'concurrency', {}, 'a call of which only a part is known is a conflict')
    const fresh = t.stream()
    const withNew = [
      { streamId: b, events: eventsB, expectedVersion: 1 },
      { streamId: fresh, events: t.events(1), expectedVersion: 'noStream' as const },
    ]
    await t.rejects(
      adapter.appendToStreams(withNew),
      'concurrency',
      { streamId: b, actualVersion: 4 },
      'a known part beside a new one is a conflict',
    )
    t.deepEqual(
      [await size(adapter, a), await size(adapter, b), await size(adapter, fresh)],
      [3, 4, 0],
      'a call partly sent again stores nothing',
    )
  },
  inverse: inverseOf('multiStreamAppend'),
}

function ranges(results: readonly { readonly streamId: string; readonly firstVersion: number; readonly version: number }[]): unknown {
  return results.map(({ streamId, firstVersion, version }) => ({ streamId, firstVersion, version }))
}

async function size(adapter: EventStoreAdapter, streamId: string): Promise<number> {
  return (await adapter.readStream(streamId).toArray()).length
}
