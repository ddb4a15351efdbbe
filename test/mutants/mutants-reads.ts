import { type Mutant, appendLine, plant } from './mutant.js'

const backend = 'memory/backend.ts'
const streams = 'streams: new Map(),'

/** A store that takes two stream ids for one; `key` is an expression of the id `k` and the known keys of `this`. */
function aliasing(key: string): string {
  return `streams: new (class extends Map {
    key(k) { return ${key} }
    get(k) { return super.get(this.key(k)) }
    set(k, v) { return super.set(this.key(k), v) }
  })(),`
}

/** Sections RDS and SID. */
export const readMutants: readonly Mutant[] = [
  {
    id: 'M29',
    bug: 'from is exclusive',
    caseId: 'RDS-03',
    message: 'forwards from 1 is inclusive',
    edits: [
      {
        file: 'create-adapter.ts',
        find: "from: parseVersion(checked.from, 'from'),",
        replace:
          "from: checked.from === undefined ? undefined : parseVersion(checked.from, 'from') + (checked.direction === 'backwards' ? -1 : 1),",
      },
    ],
  },
  {
    id: 'M30',
    bug: 'the limit is forgotten on page 2',
    caseId: 'RDS-07',
    message: 'limit 4 over pages of 3, forwards',
    edits: [{ file: 'read-stream.ts', find: 'left -= page.events.length', replace: 'left = left > page.events.length ? Infinity : 0' }],
  },
  {
    id: 'M31',
    bug: 'stops after page 1',
    caseId: 'RDS-06',
    message: '4 events in pages of 3, forwards',
    edits: [{ file: 'read-stream.ts', find: 'left -= page.events.length', replace: 'left = 0' }],
  },
  {
    id: 'M32',
    bug: 'versions in the order of their text',
    caseId: 'RDS-10',
    message: 'forwards over 9–10, 99–100 and 999–1000',
    edits: [
      {
        file: backend,
        find: 'first + limit - 1)).map(handOut)',
        replace: 'first + limit - 1)).map(handOut).sort((a, b) => (String(a.version) < String(b.version) ? -1 : 1))',
      },
      {
        file: 'read-stream.ts',
        find: 'if (events.length > 0 && wanted === from + step * events.length) return',
        replace: 'if (from > 0) return',
      },
    ],
  },
  {
    id: 'M33',
    bug: 'backwards is forwards',
    caseId: 'RDS-02',
    message: 'backwards is the reverse of forwards',
    edits: [
      {
        file: 'options.ts',
        find: "if (value === 'backwards') return 'backwards'",
        replace: "if (value === 'backwards') return 'forwards'",
      },
    ],
  },
  {
    id: 'M36',
    bug: 'eventually consistent, and does not say so',
    caseId: 'RDS-12',
    message: 'a read right after the append sees it',
    edits: [
      {
        file: backend,
        find: "if (stream === undefined || head.status !== 'live') return { head, events: [] }",
        replace: `const lag = stream?.events.findIndex(({ createdAt }) => Date.now() - createdAt.getTime() < 25) ?? -1
  if (lag >= 0) Object.assign(head, { version: lag })
  if (stream === undefined || head.status !== 'live' || lag === 0) return { head: lag === 0 ? { ...head, status: 'missing' } : head, events: [] }`,
      },
    ],
  },
  {
    id: 'M37',
    bug: 'a reader who leaves while waiting for a connection leaks it',
    caseId: 'RDS-13',
    message: 'readers who leave together leak no connection',
    edits: [{ file: 'memory/connections.ts', find: 'queue.splice(queue.indexOf(granted), 1)', replace: '' }],
  },
  {
    id: 'to-is-a-count',
    bug: '`to` is taken as a count',
    caseId: 'RDS-04',
    message: 'window {"from":3,"to":7}',
    edits: [
      {
        file: 'create-adapter.ts',
        find: "to: parseVersion(checked.to, 'to'),",
        replace: "to: checked.to === undefined ? undefined : (checked.from ?? 1) + parseVersion(checked.to, 'to') - 1,",
      },
    ],
  },
  plant(
    'loses-metadata',
    'RDS-01',
    'metadata is not read back',
    'id, type, data and metadata as appended',
    'decode-event.ts',
    'metadata: metadata === undefined ? undefined : decodeObject(metadata),',
    'metadata: undefined,',
  ),
  plant(
    'limit-0-is-none',
    'RDS-05',
    'a limit of 0 is taken for none',
    'limit 0 of {"direction":"forwards"}',
    'options.ts',
    'return value === undefined ? Infinity',
    'return value === undefined || value === 0 ? Infinity',
  ),
  {
    id: 'read-creates',
    bug: 'reading a missing stream creates it',
    caseId: 'RDS-08',
    message: 'state after reading',
    edits: [
      {
        file: backend,
        find: "const head = headOf(stream)\n  if (stream === undefined || head.status !== 'live')",
        replace: "streamOf(store, streamId)\n  const head = headOf(stream)\n  if (stream === undefined || head.status !== 'live')",
      },
      { file: 'memory/store.ts', find: "version === 0 && status === 'live' ? 'missing' : status", replace: 'status' },
    ],
  },
  plant(
    'beyond-is-empty',
    'RDS-09',
    'backwards from beyond the end is empty',
    'backwards from 6 at version 5',
    'read-stream.ts',
    'return [Math.min(from ?? version, version), Math.max(to ?? 1, firstVersion)]',
    'return [from !== undefined && from > version ? 0 : (from ?? version), Math.max(to ?? 1, firstVersion)]',
  ),
  plant(
    'half-appends',
    'RDS-11',
    'a reader sees an append that is half stored',
    'whole appends',
    backend,
    appendLine,
    `append: (request, call) => connections.use(call.signal, async () => {
      const first = append(store, capabilities, { ...request, events: request.events.slice(0, 1) })
      if (first.status !== 'appended' || request.events.length < 2) return first
      await new Promise((resolve) => setImmediate(resolve))
      return { ...append(store, capabilities, { ...request, expected: 'any', events: request.events.slice(1) }), firstVersion: first.firstVersion }
    }),`,
  ),
  {
    id: 'drifting-state',
    bug: 'the version is counted apart from the events, before the check',
    caseId: 'RDS-14',
    message: 'state after step ',
    edits: [
      {
        file: backend,
        find: 'const check = checkExpected(head, expected)',
        replace: `store.counts ??= new Map()
  if (events.length > 0) store.counts.set(streamId, (store.counts.get(streamId) ?? 0) + events.length)
  const check = checkExpected(head, expected)`,
      },
      {
        file: backend,
        find: 'readHead: (streamId, call) => connections.use(call.signal, () => headOf(store.streams.get(streamId))),',
        replace:
          'readHead: (streamId, call) => connections.use(call.signal, () => ({ ...headOf(store.streams.get(streamId)), version: store.counts?.get(streamId) ?? 0 })),',
      },
    ],
  },
  plant(
    'one-iteration',
    'RDS-15',
    'an iterable has one cursor',
    'two iterations side by side',
    'paging.ts',
    '[Symbol.asyncIterator]: () => iteratePages(start, decodeEvent<E>),',
    '[Symbol.asyncIterator]() { return (this.one ??= iteratePages(start, decodeEvent)) },',
  ),
  plant(
    'left-and-not-done',
    'RDS-15',
    'an iteration that is left does not say that it is done',
    'an iteration that is left says so',
    'paging.ts',
    'end()\n      return Promise.resolve({ done: true, value: undefined })',
    'end()\n      return Promise.resolve({})',
  ),
  plant(
    'truncated-is-deleted',
    'RDS-16',
    'a stream of which all is truncated counts as deleted',
    'all truncated',
    'memory/store.ts',
    "return { status: version === 0 && status === 'live' ? 'missing' : status,",
    "return { status: version === 0 && status === 'live' ? 'missing' : status === 'live' && firstVersion > version ? 'deleted' : status,",
  ),
  plant(
    'page-boundary',
    'RDS-17',
    'a stream at a page boundary of the list is left out',
    'a prefix',
    backend,
    'next: rest.length > limit ? streams.at(-1)?.streamId : undefined',
    'next: rest.length > limit ? rest[limit] : undefined',
  ),
  plant(
    'reads-on',
    'RDS-18',
    'a read goes on although the stream was truncated past it',
    'truncated past the cursor: another error',
    'read-stream.ts',
    'if (now.status === first.status && now.baseVersion === first.baseVersion && now.firstVersion <= cursor) return',
    'if (now.status === first.status && now.baseVersion === first.baseVersion) return',
  ),
  {
    id: 'M50a',
    bug: 'stream ids are split at #',
    caseId: 'SID-01',
    message: 'every one is listed as given',
    edits: [{ file: 'memory/store.ts', find: streams, replace: aliasing("k.split('#')[0]") }],
  },
  {
    id: 'M50b',
    bug: 'stream ids match by prefix',
    caseId: 'SID-02',
    message: 'stream "STREAM#" is new: it rejected',
    edits: [
      {
        file: 'memory/store.ts',
        find: streams,
        replace: aliasing('this.has(k) ? k : ([...this.keys()].find((one) => one.startsWith(k)) ?? k)'),
      },
    ],
  },
  {
    id: 'M50c',
    bug: 'stream ids are lower-cased',
    caseId: 'SID-03',
    message: 'stream "Case" is new: it rejected',
    edits: [{ file: 'memory/store.ts', find: streams, replace: aliasing('k.toLowerCase()') }],
  },
  {
    id: 'M50d',
    bug: 'stream ids are trimmed',
    caseId: 'SID-03',
    message: 'stream "trail " is new: it rejected',
    edits: [{ file: 'memory/store.ts', find: streams, replace: aliasing('k.trim()') }],
  },
]
