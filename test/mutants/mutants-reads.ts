import type { Mutant } from './mutant.js'

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
