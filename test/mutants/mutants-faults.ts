import { type Mutant, appendLine } from './mutant.js'

const backend = 'memory/backend.ts'
const harness = 'memory/conformance-harness.ts'
const settle = 'settle-append.ts'
const push = 'const stored = pushEvents(store, streamId, streamType, events)'

function plant(id: string, caseId: string, bug: string, message: string, ...edits: Mutant['edits']): Mutant {
  return { id, bug, caseId, message, edits }
}

/** What shows only when answers, connections or the server get lost, and what only a whole history shows. */
export const faultMutants: readonly Mutant[] = [
  plant('M22', 'CON-09', 'acknowledges, and drops one append in a hundred', 'the history of concurrent appends holds', {
    file: backend,
    find: push,
    replace: `store.count = (store.count ?? 0) + 1
  if (store.count % 100 === 0) return { status: 'appended', firstVersion: head.version + 1, version: head.version + events.length, position: undefined }
  ${push}`,
  }),
  plant('stale-state', 'CON-09', 'a state now and then is the one before', 'the history of concurrent appends holds', {
    file: backend,
    find: 'readHead: (streamId, call) => connections.use(call.signal, () => headOf(store.streams.get(streamId))),',
    replace: `readHead: (streamId, call) => connections.use(call.signal, () => {
      const head = headOf(store.streams.get(streamId))
      store.looks = (store.looks ?? 0) + 1
      if (store.looks % 20 !== 0 || head.version < 4) return head
      return { ...head, version: head.version - 1 }
    }),`,
  }),
  plant('M27', 'IDM-10', "its own retry of 'any' doubles", 'stored, its answer lost, expecting any: the original result', {
    file: settle,
    find: '({ ...request, settle: true })) : requests',
    replace: `({ ...request, settle: true })) : lost === undefined ? requests : requests.map((request) => request.expected !== 'any' ? request : ({ ...request, events: request.events.map((event) => ({ ...event, id: crypto.randomUUID() })) }))`,
  }),
  plant(
    'own-conflict',
    'IDM-10',
    'repeats a stored write and reports a conflict',
    'stored, its answer lost, expecting noStream: it resolves',
    {
      file: settle,
      find: "if (outcome.status === 'wrong-version') {\n    if (!protectsRetry",
      replace: "if (outcome.status === 'wrong-version') {\n    if (lost !== undefined || !protectsRetry",
    },
  ),
  plant('ids-in-memory', 'IDM-11', 'the ids that it knows are gone after a restart', "'any' again after a restart: the original result", {
    file: harness,
    find: 'const wire = playedWire()',
    replace: `const wire = playedWire()
  const { restart } = wire.faults
  wire.faults.restart = (downMs) => {
    for (const stream of store.streams.values()) stream.versions.clear()
    return restart(downMs)
  }`,
  }),
  plant(
    'one-by-one',
    'ATM-07',
    'stores the events of a batch one by one',
    'all of a batch or none, as its result says',
    {
      file: backend,
      find: appendLine,
      replace: `append: async (request, call) => {
      let first
      for (const event of request.events) {
        const outcome = await connections.use(call.signal, () => append(store, capabilities, { ...request, expected: first === undefined ? request.expected : 'any', events: [event] }))
        if (outcome.status !== 'appended' && outcome.status !== 'stored') return outcome
        first ??= outcome
        const { cuts } = globalThis
        await new Promise((resolve) => setImmediate(resolve))
        if (globalThis.cuts !== cuts) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
        if (event === request.events.at(-1)) return { ...outcome, firstVersion: first.firstVersion }
      }
      return connections.use(call.signal, () => append(store, capabilities, request))
    },`,
    },
    {
      file: harness,
      find: 'const cut = (): void => reject(failures.lost())',
      replace: `const cut = (): void => {
        globalThis.cuts = (globalThis.cuts ?? 0) + 1
        reject(failures.lost())
      }`,
    },
  ),
  plant(
    'starts-again',
    'SUB-10',
    'a subscription that lost its source starts again from its beginning',
    'the subscription got every event once, in order',
    { file: 'subscription.ts', find: 'const source = start()', replace: 'let source = start()' },
    { file: 'subscription.ts', find: 'if (failures === 0) yield', replace: 'source = start()\n        if (failures === 0) yield' },
  ),
  plant(
    'caught-up-once',
    'SUB-10',
    'a subscription that resumed does not say that it has caught up',
    'the subscription gets there: it has caught up again, and says so',
    { file: 'subscription.ts', find: '[failures, saidCaughtUp] = [failures + 1, false]', replace: '[failures] = [failures + 1]' },
  ),
  plant('late-delete', 'DEL-11', 'a delete hides whatever is there when it arrives', 'what was appended after the delete is visible', {
    file: backend,
    find: "if (stream === undefined || head.status !== 'live' || head.version !== version) return false",
    replace: "if (stream === undefined || head.status !== 'live') return false\n          version = head.version",
  }),
  plant(
    'unknown-is-not-applied',
    'ERR-03',
    'an append that was sent and never settled is said to be not applied',
    'it was not sent: its outcome',
    {
      file: settle,
      find: 'requests)))) throw unknownAppend(backend, call, lost, requests)',
      replace: 'requests)))) throw giveUp(call, lost)',
    },
  ),
  plant(
    'reset-is-not-applied',
    'ERR-04',
    'a connection that was reset counts as if nothing had been sent',
    "what was 'not-applied' is not there",
    {
      file: harness,
      find: "outcome: 'unknown', message: 'the connection was lost.'",
      replace: "outcome: 'not-applied', message: 'the connection was lost.'",
    },
  ),
  plant('gives-up-at-once', 'ERR-06', 'gives up at the first refusal', 'an append that was refused 1 times succeeds', {
    file: 'retry.ts',
    find: 'const maximumTries = 9',
    replace: 'const maximumTries = 1',
  }),
  plant(
    'nothing-sent-is-unknown',
    'ERR-07',
    'a deadline before anything was sent leaves the outcome open',
    'an append ends with unavailable or timeout',
    {
      file: settle,
      find: 'throw giveUp(call, before)',
      replace: 'throw unknownAppend(backend, call, before, requests)',
    },
  ),
  plant('truncates-again', 'MOD-01', 'truncating again, lower, brings hidden events back', 'every answer is that of the model', {
    file: backend,
    find: 'before <= stream.firstVersion) return true',
    replace: 'before === stream.firstVersion) return true',
  }),
  plant('shows-former-life', 'MOD-01', 'a stream that is re-created shows its former life', 'every answer is that of the model', {
    file: 'memory/store.ts',
    find: "stream.status = 'live'\n",
    replace: "if (stream.status === 'deleted') stream.firstVersion = 1\n  stream.status = 'live'\n",
  }),
  plant('stale-read-now-and-then', 'MOD-02', 'a read now and then leaves out the last event', 'every history holds', {
    file: backend,
    find: 'readStreamPage: (request, call) => connections.use(call.signal, () => readStreamPage(store, request)),',
    replace: `readStreamPage: (request, call) => connections.use(call.signal, () => {
      const page = readStreamPage(store, request)
      store.looks = (store.looks ?? 0) + 1
      if (store.looks % 15 !== 0 || page.head.version < 2 || request.direction !== 'forwards') return page
      return { head: { ...page.head, version: page.head.version - 1 }, events: page.events.slice(0, page.head.version - 1) }
    }),`,
  }),
]
