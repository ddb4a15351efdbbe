import { type Mutant, plant } from './mutant.js'

const harness = 'memory/conformance-harness.ts'
const setUp = "if (setup === 'auto') created.yes = true"

/** Sections ISO and LIF: set-up and refused connections of memory are played by its harness, so some of the bugs are there. */
export const lifecycleMutants: readonly Mutant[] = [
  plant(
    'peer-elsewhere',
    'ISO-02',
    'a peer of the harness has data of its own',
    'a peer works on the same data',
    harness,
    "peer: () => Promise.resolve(adapterOver({ open: () => setUp(created, 'auto') })),",
    'peer: () => Promise.resolve(createInstance(capabilities, context).adapter),',
  ),
  plant(
    'one-log-id',
    'ISO-01',
    'all stores have one log id, so a position of another is taken',
    'a position of the one is foreign to the other: it resolved',
    'memory/store.ts',
    'crypto.randomUUID().slice(0, 8)',
    "'abcd'",
  ),
  {
    id: 'works-after-close',
    bug: 'a closed adapter goes on working',
    caseId: 'LIF-01',
    message: 'open of a closed adapter is a ClosedError: it resolved',
    edits: [
      { file: 'create-adapter.ts', find: 'lifecycle.refuseClosed()\n      const checked', replace: 'const checked' },
      {
        file: 'lifecycle.ts',
        find: 'refuseClosed()\n    const abort = abortOf(call)\n    if (abort !== undefined) throw',
        replace: 'const abort = abortOf(call)\n    if (abort !== undefined) throw',
      },
    ],
  },
  plant(
    'set-up-races',
    'LIF-03',
    'a set-up that finds another one at work fails',
    'concurrent first uses of several adapters all succeed',
    harness,
    setUp,
    `if (setup === 'auto' && !created.yes) {
    if (created.busy === true) return Promise.reject(new Error('relation "events" already exists'))
    created.busy = true
    return new Promise((resolve) => setImmediate(() => resolve(Object.assign(created, { yes: true, busy: false }))))
  }`,
  ),
  plant(
    'timer-left',
    'LIF-04',
    'close leaves a timer behind',
    'the process exits within 1 s of close',
    'memory/backend.ts',
    'close: () => Promise.resolve(),',
    'close: () => Promise.resolve(void setTimeout(() => undefined, 1500)),',
  ),
  plant(
    'password-unavailable',
    'LIF-05',
    'refused credentials are taken for a store that cannot be reached',
    'open with refused credentials: another error',
    harness,
    "return { code: 'access-denied',",
    "return { code: 'unavailable',",
  ),
  plant(
    'manual-creates',
    'LIF-06',
    "setup 'manual' creates what is missing",
    "setup 'manual' on a store that is not set up is refused, each time: it resolved",
    harness,
    setUp,
    'created.yes = true',
  ),
  {
    id: 'opens-anew',
    bug: 'each use opens again, and opening makes the tables anew',
    caseId: 'LIF-07',
    message: 'opening again keeps the data',
    edits: [
      { file: 'lifecycle.ts', find: 'opened = true\n', replace: 'opened = false\n' },
      {
        file: harness,
        find: 'const adapter = adapterOver({ open: () => setUp(created, setup) })',
        replace: 'const adapter = adapterOver({ open: () => setUp(created, setup).then(() => store.streams.clear()) })',
      },
    ],
  },
  plant(
    'limit-of-infinity',
    'LIF-08',
    'a limit is Infinity, which JSON turns into null',
    'capabilities survive JSON',
    'memory/memory.ts',
    'limits: { ...allCapabilities.limits,',
    'limits: { ...allCapabilities.limits, eventBytes: Infinity,',
  ),
  plant(
    'failure-remembered',
    'LIF-09',
    'a failed open is remembered',
    'once it is set up, the same adapter works: it rejected',
    'lifecycle.ts',
    '(error: unknown) => {\n        opening = undefined\n',
    '(error: unknown) => {\n',
  ),
]
