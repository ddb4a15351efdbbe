/**
 * Why a mutant that no case finds is none of the suite's business, or, with `gap`, that it is, and what stands in its way: by file, what
 * stands in its line (one of `lines`; the `whole` of it), and, where several mutants of a line differ, what was mutated (`text`) to what
 * (`to`), or that it was an `optional` chain. The first that fits is taken.
 */
const noHole = 'memory has no hole, so nothing can be missed here; the file example with a bug in `from` (test/conformance) is found by it'
const pace = 'decides how soon, or how much at once, never what is delivered: no contract, and no time is asserted'
const settled = 'memory is settled at any moment; on PostgreSQL ALL-06 and ALL-07 come here'
const freed = 'frees what would go with the iteration anyway: nobody can see it but the garbage collector'
const present = 'equivalent: there always is one'
const current = 'memory is current at any moment; DynamoDB and the test of settling come here'
const onceMore = 'equivalent: one more page is asked for, which is empty and ends it'
const passed = 'a checkpoint more, at a place that was passed: the contract allows it'
const forPeople = 'for a person: messages and hints are no contract'

const rules = {
  'expected-version.ts': [
    { lines: ["typeof expected === 'number' ||"], why: "memory never answers an 'any' append with a conflict" },
    { lines: ['Number.isSafeInteger(value)'], why: 'equivalent: Number.isSafeInteger is false for what is no number' },
  ],

  'memory/backend.ts': [
    { lines: ['filters: true,'], why: 'equivalent: core filters once more what is filtered already' },
    { lines: ['open: () =>', 'close: () =>'], why: 'equivalent: core awaits what it gets, be it a promise or not' },
    { lines: ['store.log.length === 0 ? undefined'], why: 'equivalent: what comes after place 0 is all of the log' },
    { lines: ["head.status !== 'live' || head.version !== version"], why: 'equivalent: a missing stream has no version that is deleted' },
    { lines: ["head.status === 'tombstoned' || (version"], why: 'equivalent: once more a tombstone changes nothing' },
    { lines: ['before <= stream.firstVersion'], why: 'a truncation that hides nothing more: the version of the metadata may grow' },
    { lines: ['text === undefined ? undefined'], why: 'equivalent: core takes metadata that is no text for none' },
    { lines: ['expected !== undefined && expected !== version'], why: 'equivalent: core always says which version it replaces' },
    { lines: ['rest.slice(0, limit)'], why: 'equivalent: core takes no more of a page than it asked for' },
    { lines: ['streams.at(-1)?.', '.at(-1)?.position', 'events[0]?.id', 'events[index]?.id'], optional: true, why: present },
    { lines: ['rest.length > limit'], why: onceMore },
    {
      lines: ["idempotency.any === 'strong' && head.status"],
      text: "head.status === 'live'",
      why: 'equivalent: of what is not live nothing is visible, and only that is looked through',
    },
    {
      lines: ["idempotency.any === 'strong' && head.status", "idempotency.any === 'strong' && known"],
      why: 'memory does more than it declares then: told as an under-claim, which is no failure',
    },
    { lines: ['first < stream.firstVersion'], text: 'first < stream.firstVersion', why: 'ids that are hidden may be recognised' },
    { lines: ['first < stream.firstVersion'], why: 'equivalent: where nothing is known nothing is found' },
    { lines: ["outcome.status !== 'appended' &&"], why: "equivalent: without events it never is 'appended'" },
    {
      lines: ["if (stream === undefined || head.status !== 'live') return { head"],
      why: 'equivalent: the visible window of such a stream is empty',
    },
    { lines: ['const top = '], why: 'a read that goes on to what was appended after its start: the contract allows it' },
    { lines: ['store.log.slice(start, '], why: 'equivalent: core takes no more of a page than it asked for' },
    { lines: ['const end = last'], why: onceMore },
    {
      lines: [
        'return new Promise((resolve, reject)',
        'const done =',
        'const aborted =',
        'const changed =',
        'function waitForChange',
        'if (signal.aborted) aborted()',
      ],
      why: pace,
    },
  ],

  'memory/store.ts': [
    {
      lines: ['export function notify'],
      why: 'waiting subscriptions are told by core of what the same adapter appended, and look now and then: only later',
    },
  ],

  'settle-append.ts': [
    { lines: ['request.events.length === 0'], why: 'equivalent: without events every answer can be trusted' },
    { lines: ['all[0] ?? request'], why: 'equivalent: both are the request' },
    { lines: ["outcome.status === 'appended' || outcome"], why: "equivalent, but after a lost answer, where an 'any' may be unknown" },
    { lines: ["=== 'wrong-version') {"], why: 'equivalent: the look at what is deleted sees nothing' },
    { lines: ['idsCompared === true'], why: 'equivalent: one more look finds nothing else; memory compares no ids itself' },
    {
      lines: ['const settles =', 'const all = lost', 'backend.settles !== true) throw'],
      why: 'memory recognises ids whether it is told to settle or not, so that this half is only played; on the stores IDM-14 comes here',
    },
    {
      lines: ['return found === undefined && backend.settles'],
      why: 'the look before sending again has seen what was deleted; here only what is deleted between the two, which no hook can time',
      gap: true,
    },
    { lines: ['const found: Awaited'], why: 'equivalent: what is no place is passed over' },
    {
      lines: ['found.includes(undefined)'],
      why: 'after a lost answer it is then unknown instead of a conflict, which proves less and is true',
    },
    { lines: ["if (typeof expected === 'number') continue"], why: 'what is truncated is then unknown instead of settled: less, and true' },
    {
      lines: ['lost === undefined ? call : settlingCall(call)'],
      why: 'says how an abort ends an attempt, and memory answers at once; settle-append.test.ts comes here',
    },
    { lines: ['appendMany === undefined'], why: 'says what is missing to an author of an adapter' },
    { lines: ['tries += 1'], why: pace },
    { lines: ['if (lost === undefined) return findStored'], why: 'only how much time the look has' },
    { lines: ["'unseen' as const"], gap: true, why: 'needs a look that fails after a lost answer, which no hook can time' },
    { lines: ["head.status === 'tombstoned'"], why: 'equivalent: the place is below the first visible version' },
    { lines: ['head.version >= first'], why: 'equivalent: behind the end nothing is found' },
    { lines: ['events[index]?.id'], why: 'equivalent: no more events are read than were given' },
    { lines: ['last !== undefined &&'], why: 'equivalent: an append that comes here has events' },
    { lines: ['capabilities.strongReads', 'remainingMs(call) === 0'], why: current },
    { lines: ['found.length < count'], why: onceMore },
    { lines: ['const [from, limit]'], why: 'shows only where more than a page of ids is compared; the rest is one page' },
    { lines: ['to: first + count - 1'], why: 'equivalent: what is read beyond is cut by the limit' },
  ],

  'paging.ts': [
    { lines: ['finally {', 'gone.abort()', 'page = []'], why: freed },
    { lines: ['stop() {'], why: `${freed}; what was read ahead ends by itself` },
    { lines: ['waiting'], why: 'equivalent: the way without the queue, or with it, serves the calls in the same order' },
    { lines: ['function left'], why: 'equivalent: all later calls take the way through the queue, which serves them too' },
    { lines: ['fetched'], why: pace },
  ],

  'read-stream.ts': [
    { lines: ['left === 0 ||'], why: 'equivalent: the page behind the window is empty, and ends the read as well' },
    { lines: ['final: limit === left'], why: 'a hint to the backend, which memory needs not' },
    { lines: ["first.status !== 'live'"], why: 'equivalent: the visible window of such a stream is empty' },
    { lines: ['(last - cursor) * step < 0'], why: 'equivalent: only the sign is looked at, and the step is 1 or −1' },
    {
      lines: ['now.status === first.status'],
      why: 'equivalent: what was re-created begins behind the cursor, which the third condition sees',
    },
    { lines: ['const what =', 'throw new UnavailableError'], why: forPeople },
    {
      lines: [
        ...['export function checkContiguous', 'for (const { version } of events)', 'version !== wanted', 'wanted === from + step'],
        ...['events[Math.abs(wanted - from)]', 'found === undefined'],
      ],
      why: noHole,
    },
    { lines: ['{'], whole: true, why: noHole },
    { lines: ['Math.min(pageSize, size * 4)', 'events.length === 0', 'pageBytes / Math.max', 'Math.min(pageSize, fitting)'], why: pace },
  ],

  'read-log.ts': [
    { lines: ['let ended = left === 0'], why: 'equivalent: the first page is cut to nothing, and ends the read' },
    { lines: ['upTo === undefined) return'], why: 'equivalent: an empty log gives an empty page, which says that it is the end' },
    { lines: ['const limit ='], why: pace },
    { lines: ['slice(0, left)'], why: 'equivalent on memory, which filters itself and gives no more than it is asked for' },
    { lines: ['ended = page.end'], why: 'equivalent: the next page is cut to nothing' },
    { lines: ['events.length > 0 || ended'], why: 'equivalent: an iteration passes over an empty page that is not the end' },
    { lines: ['filter === undefined || backend.filters'], why: 'equivalent: filtering once more changes nothing' },
    { lines: ['event.streamType !== undefined'], why: 'equivalent: no list of stream types has undefined in it' },
  ],

  'subscription-sources.ts': [
    { lines: ['!seekEnd, signal'], why: 'a hint to the backend that an old answer will do, which memory needs not' },
    {
      lines: ['head.version >= head.firstVersion'],
      why: 'equivalent: the one event that is left is delivered, and the cursor set behind it, on the other way too',
    },
    { lines: ['const more ='], why: pace },
    { lines: ["after === 'end' ? undefined", "after === 'start'"], why: 'equivalent: the cursor is set by the first look' },
    { lines: ['fetch.end(true', 'fetch.end(false'], why: settled },
    { lines: ['const moved ='], why: passed },
    {
      lines: ['checkpoint: moved'],
      text: 'filter !== undefined',
      to: 'true',
      why: 'equivalent: without a filter a page of memory ends with its last event',
    },
    { lines: ['checkpoint: moved'], why: passed },
    { lines: ['const caughtUp ='], why: 'equivalent: what was delivered comes first, and who has caught up already is not told again' },
    { lines: ['end === undefined ||'], why: `${settled}: its page says by itself that it is the end` },
  ],

  'subscription.ts': [
    { lines: ["{ path: 'subscription' }"], why: forPeople },
    { lines: ['finally {', 'release()'], why: freed },
    { lines: ['disposed.signal.aborted) return'], why: 'equivalent: who disposed does not wait for what comes next' },
    { lines: ['options.closing.aborted'], why: 'equivalent: of the three that end it the other two are handled before' },
    { lines: ['if (signal.aborted) return'], why: 'equivalent: what is given out after an abort is held back one level up' },
    {
      lines: ['failures === 0'],
      why: "SUB-10 is then not proven, which is no failed test here, or hears 'disconnected' more than once, which is allowed",
    },
    {
      lines: ['quickPollMs, 0, false', '[failures, saidCaughtUp]', 'slowestResumeMs', 'pollMs', 'Math.random()', 'function jittered'],
      why: pace,
    },
  ],
}

export function explain(file, { code, text, replacement }) {
  const rule = rules[file]?.find(
    (one) =>
      one.lines.some((line) => (one.whole ? code === line : code.includes(line))) &&
      (one.text === undefined || text === one.text) &&
      (one.to === undefined || replacement === one.to) &&
      (one.optional === undefined || replacement === text.replace('?.', '.')),
  )
  return rule === undefined ? undefined : rule.gap ? `**a gap of the suite**: ${rule.why}` : rule.why
}
