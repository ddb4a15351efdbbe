import { type Mutant, plant } from './mutant.js'

const backend = 'memory/backend.ts'
const settle = 'settle-append.ts'
const conflict = "if (check === 'conflict') return { status: 'wrong-version', actualVersion: head.version }"
const push = 'const stored = pushEvents(store, streamId, streamType, events)\n  notify'
const place = "const first = (typeof expected === 'number' ? expected : head.baseVersion) + 1"

/** What is recognised when it is sent again: section IDM, and appends to several streams. */
export const retryMutants: readonly Mutant[] = [
  plant(
    'looks-at-end',
    'IDM-02',
    'ids are looked for at the end of the stream',
    'a prefix of 1: it rejected',
    settle,
    place,
    'const first = head.version - events.length + 1',
  ),
  plant(
    'any-again',
    'IDM-05',
    "an 'any' append is stored again, although idempotency.any is declared",
    "'any' again: the original result",
    backend,
    "capabilities.idempotency.any === 'strong' && head.status === 'live' ? findRun(stream, request) : undefined",
    'undefined',
  ),
  plant(
    'any-new-part',
    'IDM-06',
    "of a partly known 'any' append the new part is stored",
    'partly known ids, accepted: versions',
    backend,
    push,
    `const fresh = events.filter(({ id }) => stream?.versions.has(id) !== true)
  const stored = pushEvents(store, streamId, streamType, expected === 'any' ? fresh : events)
  if (expected === 'any') return { status: 'appended', firstVersion: head.version + 1, version: head.version + fresh.length, position: undefined }
  notify`,
  ),
  plant(
    'looks-first',
    'IDM-07',
    'ids are looked up although the expectation holds',
    'a known id where the expectation holds',
    backend,
    "if (expected === 'any' || expected === 'streamExists') {",
    "if (expected !== '') {",
  ),
  plant(
    'skips-known-elsewhere',
    'IDM-08',
    'ids are unique in the whole store: what another stream has is skipped',
    'both streams hold them',
    backend,
    push,
    `if ([...store.streams.values()].some((other) => other !== stream && other.versions.has(events[0].id)))
    return { status: 'stored', firstVersion: head.version + 1, version: head.version + events.length, position: undefined }
  ${push}`,
  ),
  plant(
    'conflicts-with-twin',
    'IDM-09',
    'says that it compared ids, and did not',
    'results of the twins',
    backend,
    conflict,
    conflict.replace('actualVersion: head.version }', 'actualVersion: head.version, idsCompared: true }'),
  ),
  plant(
    'retry-overwrites',
    'IDM-12',
    'a retry writes its payload over the stored one',
    'the stored event is unchanged',
    backend,
    conflict,
    `const run = check === 'conflict' ? findRun(stream, request) : undefined
  if (run !== undefined) for (const [index, { type, data }] of events.entries()) Object.assign(stream.events[run.firstVersion - 1 + index], { type, data })
  ${conflict}`,
  ),
  plant(
    'short-memory',
    'IDM-13',
    'only the last 50 events are searched for ids',
    'the first append, much later: it rejected',
    settle,
    "if (first < head.firstVersion) return 'unseen'",
    'if (first < head.firstVersion || head.version - first > 50) return undefined',
  ),
  plant(
    'former-life',
    'DEL-07',
    "a 'noStream' retry is compared with the former life of the stream",
    'the same append again: it rejected',
    settle,
    place,
    "const first = (typeof expected === 'number' ? expected : 0) + 1",
  ),
  plant(
    'first-known-for-all',
    'IDM-06',
    "of an 'any' append only the first id is looked up",
    'partly known ids, accepted: versions',
    backend,
    'run.some(({ id }, index) => id !== events[index]?.id)',
    'run[0]?.id !== events[0]?.id',
  ),
  plant(
    'retry-after-delete',
    'IDM-14',
    'an append whose events may have been deleted is sent again',
    'expecting noStream, hidden before it was settled: the original result',
    settle,
    'if (!again || (!settles && (await mayBeHidden(backend, call, requests)))) throw',
    'if (!again) throw',
  ),
  plant(
    'hidden-is-conflict',
    'IDM-14',
    'an append whose events were deleted before it was settled is told as a conflict',
    'expecting 3, hidden before it was settled: the original result',
    settle,
    'if (lost !== undefined && backend.settles !== true) throw unknownAppend(backend, call, lost, [request])',
    '',
  ),
  plant(
    'one-part-for-all',
    'ATM-10',
    'of an append to several streams one known part is taken for all',
    "'any', a part known, accepted: all parts are stored",
    backend,
    'known.every((one) => one !== undefined)',
    'known.some((one) => one !== undefined)',
  ),
  plant(
    'meets-itself',
    'ATM-10',
    "an append to several streams, one with 'any', is sent again and meets its own events",
    'the answer lost: it resolves, or: another error',
    settle,
    "return backend.capabilities.idempotency.any === 'strong' && !requests.some(({ expected }) => protectsRetry(expected))",
    "return backend.capabilities.idempotency.any === 'strong'",
  ),
]
