import { type Mutant, plant } from './mutant.js'

const backend = 'memory/backend.ts'
const harness = 'memory/conformance-harness.ts'
const page = 'const wanted = filter === undefined ? window : window.filter((event) => matches(event, filter))'

const eachEvent = "for (const event of look.events) yield { kind: 'event', event: decodeEvent(event) }"

/** Sections ALL and SUB. */
export const logMutants: readonly Mutant[] = [
  plant(
    'M39',
    'ALL-06',
    'an event that becomes visible late is passed',
    'what was tailed is the final log',
    backend,
    page,
    'const wanted = window.filter((event) => (filter === undefined || matches(event, filter)) && (place(event.position) % 5 !== 0 || Date.now() - event.createdAt.getTime() > 5))',
  ),
  plant(
    'unordered-log',
    'ALL-01',
    'a page of the log is sorted by something else',
    'positions rise',
    backend,
    page,
    'const wanted = [...window].sort((a, b) => (a.type < b.type ? -1 : 1))',
  ),
  plant(
    'backwards-from-below',
    'ALL-02',
    'reading backwards leaves out the last event',
    'backwards is the reverse',
    backend,
    "(direction === 'forwards' ? 0 : top + 1)",
    "(direction === 'forwards' ? 0 : top)",
  ),
  plant(
    'M41',
    'ALL-04',
    'resumes inclusively',
    'forwards after a position',
    backend,
    "(direction === 'forwards' ? 0 : top + 1) : place(after)",
    "(direction === 'forwards' ? 0 : top + 1) : place(after) - (direction === 'forwards' ? 1 : -1)",
  ),
  plant(
    'M43',
    'ALL-05',
    'an empty page ends the read',
    'forwards over pages without a match',
    'read-log.ts',
    'if (events.length > 0 || ended) return events',
    'ended ||= events.length === 0\n      return events',
  ),
  plant(
    'loose-filter',
    'ALL-12',
    'a filter does not mind the case',
    'the filter {"eventTypes":["Sent"]}',
    'read-log.ts',
    'eventTypes.includes(event.type)',
    'eventTypes.some((type) => type.toLowerCase() === event.type.toLowerCase())',
  ),
  plant(
    'delete-rewrites-log',
    'ALL-13',
    'events of a deleted stream leave the log',
    'the log is as before, positions and all',
    backend,
    page,
    "const wanted = window.filter((event) => (filter === undefined || matches(event, filter)) && headOf(store.streams.get(event.streamId)).status === 'live')",
  ),
  plant(
    'positions-as-text',
    'ALL-14',
    'positions are compared as text',
    'every pair compares as it stands in the log',
    backend,
    'comparePositions: (a, b) => compareDecimals(bodyOf(a), bodyOf(b)),',
    'comparePositions: (a, b) => (bodyOf(a) < bodyOf(b) ? -1 : a === b ? 0 : 1),',
  ),
  plant(
    'any-position',
    'ALL-15',
    'a position of another log is taken for one of this',
    'the position "m1-ffffffff-1" is refused: it resolved',
    'position.ts',
    'if (id !== own)',
    "if (id === '')",
  ),
  plant(
    'position-object',
    'ALL-03',
    'a position is an object',
    'a position is a string',
    'decode-event.ts',
    'version,\n    position,\n    createdAt,',
    'version,\n    position: position === undefined ? undefined : Object(position),\n    createdAt,',
  ),
  {
    id: 'M39b',
    bug: 'an event that commits late lies below a position that readers have passed',
    caseId: 'ALL-07',
    message: 'what the reader was given is the log, in its order',
    edits: [
      {
        file: harness,
        find: 'commit: async () => void (await adapter.appendToStream(streamId, events)),',
        replace: `commit: async () => {
          await adapter.appendToStream(streamId, events)
          store.log.splice(place, 0, ...store.log.splice(-events.length))
          for (const [index, event] of store.log.entries()) event.position = store.positions.of(String(index + 1))
        },`,
      },
      {
        file: harness,
        find: 'stallAppend: (streamId, events) =>\n      Promise.resolve({',
        replace: 'stallAppend: (streamId, events, place = store.log.length) =>\n      Promise.resolve({',
      },
    ],
  },
  {
    id: 'hole-waited-for',
    bug: 'the hole of a rolled-back append is waited for',
    caseId: 'ALL-08',
    message: 'the reader goes on within 5 s',
    edits: [
      {
        file: harness,
        find: 'rollback: () => Promise.resolve(),',
        replace: `rollback: () => Promise.resolve(void setTimeout(() => {
          store.hole = undefined
          for (const listener of store.listeners) listener()
        }, 5100)),`,
      },
      {
        file: harness,
        find: 'stallAppend: (streamId, events) =>\n      Promise.resolve({',
        replace: 'stallAppend: (streamId, events) =>\n      Promise.resolve(void (store.hole = store.log.length) ?? {',
      },
      {
        file: backend,
        find: 'const top = upTo === undefined ? store.log.length : Math.min(place(upTo), store.log.length)',
        replace: 'const top = Math.min(upTo === undefined ? store.log.length : place(upTo), store.hole ?? store.log.length)',
      },
    ],
  },
  plant(
    'numbered-by-reader',
    'ALL-09',
    'positions are numbered by the reader',
    'read again',
    backend,
    'return { events: wanted.map(handOut), next:',
    `store.reads = (store.reads ?? 0) + 1
  return { events: wanted.map((event) => ({ ...handOut(event), position: store.positions.of(String(place(event.position) + store.reads)) })), next:`,
  ),
  plant(
    'blocks-of-positions',
    'ALL-10',
    'positions are handed out in blocks',
    'the log is in the order of the acknowledgements',
    'memory/store.ts',
    'store.log.push(...stored)',
    `const after = Math.max(store.log.length - 8, store.log.findLastIndex((event) => event.streamId === streamId) + 1)
  store.log.splice(after, 0, ...stored)
  for (const [index, event] of store.log.entries()) event.position = store.positions.of(String(index + 1))`,
  ),
  plant(
    'log-before-check',
    'ALL-11',
    'the log is written before the stream is checked',
    'the log is as before',
    backend,
    "if (check === 'conflict') return {",
    `if (check === 'conflict') {
    pushEvents(store, streamId, streamType, events)
    store.streams.get(streamId).events.length = head.version
  }
  if (check === 'conflict') return {`,
  ),
  plant(
    'live-without-position',
    'SUB-01',
    'what a subscription delivers has no position',
    'as they are read',
    'subscription.ts',
    "yield { kind: 'event', event: decodeEvent(event) }",
    "yield { kind: 'event', event: decodeEvent({ ...event, position: undefined }) }",
  ),
  plant(
    'end-is-last',
    'SUB-02',
    "'end' begins with the last event",
    'only what came after',
    'subscription-sources.ts',
    'cursor ??= visible(await fetch.head(signal)).version',
    'cursor ??= visible(await fetch.head(signal)).version - 1',
  ),
  plant(
    'after-is-from',
    'SUB-03',
    '`after` is taken inclusively',
    'after version 1',
    'subscription-sources.ts',
    "let cursor = after === 'start' ? 0 : after === 'end' ? undefined : after\n",
    "let cursor = after === 'start' ? 0 : after === 'end' ? undefined : after - 1\n",
  ),
  plant(
    'after-the-end',
    'SUB-03',
    'a version that the stream has not reached yet is taken for its end',
    'after a version that the stream had not reached',
    'subscription-sources.ts',
    'else cursor = Math.max(cursor, head.version)',
    'else cursor = head.version',
  ),
  plant(
    'M44',
    'SUB-04',
    'the hand-over to live loses what comes meanwhile',
    'stream: everything once, in order',
    'subscription-sources.ts',
    'async look(signal, seekEnd) {\n      cursor ??=',
    'async look(signal, seekEnd) {\n      if (this.lost !== true && cursor > 20 && cursor < 40) [this.lost, cursor] = [true, cursor + 1]\n      cursor ??=',
  ),
  plant(
    'M45',
    'SUB-04',
    'the hand-over to live doubles an event',
    'stream: everything once, in order',
    'subscription-sources.ts',
    'cursor = from + events.length - 1',
    'cursor = from + events.length - (events.length > 1 ? 2 : 1)',
  ),
  plant(
    'caught-up-again',
    'SUB-05',
    'caughtUp is said whenever there is nothing to do',
    'caughtUp is not said again after live events',
    'subscription.ts',
    'saidCaughtUp = true\n',
    'saidCaughtUp = look.more\n',
  ),
  plant(
    'M47',
    'SUB-07',
    'an error of the source ends the subscription silently',
    'after -1 is thrown: it resolved',
    'subscription.ts',
    'if (!gone.signal.aborted) throw error',
    'if (gone.signal.aborted) throw error',
  ),
  plant(
    'M48b',
    'SUB-08',
    'an abort ends it quietly',
    'an abort rejects with its reason',
    'subscription.ts',
    'if (signal?.aborted === true) throw signal.reason',
    '',
  ),
  plant(
    'close-quietly',
    'SUB-11',
    'close() ends subscriptions as if all were well',
    'it ends with ClosedError: it resolved',
    'subscription.ts',
    'if (options.closing.aborted) throw options.closing.reason',
    '',
  ),
  plant(
    'no-checkpoints',
    'SUB-12',
    'a filtered subscription says no checkpoint',
    'there are checkpoints where nothing matched',
    'subscription-sources.ts',
    'checkpoint: moved && filter !== undefined ? cursor : undefined',
    'checkpoint: undefined',
  ),
  plant(
    'two-iterators',
    'SUB-14',
    'a subscription may be iterated twice',
    'a second iterator of events: it resolved',
    'subscription.ts',
    "if (taken) throw new InvalidArgumentError('it is iterated already; subscribe again.', { path: 'subscription' })",
    '',
  ),
  plant(
    'overflow-repeats',
    'SUB-06',
    'a reader who is far behind gets events again',
    'the slow one misses nothing',
    'subscription-sources.ts',
    'const { head, events } = await fetch.page(cursor + 1, size, !seekEnd, signal)',
    `let { head, events } = await fetch.page(cursor + 1, size, !seekEnd, signal)
      if (cursor > 0 && head.version - cursor > 20) ({ head, events } = await fetch.page((cursor -= 1) + 1, size, false, signal))`,
  ),
  plant(
    'missing-is-gone',
    'SUB-09',
    'a subscription to a missing stream ends',
    'the subscription gets there: caught up: it ended with StreamDeletedError',
    'subscription-sources.ts',
    "if (head.status === 'tombstoned')",
    "if (head.status !== 'live')",
  ),
  plant(
    'tombstone-as-delete',
    'SUB-13',
    'a tombstone is told as a soft delete',
    'it ends so: its tombstoned',
    'subscription-sources.ts',
    'tombstoned: true,',
    'tombstoned: false,',
  ),
  plant(
    'checkpoint-overtakes',
    'SUB-15',
    'a checkpoint is told as soon as the consumer asks again, before events that still wait',
    'checkpoint comes after every event up to there',
    'subscription.ts',
    eachEvent,
    `for (const event of look.events) {
        yield { kind: 'event', event: decodeEvent(event) }
        if (look.checkpoint !== undefined && changes.mark() !== mark) yield { kind: 'checkpoint', position: look.checkpoint }
      }`,
  ),
  plant(
    'caught-up-overtakes',
    'SUB-15',
    'caughtUp is told as soon as the consumer asks again, before events that still wait',
    'caughtUp comes after every event up to there',
    'subscription.ts',
    eachEvent,
    `for (const event of look.events) {
        yield { kind: 'event', event: decodeEvent(event) }
        if (!saidCaughtUp && changes.mark() !== mark) {
          saidCaughtUp = true
          yield { kind: 'caughtUp', version: look.events.at(-1).version }
        }
      }`,
  ),
]
