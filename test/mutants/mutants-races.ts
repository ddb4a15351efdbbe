import { type Mutant, appendLine, plant } from './mutant.js'

const backend = 'memory/backend.ts'
const conflict = "if (check === 'conflict') return { status: 'wrong-version', actualVersion: head.version }"

/** What a check in the application, followed by an insert, does; `insert` is what happens between the two. */
const checkThenInsert = `append: async (request, call) => {
      const now = headOf(store.streams.get(request.streamId))
      if (checkExpected(now, request.expected) !== 'ok') return append(store, capabilities, request)
      await Promise.resolve()
      return connections.use(call.signal, () => append(store, capabilities, { ...request, expected: 'any' }))
    },`

/** Sections CON and IDM. */
export const raceMutants: readonly Mutant[] = [
  {
    id: 'M15',
    bug: 'checks, waits, inserts: no key',
    caseId: 'CON-01',
    message: 'exactly one of 32 wins',
    edits: [{ file: backend, find: appendLine, replace: checkThenInsert }],
  },
  {
    id: 'M15b',
    bug: 'checks, waits, inserts: no key',
    caseId: 'CON-02',
    message: 'exactly one of 8 wins each round',
    edits: [{ file: backend, find: appendLine, replace: checkThenInsert }],
  },
  {
    id: 'M16',
    bug: 'the last writer overwrites',
    caseId: 'CON-01',
    message: 'exactly one of 32 wins',
    edits: [
      {
        file: backend,
        find: 'const head = headOf(stream)\n  const check',
        replace:
          "if (expected === 'noStream' && stream !== undefined) stream.events.length = 0\n  const head = headOf(stream)\n  const check",
      },
    ],
  },
  {
    id: 'M17',
    bug: 'the driver’s error of a lost race escapes',
    caseId: 'CON-03',
    message: 'losers see ConcurrencyError only',
    edits: [
      {
        file: backend,
        find: conflict,
        replace: "if (check === 'conflict') throw Object.assign(new Error('duplicate key value'), { code: '23505' })",
      },
      {
        file: backend,
        find: 'classifyError: () => undefined,',
        replace: "classifyError: () => ({ code: 'backend', outcome: 'not-applied', retry: false }),",
      },
    ],
  },
  {
    id: 'M18',
    bug: "'any' surfaces a conflict",
    caseId: 'CON-04',
    message: "every 'any' append resolves",
    edits: [
      {
        file: backend,
        find: appendLine,
        replace: `append: (request, call) => {
      const { version } = headOf(store.streams.get(request.streamId))
      const expected = request.expected === 'any' ? version || 'noStream' : request.expected
      return connections.use(call.signal, () => append(store, capabilities, { ...request, expected }))
    },`,
      },
    ],
  },
  {
    id: 'M20',
    bug: 'a conflict leaks its connection',
    caseId: 'CON-07',
    message: 'conflicts conflict, and every writer is served',
    edits: [
      {
        file: 'memory/connections.ts',
        find: 'return run()',
        replace: "const result = run()\n        kept = result?.status === 'wrong-version'\n        return result",
      },
      { file: 'memory/connections.ts', find: '      try {\n', replace: '      let kept = false\n      try {\n' },
      { file: 'memory/connections.ts', find: '        release()\n', replace: '        if (!kept) release()\n' },
    ],
  },
  {
    id: 'insert-or-ignore',
    bug: 'a racing append is dropped by insert-or-ignore, and acknowledged',
    caseId: 'CON-02',
    message: 'exactly one of 8 wins each round',
    edits: [
      {
        file: backend,
        find: conflict,
        replace:
          "if (check === 'conflict') return { status: 'appended', firstVersion: head.version, version: head.version - 1 + events.length, position: undefined }",
      },
    ],
  },
  {
    id: 'five-of-eight',
    bug: 'five of eight racers commit: each decides on a snapshot',
    caseId: 'CON-02',
    message: 'exactly one of 8 wins each round',
    edits: [
      {
        file: backend,
        find: appendLine,
        replace: `append: (request, call) => {
      const snapshot = headOf(store.streams.get(request.streamId))
      store.racer = ((store.racer ?? 0) + 1) % 8
      const expected = store.racer < 5 && checkExpected(snapshot, request.expected) === 'ok' ? 'any' : request.expected
      return connections.use(call.signal, () => append(store, capabilities, { ...request, expected }))
    },`,
      },
    ],
  },
  plant(
    'M15c',
    'CON-05',
    'checks, waits, inserts: updates are lost',
    'the counter equals the acknowledged increments',
    backend,
    appendLine,
    checkThenInsert,
  ),
  plant(
    'unique-in-store',
    'CON-06',
    'ids are unique in the whole store: an append conflicts with another stream',
    'no append to a stream of its own fails',
    backend,
    'const check = checkExpected(head, expected)',
    `const check = events.some(({ id }) => [...store.streams.values()].some((one) => one !== stream && one.versions.has(id)))
    ? 'conflict'
    : checkExpected(head, expected)`,
  ),
  plant(
    'own-lock',
    'CON-08',
    'appends take turns within one adapter only',
    'exactly one of 32 wins',
    backend,
    appendLine,
    `append: (request, call) => {
      const turn = Promise.resolve(connections.turn).then(async () => {
        const now = headOf(store.streams.get(request.streamId))
        await Promise.resolve()
        if (checkExpected(now, request.expected) !== 'ok') return append(store, capabilities, request)
        return connections.use(call.signal, () => append(store, capabilities, { ...request, expected: 'any' }))
      })
      connections.turn = turn.catch(() => undefined)
      return turn
    },`,
  ),
  plant(
    'M15d',
    'CON-10',
    'checks, waits, inserts: an expectation does not hold at its place',
    'the expectation held just before its place',
    backend,
    appendLine,
    checkThenInsert,
  ),
  {
    id: 'M23',
    bug: 'a retry with the same ids is stored again',
    caseId: 'IDM-01',
    message: "again with 'noStream': the original result",
    edits: [
      { file: backend, find: conflict, replace: conflict.replace("'conflict')", "'conflict' && findRun(stream, request) === undefined)") },
    ],
  },
  {
    id: 'M24',
    bug: 'takes what stands at the expected place for its own: ids are not compared',
    caseId: 'IDM-04',
    message: 'equal payload with other ids: it resolved',
    edits: [
      { file: 'settle-append.ts', find: 'if (found.some(({ id }, index) => id !== events[index]?.id)) return undefined', replace: '' },
    ],
  },
  {
    id: 'M25',
    bug: 'of a superset the new part is stored',
    caseId: 'IDM-03',
    message: 'a superset: it resolved',
    edits: [
      {
        file: backend,
        find: appendLine,
        replace: `append: (request, call) => connections.use(call.signal, () => {
      const stream = store.streams.get(request.streamId)
      const fresh = request.events.filter(({ id }) => stream?.versions.get(id) === undefined)
      if (stream === undefined || fresh.length === 0 || fresh.length === request.events.length) return append(store, capabilities, request)
      return append(store, capabilities, { ...request, expected: 'any', events: fresh })
    }),`,
      },
    ],
  },
]
