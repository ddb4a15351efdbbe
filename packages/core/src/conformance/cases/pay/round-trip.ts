import type { CaseContext, ConformanceCase } from '../../case.js'
import type { Random } from '../../random.js'

export const base = { section: 'PAY', since: 1, level: 'must', profile: 'smoke' } as const

/** Each value, as data and inside metadata, reads back as it was. */
export async function roundTrip(t: CaseContext, values: readonly unknown[], expected: readonly unknown[] = values): Promise<void> {
  const adapter = await t.adapter()
  const streamId = t.stream()
  await adapter.appendToStream(
    streamId,
    values.map((data) => ({ type: 'Value', data, metadata: { data: data as never } })),
  )
  const read = await adapter.readStream(streamId).toArray()
  t.equal(read.length, values.length, 'every event is there')
  for (const [index, { data, metadata }] of read.entries()) {
    t.deepEqual(data, expected[index], `value ${index + 1} as data`)
    t.deepEqual(metadata?.data, expected[index], `value ${index + 1} in metadata`)
    t.equal(JSON.stringify(data), JSON.stringify(expected[index]), `value ${index + 1}: the same text, keys in order`)
  }
}

export const pay01: ConformanceCase = {
  ...base,
  id: 'PAY-01',
  title: 'astral, combining, right-to-left, ZWJ, BOM, U+2028, control characters',
  rationale: 'A charset, a normalisation or an escape between the application and the disk.',
  run: (t) =>
    roundTrip(t, [
      '🌊🧑‍🚀👨‍👩‍👧‍👦',
      'é',
      'e\u0301',
      'ﬁ',
      'שלום עולם',
      '\u202eabc\u202c',
      'a\u200db\u200c',
      '\ufeffbom',
      'line\u2028paragraph\u2029',
      '\u0001\u0002\u001f\u007f\u0080\u009f',
      '\b\t\n\v\f\r',
      '\\ \\n \\u0041 \\\\',
      '"quoted" \'single\' `tick`',
      '</script><!--',
      '%00 %s $1 {0} ${x}',
      "'; DROP TABLE events; --",
      '\ufffd\ufffe\uffff',
      '𝕊𝕥𝕣𝕚𝕟𝕘',
      '',
      ' ',
      '\u00a0',
      { ключ: 'значение', '🔑': '🗝', 'a b': 1, '': 'empty key' },
    ]),
}

export const pay06: ConformanceCase = {
  ...base,
  id: 'PAY-06',
  title: 'U+0000 in values and keys',
  rationale: 'A C string, or jsonb, between the application and the disk.',
  run: (t) => roundTrip(t, ['\0', 'a\0b', '\0\0', { 'k\0ey': 'v\0alue' }, ['\0', { '\0': '\0' }], '\\u0000', '\\0']),
}

export const pay07: ConformanceCase = {
  ...base,
  id: 'PAY-07',
  title: 'lone surrogates in values and keys',
  rationale: 'UTF-8 cannot hold them: they turn into U+FFFD, or the whole event is refused.',
  run: (t) => roundTrip(t, ['\ud800', '\udfff', 'a\ud83cb', '\udf0a\ud83c', { 'k\ud800': 'v\udc00' }, ['\ud83c', '\udf0a']]),
}

export const pay09: ConformanceCase = {
  ...base,
  id: 'PAY-09',
  title: 'key order; date-, number-, type-tag-like strings stay strings',
  rationale: 'jsonb sorts keys; a driver or a mapper that thinks it knows better revives dates and tags.',
  run: (t) =>
    roundTrip(t, [
      { z: 1, a: 2, m: { y: 1, b: 2 }, aa: 3, Z: 4 },
      { b: 1, a: 1, '10': 'x', '9': 'y' },
      '2026-11-24T12:00:00.000Z',
      '2026-11-24',
      '123',
      '1e5',
      '007',
      'true',
      'null',
      'NaN',
      '0x10',
      { $date: '2026-11-24' },
      { $oid: 'x' },
      { __type: 'Map', value: [] },
      { S: 'text', N: '5' },
      { type: 'Buffer', data: [1, 2] },
      { $binary: { base64: 'AA==' } },
      { '@class': 'java.lang.Runtime' },
      '{"a":1}',
      '[1]',
    ]),
}

export const pay08: ConformanceCase = {
  ...base,
  id: 'PAY-08',
  title: 'own `__proto__`, `constructor`, `toString`; no pollution',
  rationale: 'A payload that is spread, assigned or merged into an object.',
  async run(t) {
    const values = [
      '{"__proto__":{"polluted":true}}',
      '{"constructor":{"prototype":{"polluted":true}}}',
      '{"toString":"x","valueOf":1,"hasOwnProperty":null}',
      '{"a":{"__proto__":null,"b":1}}',
    ].map((text) => JSON.parse(text) as object)
    await roundTrip(t, values)
    t.equal(({} as { polluted?: unknown }).polluted, undefined, 'no object is polluted')
    const adapter = await t.adapter()
    const streamId = t.stream()
    const event = JSON.parse(
      `{"type":"Parsed","data":{"n":1},"metadata":{"__proto__":{"polluted":true},"constructor":1},"__proto__":{"id":"x"}}`,
    ) as { type: string; data: object; metadata: object }
    await adapter.appendToStream(streamId, [event])
    const [read] = await adapter.readStream(streamId).toArray()
    t.deepEqual(Object.keys(read?.metadata ?? {}), ['__proto__', 'constructor'], 'own keys of metadata')
    t.ok(
      Object.getPrototypeOf(read?.metadata) === Object.prototype &&
        (read?.metadata as { polluted?: unknown } | undefined)?.polluted === undefined,
      'metadata keeps a plain prototype',
    )
  },
}

export const pay12: ConformanceCase = {
  ...base,
  id: 'PAY-12',
  title: 'any JSON, with hostile strings, comes back equal',
  rationale: 'The value nobody thought of.',
  async run(t) {
    for (let round = 0; round < t.rounds(20); round += 1) {
      t.step(`round ${round + 1}`)
      await roundTrip(
        t,
        Array.from({ length: 25 }, () => anyJson(t.random, 4)),
      )
    }
  },
}

const signs = [
  'a',
  'Z',
  '0',
  ' ',
  '"',
  "'",
  '\\',
  '/',
  '\0',
  '\n',
  '\u001f',
  '\u007f',
  'é',
  '\u0301',
  '\ud800',
  '\udc00',
  '🌊',
  '\u2028',
  '\ufeff',
  '$',
  '{',
  '%',
  '#',
  '\ufffd',
]

function anyString(random: Random): string {
  return Array.from({ length: random.int(12) }, () => random.pick(signs)).join('')
}

function anyNumber(random: Random): number {
  return random.pick([
    0,
    1,
    -1,
    random.int(1000),
    random.next(),
    -random.next() * 1e10,
    2 ** 53,
    -(2 ** 53) + 1,
    5e-324,
    Number.MAX_VALUE,
    1e21,
    1e-7,
    random.next() * 10 ** (random.int(600) - 300),
  ])
}

function anyJson(random: Random, depth: number): unknown {
  switch (random.int(depth > 0 ? 7 : 5)) {
    case 0:
      return null
    case 1:
      return random.next() < 0.5
    case 2:
      return anyNumber(random)
    case 3:
    case 4:
      return anyString(random)
    case 5:
      return Array.from({ length: random.int(5) }, () => anyJson(random, depth - 1))
    default: {
      const made: Record<string, unknown> = {}
      for (let count = random.int(5); count > 0; count -= 1)
        Object.defineProperty(made, random.next() < 0.1 ? '__proto__' : anyString(random), {
          value: anyJson(random, depth - 1),
          enumerable: true,
          configurable: true,
          writable: true,
        })
      return made
    }
  }
}
