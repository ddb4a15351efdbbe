import type { ReadStreamOptions } from '../../../adapter.js'
import type { ConformanceCase } from '../../case.js'
import { filled, range, versionsOf } from '../views.js'

export const rds01: ConformanceCase = {
  id: 'RDS-01',
  title: 'forwards: every field as appended, versions 1…v',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A field that is lost, renamed or defaulted on the way.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const given = Array.from({ length: 5 }, (_, n) => ({
      id: t.events(1)[0]?.id ?? '',
      type: `Type${n}`,
      data: { n, nested: [{ n }] },
      metadata: { n, user: 'Ada' },
    }))
    const before = Date.now()
    await adapter.appendToStream(streamId, given, { streamType: 'Sample' })
    const events = await adapter.readStream(streamId).toArray()
    t.deepEqual(
      events.map(({ id, type, data, metadata }) => ({ id, type, data, metadata })),
      given,
      'id, type, data and metadata as appended',
    )
    t.deepEqual(
      events.map(({ version }) => version),
      [1, 2, 3, 4, 5],
      'versions',
    )
    t.ok(
      events.every((event) => event.streamId === streamId && event.streamType === 'Sample'),
      'stream id and type',
    )
    t.ok(
      events.every(({ createdAt }) => createdAt instanceof Date && Math.abs(createdAt.getTime() - before) < 24 * 3600 * 1000),
      'createdAt is a Date of today',
    )
    t.deepEqual(
      events.map(({ position }) => typeof position),
      events.map(({ position }) => (t.declares('readAll') ? 'string' : typeof position)),
      'with readAll every event has a position',
    )
  },
}

export const rds02: ConformanceCase = {
  id: 'RDS-02',
  title: 'backwards is the exact reverse',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A direction that is ignored, or reverses page by page.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 25)
    const [forwards, backwards] = [
      await adapter.readStream(streamId).toArray(),
      await adapter.readStream(streamId, { direction: 'backwards' }).toArray(),
    ]
    t.equal(forwards.length, 25, 'events read forwards')
    t.deepEqual(backwards, forwards.reverse(), 'backwards is the reverse of forwards')
  },
}

export const rds03: ConformanceCase = {
  id: 'RDS-03',
  title: 'from is inclusive both ways; forwards from v+1: empty',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'An off-by-one at the beginning of a window.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 10)
    for (const from of [1, 2, 5, 10]) {
      t.deepEqual(await versionsOf(adapter, streamId, { from }), range(from, 10), `forwards from ${from} is inclusive`)
      t.deepEqual(
        await versionsOf(adapter, streamId, { from, direction: 'backwards' }),
        range(from, 1),
        `backwards from ${from} is inclusive`,
      )
    }
    t.deepEqual(await versionsOf(adapter, streamId, { from: 11 }), [], 'forwards from version + 1')
    t.deepEqual(await versionsOf(adapter, streamId, { from: 2 ** 53 - 1 }), [], 'forwards from the largest version')
  },
}

export const rds04: ConformanceCase = {
  id: 'RDS-04',
  title: 'to is inclusive: 3…7, backwards 7…3; the wrong way: empty; from = to: one',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'An end that is taken as a count, or exclusive.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 10)
    const windows: [ReadStreamOptions, number[]][] = [
      [{ from: 3, to: 7 }, range(3, 7)],
      [{ from: 7, to: 3, direction: 'backwards' }, range(7, 3)],
      [{ from: 7, to: 3 }, []],
      [{ from: 3, to: 7, direction: 'backwards' }, []],
      [{ from: 4, to: 4 }, [4]],
      [{ from: 4, to: 4, direction: 'backwards' }, [4]],
      [{ to: 3 }, [1, 2, 3]],
      [{ to: 8, direction: 'backwards' }, [10, 9, 8]],
      [{ from: 8, to: 100 }, [8, 9, 10]],
      [{ from: 100, to: 9, direction: 'backwards' }, [10, 9]],
    ]
    for (const [options, expected] of windows)
      t.deepEqual(await versionsOf(adapter, streamId, options), expected, `window ${JSON.stringify(options)}`)
  },
}

export const rds05: ConformanceCase = {
  id: 'RDS-05',
  title: 'limit 0 (no I/O), 1, v, v+1 × from, to, direction; −1, 1.5, NaN and bad windows: InvalidArgumentError',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A limit that is off by one, or 0 taken as none.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 8)
    for (const direction of ['forwards', 'backwards'] as const)
      for (const window of [{}, { from: 3 }, { from: 6, to: 6 }, direction === 'forwards' ? { from: 2, to: 5 } : { from: 5, to: 2 }]) {
        const all = await versionsOf(adapter, streamId, { ...window, direction })
        for (const limit of [0, 1, 2, 8, 9])
          t.deepEqual(
            await versionsOf(adapter, streamId, { ...window, direction, limit }),
            all.slice(0, limit),
            `limit ${limit} of ${JSON.stringify({ ...window, direction })}`,
          )
      }
    const bad: unknown[] = [
      { limit: -1 },
      { limit: 1.5 },
      { limit: Number.NaN },
      { limit: '1' },
      { from: 0 },
      { from: -1 },
      { from: 1.5 },
      { to: 0 },
      { direction: 'sideways' },
      { from: 2 ** 53 },
      'options',
    ]
    for (const options of bad)
      await t.rejects(
        () =>
          adapter
            .readStream(streamId, options as object)
            [Symbol.asyncIterator]()
            .next(),
        'invalid-argument',
        {},
        `options ${JSON.stringify(options)}`,
      )
    await t.part({ hooks: ['broken'], title: 'limit 0 needs no I/O' }, async () => {
      const unreachable = await t.broken('unreachable')
      t.deepEqual(await unreachable.readStream(streamId, { limit: 0 }).toArray(), [], 'limit 0 on a store that cannot be reached')
    })
  },
}

export const rds08: ConformanceCase = {
  id: 'RDS-08',
  title: 'a missing stream is empty, both ways, in every window',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A missing stream that is an error, or is created by reading.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream('missing')
    for (const options of [
      {},
      { direction: 'backwards' },
      { from: 5 },
      { from: 5, to: 9 },
      { from: 9, to: 5, direction: 'backwards' },
      { limit: 3 },
    ] as const)
      t.deepEqual(await versionsOf(adapter, streamId, options), [], `missing stream, ${JSON.stringify(options)}`)
    t.deepEqual(await adapter.getStreamState(streamId), { status: 'missing', version: 0, firstVersion: 1 }, 'state after reading')
  },
}

export const rds09: ConformanceCase = {
  id: 'RDS-09',
  title: 'backwards from beyond the end starts at the end',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'An empty result where the last events were asked for.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 5)
    for (const from of [6, 7, 1000, 2 ** 53 - 1])
      t.deepEqual(
        await versionsOf(adapter, streamId, { from, direction: 'backwards', limit: 2 }),
        [5, 4],
        `backwards from ${from} at version 5`,
      )
  },
}
