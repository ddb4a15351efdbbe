import type { ConformanceCase } from '../../case.js'
import { base, roundTrip } from './round-trip.js'

export const pay02: ConformanceCase = {
  ...base,
  id: 'PAY-02',
  title:
    'undefined: a member is dropped; in an array, a hole, top level: InvalidArgumentError; null, empty object, array, string, key, scalars kept',
  rationale: 'undefined that becomes null, or shifts the rest of an array.',
  async run(t) {
    await roundTrip(t, [null, {}, [], '', { '': '' }, 0, 1, true, false, 'x', [[]], [{}], { a: null }, [null]])
    await roundTrip(t, [{ a: undefined, b: 1 }, { a: { b: undefined } }, [{ a: undefined }]], [{ b: 1 }, { a: {} }, [{}]])
    const adapter = await t.adapter()
    const streamId = t.stream()
    const bad: [unknown, string][] = [
      [undefined, 'events[0].data'],
      [[1, undefined, 3], 'events[0].data[1]'],
      [{ a: [undefined] }, 'events[0].data.a[0]'],
      [Array.from<unknown>({ length: 1 }).concat(Array(2)), 'events[0].data[0]'],
    ]
    for (const [data, path] of bad)
      await t.rejects(() => adapter.appendToStream(streamId, [{ type: 'Bad', data }]), 'invalid-argument', { path }, `undefined at ${path}`)
    for (const metadata of [null, [], 'text', 5, true])
      await t.rejects(
        () => adapter.appendToStream(streamId, [{ type: 'Bad', data: 1, metadata: metadata as never }]),
        'invalid-argument',
        { path: 'events[0].metadata' },
        `metadata ${JSON.stringify(metadata)}`,
      )
    t.equal((await adapter.getStreamState(streamId)).status, 'missing', 'nothing was stored')
  },
}

export const pay03: ConformanceCase = {
  ...base,
  id: 'PAY-03',
  title: '5e-324, MAX_VALUE, 2^53±1, 1e21; −0 becomes 0; NaN, ±Infinity: InvalidArgumentError with path',
  rationale: 'Numbers that are rounded, or stored as null.',
  async run(t) {
    await roundTrip(t, [
      5e-324,
      Number.MAX_VALUE,
      -Number.MAX_VALUE,
      2 ** 53,
      2 ** 53 - 1,
      2 ** 53 + 2,
      -(2 ** 53),
      1e21,
      1e-7,
      0.1,
      0.1 + 0.2,
      1 / 3,
      123456789.12345679,
      1e300,
      [1e200, 1.5],
      { n: 1e-300 },
    ])
    await roundTrip(t, [-0, [-0], { a: -0 }], [0, [0], { a: 0 }])
    const adapter = await t.adapter()
    const streamId = t.stream()
    for (const bad of [Number.NaN, Infinity, -Infinity])
      for (const [data, path] of [
        [bad, 'events[1].data'],
        [{ a: [1, 2, 3, bad] }, 'events[1].data.a[3]'],
        [{ 'odd key': bad }, 'events[1].data["odd key"]'],
      ] as const)
        await t.rejects(
          () =>
            adapter.appendToStream(streamId, [
              { type: 'Good', data: 1 as unknown },
              { type: 'Bad', data },
            ]),
          'invalid-argument',
          { path },
          `${bad} at ${path}`,
        )
    await t.rejects(
      () => adapter.appendToStream(streamId, [{ type: 'Bad', data: 1, metadata: { n: Number.NaN } }]),
      'invalid-argument',
      { path: 'events[0].metadata.n' },
      'NaN in metadata',
    )
    t.equal((await adapter.getStreamState(streamId)).status, 'missing', 'nothing was stored')
  },
}

export const pay04: ConformanceCase = {
  ...base,
  id: 'PAY-04',
  title: 'bigint, function, symbol, cycle, Map, Set, plain class: InvalidArgumentError with path; Date and toJSON honoured',
  rationale: 'Values that JSON.stringify drops, or turns into {}.',
  async run(t) {
    const date = new Date('2026-11-24T12:00:00.000Z')
    const nested = { toJSON: () => ({ when: date, list: [{ toJSON: () => 'inner' }] }) }
    await roundTrip(
      t,
      [date, { at: date }, [date], nested, { n: nested }, { keep: 1, drop: { toJSON: () => undefined } }],
      [
        ...[date.toISOString(), { at: date.toISOString() }, [date.toISOString()]],
        ...[{ when: date.toISOString(), list: ['inner'] }, { n: { when: date.toISOString(), list: ['inner'] } }, { keep: 1 }],
      ],
    )
    const adapter = await t.adapter()
    const streamId = t.stream()
    class Money {
      readonly amount = 5
    }
    const cycle: { self?: unknown; list: unknown[] } = { list: [] }
    cycle.list.push({ back: cycle })
    const throwing = {
      toJSON: () => {
        throw new Error('no')
      },
    }
    const bad: [unknown, string][] = [
      [1n, 'events[0].data'],
      [{ n: 1n }, 'events[0].data.n'],
      [() => 1, 'events[0].data'],
      [{ f() {} }, 'events[0].data.f'],
      [Symbol('s'), 'events[0].data'],
      [{ s: Symbol('s') }, 'events[0].data.s'],
      [cycle, 'events[0].data.list[0].back'],
      [new Map([[1, 2]]), 'events[0].data'],
      [{ m: new Set([1]) }, 'events[0].data.m'],
      [new Money(), 'events[0].data'],
      [{ price: [new Money()] }, 'events[0].data.price[0]'],
      [/x/u, 'events[0].data'],
      [new Error('x'), 'events[0].data'],
      [Promise.resolve(1), 'events[0].data'],
      [throwing, 'events[0].data'],
      [{ toJSON: () => 5n }, 'events[0].data'],
      [new Float64Array(1), 'events[0].data'],
      [Object(1), 'events[0].data'],
    ]
    for (const [data, path] of bad)
      await t.rejects(
        () => adapter.appendToStream(streamId, [{ type: 'Bad', data }]),
        'invalid-argument',
        { path },
        `a bad value at ${path}`,
      )
    const shared = { a: 1 }
    await roundTrip(t, [{ x: shared, y: shared, z: [shared, shared] }])
    t.equal((await adapter.getStreamState(streamId)).status, 'missing', 'nothing was stored')
  },
}

export const pay10: ConformanceCase = {
  ...base,
  id: 'PAY-10',
  title: 'nesting of 500 exact; 501, 5,000, 1,000,000: LimitExceededError depth, no stack overflow',
  rationale: 'A recursion that overflows, or a store with a depth of its own.',
  async run(t) {
    const arrays = (depth: number): unknown => {
      let value: unknown = 'core'
      for (let level = 0; level < depth; level += 1) value = [value]
      return value
    }
    const objects = (depth: number): unknown => {
      let value: unknown = 1
      for (let level = 0; level < depth; level += 1) value = { a: value }
      return value
    }
    const adapter = await t.adapter()
    const streamId = t.stream()
    await adapter.appendToStream(streamId, [
      { type: 'Deep', data: arrays(500) },
      { type: 'Deep', data: objects(500) },
      { type: 'Deep', data: 1 as unknown, metadata: { m: arrays(499) as never } },
    ])
    const read = await adapter.readStream(streamId).toArray()
    t.equal(JSON.stringify(read[0]?.data), JSON.stringify(arrays(500)), '500 arrays')
    t.equal(JSON.stringify(read[1]?.data), JSON.stringify(objects(500)), '500 objects')
    t.equal(JSON.stringify(read[2]?.metadata), JSON.stringify({ m: arrays(499) }), '500 levels of metadata')
    for (const depth of [501, 5_000, 1_000_000])
      for (const data of [arrays(depth), objects(depth)])
        await t.rejects(
          () => adapter.appendToStream(streamId, [{ type: 'Deep', data }]),
          'limit-exceeded',
          { limit: 'depth', maximum: 500, actual: 501 },
          `nesting of ${depth}`,
        )
    t.equal((await adapter.getStreamState(streamId)).version, 3, 'nothing more was stored')
  },
}

export const pay11: ConformanceCase = {
  ...base,
  id: 'PAY-11',
  title: 'eventBytes in UTF-8: at it passes; one more LimitExceededError { limit, actual, maximum }, no I/O',
  profile: 'standard',
  rationale: 'A limit in characters, or without type and metadata, or that only the server knows.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const maximum = t.capabilities.limits.eventBytes
    // Type T, two quotes; metadata {"m":"ä"} has 10 bytes.
    const ascii = (bytes: number) => ({ type: 'T', data: 'x'.repeat(bytes - 3) })
    const wide = (bytes: number) => ({
      type: 'T',
      data: 'x'.repeat((bytes - 13) % 2) + 'ä'.repeat(Math.floor((bytes - 13) / 2)),
      metadata: { m: 'ä' },
    })
    for (const [name, sized] of Object.entries({ ascii, wide })) {
      const { version } = await t.resolves(
        adapter.appendToStream(streamId, [sized(maximum)], { timeoutMs: 60_000 }),
        `${name}: exactly ${maximum} bytes are stored`,
      )
      const [read] = await adapter.readStream(streamId, { from: version }).toArray()
      t.equal((read?.data as string | undefined)?.length, sized(maximum).data.length, `${name}: and read back`)
      await t.rejects(
        () => adapter.appendToStream(streamId, [sized(maximum + 1)]),
        'limit-exceeded',
        { limit: 'eventBytes', actual: maximum + 1, maximum },
        `${name}: one byte more`,
      )
    }
    await t.part({ hooks: ['broken'], title: 'no I/O' }, async () => {
      const unreachable = await t.broken('unreachable')
      await t.rejects(
        () => unreachable.appendToStream(streamId, [ascii(maximum + 1)]),
        'limit-exceeded',
        { limit: 'eventBytes' },
        'refused before any I/O',
      )
    })
  },
}

export const pay13: ConformanceCase = {
  ...base,
  id: 'PAY-13',
  title: "the previous release's data reads",
  requires: { hooks: ['golden'] },
  rationale: 'A change of the layout that forgets what is stored already.',
  async run(t) {
    const golden = await (await t.instance()).golden?.()
    if (golden === undefined) return t.notProven('there is no previous release')
    const events = await golden.readStream('golden').toArray()
    t.ok(events.length > 0, 'the golden stream has events')
    for (const { data, version } of events)
      t.deepEqual(data, { n: version, text: `golden ${version} é🌊` }, `event ${version} of the golden stream`)
    await golden.close()
  },
}
