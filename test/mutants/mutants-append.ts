import { type Edit, type Mutant, appendLine } from './mutant.js'

const backend = 'memory/backend.ts'
const check = 'const check = checkExpected(head, expected)'

/** Sections APP, ATM, ERR, LIF. */
export const appendMutants: readonly Mutant[] = [
  {
    id: 'M01',
    bug: 'ignores expectedVersion',
    caseId: 'APP-03',
    message: 'a number below the version is a conflict: it resolved',
    edits: [{ file: backend, find: check, replace: "const check = checkExpected(head, typeof expected === 'number' ? 'any' : expected)" }],
  },
  {
    id: 'M02',
    bug: "'noStream' as 'any'",
    caseId: 'APP-02',
    message: 'noStream on a stream with events is a conflict: it resolved',
    edits: [{ file: backend, find: check, replace: "const check = checkExpected(head, expected === 'noStream' ? 'any' : expected)" }],
  },
  {
    id: 'M03',
    bug: 'accepts a number at or below the version',
    caseId: 'APP-03',
    message: 'a number below the version is a conflict: it resolved',
    edits: [{ file: 'expected-version.ts', find: 'return state.version === expected ?', replace: 'return state.version >= expected ?' }],
  },
  {
    id: 'M05',
    bug: "'streamExists' accepts a missing stream",
    caseId: 'APP-05',
    message: "'streamExists' on a missing stream is a conflict: it resolved",
    edits: [
      {
        file: 'expected-version.ts',
        find: "state.status === 'deleted' ? 'deleted' : 'conflict'",
        replace: "state.status === 'deleted' ? 'deleted' : 'ok'",
      },
    ],
  },
  {
    id: 'M06',
    bug: 'an empty append creates the stream',
    caseId: 'APP-07',
    message: 'an empty append stores, creates and revives nothing',
    edits: [
      {
        file: backend,
        find: 'if (events.length === 0) return {',
        replace: 'if (events.length === 0) return void streamOf(store, streamId) ?? {',
      },
      { file: 'memory/store.ts', find: "version === 0 && status === 'live' ? 'missing' : status", replace: 'status' },
    ],
  },
  {
    id: 'M06b',
    bug: 'an empty append revives a deleted stream',
    caseId: 'APP-07',
    message: 'an empty append stores, creates and revives nothing',
    edits: [
      {
        file: backend,
        find: 'if (events.length === 0) return {',
        replace: "if (events.length === 0) return void (streamOf(store, streamId).status = 'live') ?? {",
      },
    ],
  },
  {
    id: 'M07',
    bug: 'tells the first version of a batch as its last',
    caseId: 'APP-08',
    message: 'the versions of a result',
    edits: [{ file: backend, find: 'version: head.version + events.length,', replace: 'version: head.version + 1,' }],
  },
  {
    id: 'M09',
    bug: 'actualVersion is guessed from the request',
    caseId: 'ERR-01',
    message: 'the members of ConcurrencyError: its actualVersion',
    edits: [
      {
        file: backend,
        find: "{ status: 'wrong-version', actualVersion: head.version }",
        replace: "{ status: 'wrong-version', actualVersion: Number(expected) - 1 }",
      },
    ],
  },
  {
    id: 'M10',
    bug: 'stores event by event, without a transaction',
    caseId: 'ATM-02',
    message: 'a batch is stored whole or not at all',
    edits: [eventByEvent()],
  },
  {
    id: 'M10b',
    bug: 'stores event by event, so that batches interleave',
    caseId: 'ATM-05',
    message: 'the range of a result is as long as its batch',
    edits: [eventByEvent()],
  },
  {
    id: 'interleaved-log',
    bug: 'positions of a batch are given out while others take theirs',
    caseId: 'ATM-06',
    message: 'the events of a batch are neighbours in the log',
    edits: [
      {
        file: 'memory/store.ts',
        find: 'store.log.push(...stored)',
        replace: `const last = store.log.at(-1)?.streamId === streamId ? undefined : store.log.pop()
  store.log.push(stored[0], ...(last === undefined ? [] : [last]), ...stored.slice(1))
  for (const [index, event] of store.log.entries()) event.position = store.positions.of(String(index + 1))`,
      },
    ],
  },
  {
    id: 'M12',
    bug: 'a reader sees half a batch',
    caseId: 'ATM-04',
    message: 'a reader of the stream sees all events of a batch or none',
    edits: [halfAndHalf()],
  },
  {
    id: 'M48',
    bug: 'ignores abort',
    caseId: 'LIF-02',
    message: 'open with an aborted signal rejects with its reason: it resolved',
    edits: [{ file: 'attempt.ts', find: 'call.signals.find((one) => one.aborted)', replace: 'call.signals.find(() => false)' }],
  },
]

function eventByEvent(): Edit {
  const replace = `append: async (request, call) => {
      let [expected, last, first] = [request.expected, undefined, undefined]
      for (const event of request.events) {
        last = await connections.use(call.signal, () => append(store, capabilities, { ...request, expected, events: [event] }))
        if (last.status !== 'appended') return last
        first ??= last.firstVersion
        if (expected !== 'any' && expected !== 'streamExists') expected = last.version
      }
      return last === undefined ? append(store, capabilities, request) : { ...last, firstVersion: first }
    },`
  return { file: backend, find: appendLine, replace }
}

/** Writers still take turns, so nothing but the reader notices. */
function halfAndHalf(): Edit {
  const replace = `append: (request, call) => (store.turn = Promise.resolve(store.turn).then(() => connections.use(call.signal, async () => {
      if (request.events.length < 2) return append(store, capabilities, request)
      const first = append(store, capabilities, { ...request, events: request.events.slice(0, 1) })
      if (first.status !== 'appended') return first
      await new Promise((resolve) => setImmediate(resolve))
      return { ...append(store, capabilities, { ...request, expected: 'any', events: request.events.slice(1) }), firstVersion: first.firstVersion }
    }))),`
  return { file: backend, find: appendLine, replace }
}
