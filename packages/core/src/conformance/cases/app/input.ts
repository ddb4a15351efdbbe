import type { ConformanceCase } from '../../case.js'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u

const show = (value: unknown): string => (typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? 'undefined'))

export const app09: ConformanceCase = {
  id: 'APP-09',
  title: 'an expectation, list of events, type or id that is none is refused before any I/O',
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A bad argument that reaches the driver: stored as something else, or reported as an error of the database.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const events = t.events(2)
    await adapter.appendToStream(streamId, events.slice(0, 1))
    const [one] = t.events(1)
    const bad = [
      ...[-1, 1.5, Number.NaN, Infinity, 2 ** 53, 'x', '1', null, {}, 1n].map((expectedVersion) => ({
        what: `the expectation ${show(expectedVersion)}`,
        events: [one],
        options: { expectedVersion },
        path: 'expectedVersion',
      })),
      ...[undefined, null, 'events', {}, one, 3].map((list) => ({
        what: 'events that are no array',
        events: list,
        options: {},
        path: 'events',
      })),
      ...[undefined, 0, null, ''].map((type) => ({
        what: 'an event without a type',
        events: [{ ...one, type }],
        options: {},
        path: 'events[0].type',
      })),
      ...['x', '', 7, `${one?.id ?? ''}0`, `{${one?.id ?? ''}}`].map((id) => ({
        what: 'an id that is no UUID',
        events: [{ ...one, id }],
        options: {},
        path: 'events[0].id',
      })),
      { what: 'an event that is null', events: [null], options: {}, path: 'events[0]' },
    ]
    for (const { what, events: list, options, path } of bad) {
      t.step(what)
      await t.rejects(
        () => adapter.appendToStream(streamId, list as never, options as never),
        'invalid-argument',
        { path },
        `${what} is refused`,
      )
    }
    await adapter.appendToStream(streamId, events.slice(1), { expectedVersion: 1 })
    await t.holds(adapter, streamId, events, { message: 'nothing is stored, and the adapter is usable after' })
    await t.part({ hooks: ['broken'], title: 'no I/O' }, async () => {
      const unreachable = await t.broken('unreachable')
      for (const { what, events: list, options } of bad)
        await t.rejects(
          () => unreachable.appendToStream(streamId, list as never, options as never),
          'invalid-argument',
          {},
          `${what} is refused before any I/O`,
        )
    })
  },
}

export const app10: ConformanceCase = {
  id: 'APP-10',
  title: 'changing the input, the result or a read event changes nothing stored',
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A store that keeps the caller’s objects, so that history changes when the application goes on using them.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const given = t.events(2).map((event) => ({ ...event, data: { list: [1, 2], deep: { a: 'b' } }, metadata: { tags: ['x'] } }))
    const kept = structuredClone(given)
    const list = [...given]
    const pending = adapter.appendToStream(streamId, list)
    // While the call is under way, as a caller who does not await at once would.
    spoil(given, list)
    const result = await pending
    t.equal(result.version, 2, 'the call works on what it was given when it was made')
    await t.holds(adapter, streamId, kept, { message: 'changing the input during the call changes nothing stored' })
    Object.assign(result, { version: 99, streamId: 'other' })

    const read = await adapter.readStream(streamId).toArray()
    for (const event of read) {
      const { data, metadata } = event as unknown as { data: { list: number[]; deep: { a: string } }; metadata: { tags: string[] } }
      data.list.push(3)
      data.deep.a = 'changed'
      metadata.tags.length = 0
      event.createdAt.setTime(0)
    }
    const again = await t.holds(adapter, streamId, kept, { message: 'changing a read event changes nothing stored' })
    for (const { createdAt } of again) t.notEqual(createdAt.getTime(), 0, 'createdAt of a later read is as it was')

    await t.part({ capability: 'binary' }, async () => {
      const [bytes, stream] = [new Uint8Array([1, 2, 3]), t.stream()]
      const writing = adapter.appendToStream(stream, [{ type: 'Bytes', data: bytes }])
      bytes[0] = 9
      await writing
      for (const what of ['changing the bytes given', 'changing the bytes read']) {
        const [event] = await adapter.readStream(stream).toArray()
        t.deepEqual(Array.from(event?.data as Uint8Array), [1, 2, 3], `${what} changes nothing stored`)
        ;(event as { data: Uint8Array }).data.fill(7)
      }
    })
    t.step('input is not changed either')
    const frozen = t.events(1).map((event) => Object.freeze({ ...event, data: Object.freeze({ a: 1 }) }))
    await t.resolves(
      adapter.appendToStream(t.stream(), Object.freeze(frozen) as never, Object.freeze({ expectedVersion: 0 })),
      'frozen input is fine',
    )
  },
}

function spoil(
  events: { type: string; data: { list: number[]; deep: { a: string } }; metadata: { tags: string[] } }[],
  list: unknown[],
): void {
  for (const event of events) {
    event.data.list.push(9)
    event.data.deep.a = 'spoiled'
    event.metadata.tags.push('spoiled')
    event.type = 'Spoiled'
  }
  list.length = 1
}

export const app11: ConformanceCase = {
  id: 'APP-11',
  title: 'an id twice in one call, in any letter case, and the nil UUID are refused',
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Ids compared as text: the second copy of an event is dropped or stored depending on letter case.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const [a, b] = t.events(2)
    const id = a?.id ?? ''
    for (const [what, ids, path] of [
      ['the same id', [id, id], 'events[1].id'],
      ['the same id in upper case', [id, id.toUpperCase()], 'events[1].id'],
      ['the same id, first in upper case', [id.toUpperCase(), id], 'events[1].id'],
      ['the nil UUID', [b?.id ?? '', '00000000-0000-0000-0000-000000000000'], 'events[1].id'],
    ] as const) {
      t.step(what)
      const events = ids.map((one) => ({ type: 'Twice', data: null, id: one }))
      await t.rejects(adapter.appendToStream(streamId, events), 'invalid-argument', { path }, `${what} is refused`)
    }
    t.equal((await adapter.getStreamState(streamId)).status, 'missing', 'nothing is stored')
  },
}

export const app12: ConformanceCase = {
  id: 'APP-12',
  title: 'missing ids become distinct UUIDs; given ones read back lower-cased',
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Ids made by the database and unknown to a retry, or an id that no longer matches because its letter case was kept.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    await adapter.appendToStream(
      streamId,
      Array.from({ length: 20 }, (_, n) => ({ type: 'Made', data: n })),
    )
    await adapter.appendToStream(streamId, [{ type: 'Made', data: 20, id: undefined }])
    const made = (await adapter.readStream(streamId).toArray()).map(({ id }) => id)
    for (const id of made) t.ok(uuid.test(id), 'a made id is a lower-case UUID')
    t.equal(new Set(made).size, 21, 'made ids are distinct')

    const given = t.events(3)
    await adapter.appendToStream(
      streamId,
      given.map((event, index) => ({ ...event, id: index === 1 ? event.id : event.id.toUpperCase() })),
    )
    const read = await adapter.readStream(streamId, { from: 22 }).toArray()
    t.deepEqual(
      read.map(({ id }) => id),
      given.map(({ id }) => id),
      'given ids read back lower-cased',
    )
  },
}

export const app13: ConformanceCase = {
  id: 'APP-13',
  title: 'streamType reads back on the events of its append, else it is undefined',
  section: 'APP',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A type kept per stream: the first append’s word for all later events, or the last one’s for all before.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const types = ['order', undefined, 'Bestellung', 'order', undefined]
    for (const streamType of types) await adapter.appendToStream(streamId, t.events(2), { streamType })
    const forwards = await adapter.readStream(streamId).toArray()
    const expected = types.flatMap((type) => [type, type])
    t.deepEqual(
      forwards.map(({ streamType }) => streamType),
      expected,
      'each event carries the type of its own append',
    )
    t.ok(
      forwards.every((event) => 'streamType' in event),
      'the member is there also where it is undefined',
    )
    const backwards = await adapter.readStream(streamId, { direction: 'backwards' }).toArray()
    t.deepEqual(backwards.map(({ streamType }) => streamType).reverse(), expected, 'backwards too')
  },
}
