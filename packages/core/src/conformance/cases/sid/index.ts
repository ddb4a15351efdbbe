import type { EventStoreAdapter } from '../../../adapter.js'
import type { CaseContext, ConformanceCase } from '../../case.js'
import { eventIds, idsOf } from '../views.js'

const base = { section: 'SID', since: 1, level: 'must', profile: 'smoke' } as const

/** Each id is a stream of its own: everything written to one is read from it and from no other. */
async function apart(t: CaseContext, names: readonly string[]): Promise<void> {
  const adapter = await t.adapter()
  const stored = new Map<string, string[]>()
  for (const [index, name] of names.entries()) {
    const events = t.events(1 + (index % 3))
    const streamId = t.named(name)
    t.step(JSON.stringify(name))
    const result = await t.resolves(
      adapter.appendToStream(streamId, events, { expectedVersion: 'noStream' }),
      `stream ${JSON.stringify(name)} is new`,
    )
    t.equal(result.streamId, streamId, 'the result names the stream as given')
    stored.set(streamId, eventIds(events))
  }
  for (const [streamId, ids] of stored) {
    const read = await adapter.readStream(streamId).toArray()
    t.deepEqual(eventIds(read), ids, `stream ${JSON.stringify(streamId)} holds its own events only`)
    t.ok(
      read.every((event) => event.streamId === streamId),
      `events of ${JSON.stringify(streamId)} name their stream as given`,
    )
    t.deepEqual(eventIds(await adapter.readStream(streamId, { direction: 'backwards' }).toArray()).reverse(), ids, 'backwards too')
    t.equal((await adapter.getStreamState(streamId)).version, ids.length, 'its state is its own')
  }
  await t.part({ capability: 'listStreams' }, async () => {
    const listed: string[] = []
    for await (const { streamId } of adapter.listStreams()) listed.push(streamId)
    t.deepEqual(
      [...stored.keys()].filter((streamId) => !listed.includes(streamId)),
      [],
      'every one is listed as given',
    )
  })
}

const sid01: ConformanceCase = {
  ...base,
  id: 'SID-01',
  title: '`# - : / . % $` inside, quotes, space, newline, SQL and URL signs, `__proto__`',
  rationale: 'Ids that are split, escaped or put into a statement.',
  run: (t) =>
    apart(t, [
      ...[
        'a#1',
        'a-1',
        'a:1',
        'a/1',
        'a.1',
        'a%1',
        'a$1',
        'a_1',
        'a*1',
        'a?1',
        'a&b=c',
        'a+1',
        'a\\1',
        'a|1',
        'a,1',
        'a;1',
        '(a)',
        '[a]',
        '{a}',
        '@a',
        '!a',
        '~a',
        '^a',
        '`a`',
      ],
      ...[
        "o'clock",
        '"quoted"',
        ' leading',
        'with space',
        'new\nline',
        'tab\there',
        "'; DROP TABLE events; --",
        '%27',
        'https://host/path?query#hash',
        '..',
        '../up',
      ],
      ...[
        '__proto__',
        'constructor',
        'toString',
        'undefined',
        'null',
        '0',
        '-1',
        'NaN',
        'ünïcödé',
        '流れ',
        '🌊🌊',
        '\u200d',
        '\ufeffbom',
        '\u202ertl',
        '\u0001',
        '\u007f',
        '\u2028',
      ],
    ]),
}

const sid02: ConformanceCase = {
  ...base,
  id: 'SID-02',
  title: '`a`, `a#1`, `STREAM#a`, `VERSION#1`, prefixes of each other: no alias',
  rationale: 'Keys that are joined from parts, or matched by prefix.',
  run: (t) =>
    apart(t, [
      'a',
      'a#',
      'a#1',
      'a#1#1',
      'STREAM#a',
      'STREAM#',
      'VERSION#1',
      'VERSION#00000000000000000001',
      'META',
      'STREAM#a#VERSION#1',
      'LOG#0',
      'SEQ#0',
      'ab',
      'abc',
      'abcd',
      'ab_',
      'ab%',
      'order-1',
      'order-10',
      'order-100',
      'order',
    ]),
}

const sid03: ConformanceCase = {
  ...base,
  id: 'SID-03',
  title: 'letter case, NFC and NFD, trailing space are distinct',
  rationale: 'A collation or a normalisation that takes two ids for one.',
  run: (t) =>
    apart(t, [
      'case',
      'Case',
      'CASE',
      'caſe',
      'ß',
      'ss',
      'é',
      'e\u0301',
      'å',
      'a\u030a',
      '\u212b',
      'trail',
      'trail ',
      'trail  ',
      'trail\t',
      'ı',
      'i',
      'I',
      'İ',
      'ﬁ',
      'fi',
      'a\u200b',
      'a',
    ]),
}

const sid04: ConformanceCase = {
  ...base,
  id: 'SID-04',
  title: '512 bytes pass; over: LimitExceededError; empty, U+0000, lone surrogate, no string: InvalidArgumentError',
  rationale: 'An id that is cut, or counted in characters.',
  async run(t) {
    const adapter = await t.adapter()
    const prefix = t.stream()
    const room = 511 - Buffer.byteLength(prefix)
    for (const sign of ['x', 'ä', '🌊']) {
      const bare = prefix + sign.repeat(Math.floor(room / Buffer.byteLength(sign)))
      const streamId = bare + 'x'.repeat(512 - Buffer.byteLength(bare))
      const [other, events] = [`${streamId.slice(0, -1)}y`, t.events(1)]
      await t.resolves(adapter.appendToStream(streamId, events), `512 bytes of ${sign} pass`)
      t.deepEqual(await idsOf(adapter, streamId), eventIds(events), `512 bytes of ${sign} read back`)
      t.deepEqual(await idsOf(adapter, other), [], 'the last byte counts')
      for (const [name, use] of Object.entries(uses(adapter, `${streamId}x`)))
        await t.rejects(use, 'limit-exceeded', { limit: 'streamIdBytes', actual: 513, maximum: 512 }, `${name}: 513 bytes`)
    }
    for (const bad of ['', '\0', 'a\0b', '\ud800', 'a\udc00b', 5, null, undefined, {}, ['a']])
      for (const [name, use] of Object.entries(uses(adapter, bad as string)))
        await t.rejects(use, 'invalid-argument', {}, `${name}: stream id ${JSON.stringify(bad) ?? 'undefined'}`)
  },
}

const sid05: ConformanceCase = {
  ...base,
  id: 'SID-05',
  title: 'leading `$`: InvalidArgumentError in every method',
  rationale: "A store's own streams that a user can write to.",
  async run(t) {
    const adapter = await t.adapter()
    for (const streamId of ['$', '$all', '$$meta', '$ce-order'])
      for (const [name, use] of Object.entries(uses(adapter, streamId)))
        await t.rejects(use, 'invalid-argument', {}, `${name}: ${streamId}`)
    const own = t.stream()
    for (const type of ['$', '$metadata', '$>', '$erased']) {
      await t.rejects(
        () => adapter.appendToStream(own, [{ type, data: 1 }]),
        'invalid-argument',
        { path: 'events[0].type' },
        `type ${type}`,
      )
      await t.rejects(
        () => adapter.appendToStream(own, t.events(1), { streamType: type }),
        'invalid-argument',
        { path: 'streamType' },
        `stream type ${type}`,
      )
    }
    t.equal((await adapter.getStreamState(own)).status, 'missing', 'nothing was stored')
  },
}

const sid06: ConformanceCase = {
  ...base,
  id: 'SID-06',
  title: 'type, streamType: same rules, 255 bytes; over: LimitExceededError',
  rationale: 'A type that is cut, normalised or compared by letter case.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const names = [
      'x'.repeat(255),
      'ä'.repeat(127),
      '🌊'.repeat(63),
      'Type',
      'type',
      'type ',
      'é',
      'e\u0301',
      "o'type",
      'a#b',
      '%',
      '__proto__',
      'with space',
      'new\nline',
    ]
    for (const name of names) await adapter.appendToStream(streamId, [{ type: name, data: 1 }], { streamType: name })
    const read = await adapter.readStream(streamId).toArray()
    t.deepEqual(
      read.map(({ type }) => type),
      names,
      'types read back as given',
    )
    t.deepEqual(
      read.map(({ streamType }) => streamType),
      names,
      'stream types read back as given',
    )
    for (const name of ['x'.repeat(256), 'ä'.repeat(128)]) {
      await t.rejects(
        () => adapter.appendToStream(streamId, [{ type: name, data: 1 }]),
        'limit-exceeded',
        { limit: 'typeBytes', actual: 256, maximum: 255 },
        'a type of 256 bytes',
      )
      await t.rejects(
        () => adapter.appendToStream(streamId, t.events(1), { streamType: name }),
        'limit-exceeded',
        { limit: 'typeBytes', actual: 256, maximum: 255 },
        'a stream type of 256 bytes',
      )
    }
    for (const bad of ['', 'a\0', '\ud800', 5, null, {}]) {
      await t.rejects(
        () => adapter.appendToStream(streamId, [{ type: bad as string, data: 1 }]),
        'invalid-argument',
        {},
        `type ${JSON.stringify(bad)}`,
      )
      await t.rejects(
        () => adapter.appendToStream(streamId, t.events(1), { streamType: bad as string }),
        'invalid-argument',
        {},
        `stream type ${JSON.stringify(bad)}`,
      )
    }
    t.equal((await adapter.getStreamState(streamId)).version, names.length, 'nothing more was stored')
  },
}

/** Every method that takes a stream id and is declared. */
function uses(adapter: EventStoreAdapter, streamId: string): Record<string, () => unknown> {
  const { deleteStream, tombstoneStream, truncateStream, streamMetadata, multiStreamAppend } = adapter.capabilities
  const event = { type: 'T', data: 1 }
  return {
    appendToStream: () => adapter.appendToStream(streamId, [event]),
    readStream: () => adapter.readStream(streamId),
    subscribeToStream: () => adapter.subscribeToStream(streamId),
    getStreamState: () => adapter.getStreamState(streamId),
    ...(multiStreamAppend ? { appendToStreams: () => adapter.appendToStreams([{ streamId, events: [event] }]) } : {}),
    ...(deleteStream ? { deleteStream: () => adapter.deleteStream(streamId) } : {}),
    ...(tombstoneStream ? { tombstoneStream: () => adapter.tombstoneStream(streamId) } : {}),
    ...(truncateStream ? { truncateStream: () => adapter.truncateStream(streamId, { before: 1 }) } : {}),
    ...(streamMetadata
      ? { getStreamMetadata: () => adapter.getStreamMetadata(streamId), setStreamMetadata: () => adapter.setStreamMetadata(streamId, {}) }
      : {}),
  }
}

export const sid: readonly ConformanceCase[] = [sid01, sid02, sid03, sid04, sid05, sid06]
