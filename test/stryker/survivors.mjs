/**
 * Why a mutant that no case finds is none of the suite's business, or, with `gap`, that it is, and what stands in its way. A rule names the
 * file, what stands in its line, and, where several mutants of a line differ, what was mutated to what. The first that fits is taken.
 */
const noHole = 'memory has no hole, so nothing can be missed here; the file example with a bug in `from` (test/conformance) is found by it'
const pace = 'decides how soon, or how much at once, never what is delivered: no contract, and no time is asserted'
const settled = 'memory is settled at any moment; on PostgreSQL ALL-06 and ALL-07 come here'
const freed = 'frees what would go with the iteration anyway: nobody can see it but the garbage collector'
const rules = [
  {
    file: 'expected-version.ts',
    line: "typeof expected === 'number' ||",
    why: "memory never answers an 'any' append with a conflict, and loses no answer; where one is lost IDM-10 decides",
  },
  {
    file: 'expected-version.ts',
    line: 'Number.isSafeInteger(value)',
    why: 'equivalent: Number.isSafeInteger is false for what is no number',
  },

  {
    file: 'memory/store.ts',
    line: 'export function notify',
    why: 'waiting subscriptions are told by core of what the same adapter appended, and look now and then: only later',
  },

  { file: 'settle-append.ts', line: 'request.events.length === 0', why: 'equivalent: without events every answer can be trusted' },
  { file: 'settle-append.ts', line: 'all[0] ?? request', why: 'equivalent: both are the request' },
  {
    file: 'settle-append.ts',
    line: "outcome.status === 'appended' || outcome",
    why: "equivalent, but after a lost answer, where an 'any' may be unknown",
  },
  { file: 'settle-append.ts', line: "=== 'wrong-version') {", why: 'equivalent: the look at what is deleted sees nothing' },
  {
    file: 'settle-append.ts',
    line: 'outcome.idsCompared === true',
    why: 'equivalent: one more look finds nothing else; memory compares no ids itself',
  },
  {
    file: 'settle-append.ts',
    line: 'outcome.outcome.idsCompared',
    why: "as with one stream; mixing exact parts with 'any' in a call sent again is open",
    gap: true,
  },
  {
    file: 'settle-append.ts',
    line: 'backend.settles !== true) throw',
    gap: true,
    why: 'needs a delete between a lost answer and its retry, which no hook can time; settle-append.test.ts does',
  },
  { file: 'settle-append.ts', line: 'appendMany === undefined', why: 'says what is missing to an author of an adapter' },
  {
    file: 'settle-append.ts',
    line: 'const results: StoredRange[]',
    gap: true,
    why: 'no case loses the answer of an append to several streams; settle-append.test.ts does',
  },
  {
    file: 'settle-append.ts',
    line: 'found.includes(undefined)',
    gap: true,
    why: 'no case loses the answer of an append to several streams; settle-append.test.ts does',
  },
  {
    file: 'settle-append.ts',
    line: "typeof one === 'object'",
    gap: true,
    why: 'no case loses the answer of an append to several streams; settle-append.test.ts does',
  },
  { file: 'settle-append.ts', line: 'tries += 1', why: pace },
  { file: 'settle-append.ts', line: 'if (lost === undefined) return findStored', why: 'only how much time the look has' },
  {
    file: 'settle-append.ts',
    line: "'unseen' as const",
    gap: true,
    why: 'needs a look that fails after a lost answer, which no hook can time',
  },
  { file: 'settle-append.ts', line: "head.status === 'tombstoned'", why: 'equivalent: the place is below the first visible version' },
  {
    file: 'settle-append.ts',
    line: 'first < head.firstVersion',
    gap: true,
    why: 'needs a truncation between a lost answer and its retry, which no hook can time',
  },
  { file: 'settle-append.ts', line: 'head.version >= first', why: 'equivalent: behind the end nothing is found' },
  { file: 'settle-append.ts', line: 'events[index]?.id', why: 'equivalent: no more events are read than were given' },
  { file: 'settle-append.ts', line: 'last !== undefined &&', why: 'equivalent: an append that comes here has events' },
  {
    file: 'settle-append.ts',
    line: 'capabilities.strongReads',
    why: 'memory is current at any moment; DynamoDB and the test of settling come here',
  },
  {
    file: 'settle-append.ts',
    line: 'remainingMs(call) === 0',
    why: 'memory is current at any moment; DynamoDB and the test of settling come here',
  },
  { file: 'settle-append.ts', line: 'found.length < count', why: 'equivalent: one more page, which is empty' },
  {
    file: 'settle-append.ts',
    line: 'const [from, limit]',
    why: 'shows only where more than a page of ids is compared; the rest is one page',
  },
  { file: 'settle-append.ts', line: 'to: first + count - 1', why: 'equivalent: what is read beyond is cut by the limit' },

  { file: 'paging.ts', line: 'finally {', why: freed },
  { file: 'paging.ts', line: 'gone.abort()', why: freed },
  { file: 'paging.ts', line: 'stop() {', why: `${freed}; what was read ahead ends by itself` },
  { file: 'paging.ts', line: 'page = []', why: freed },
  { file: 'paging.ts', line: '[Symbol.asyncIterator]() {', why: 'RDS-15 does that since; not run again yet' },
  { file: 'paging.ts', line: 'Promise.resolve({ done: true', why: 'RDS-15 looks at it since; not run again yet' },
  { file: 'paging.ts', line: 'waiting', why: 'equivalent: the way without the queue, or with it, serves the calls in the same order' },
  { file: 'paging.ts', line: 'function left', why: 'equivalent: all later calls take the way through the queue, which serves them too' },
  { file: 'paging.ts', line: 'fetched', why: pace },

  { file: 'read-stream.ts', line: 'left === 0 ||', why: 'equivalent: the page behind the window is empty, and ends the read as well' },
  { file: 'read-stream.ts', line: 'final: limit === left', why: 'a hint to the backend, which memory needs not' },
  { file: 'read-stream.ts', line: "first.status !== 'live'", why: 'equivalent: the visible window of such a stream is empty' },
  { file: 'read-stream.ts', line: '(last - cursor) * step < 0', why: 'equivalent: only the sign is looked at, and the step is 1 or −1' },
  {
    file: 'read-stream.ts',
    line: 'now.status === first.status',
    why: 'equivalent: what was re-created begins behind the cursor, which the third condition sees',
  },
  { file: 'read-stream.ts', line: 'const what =', why: 'a word of a message, which is no contract' },
  { file: 'read-stream.ts', line: 'throw new UnavailableError', why: 'adapter and hint of an error: for a person' },
  { file: 'read-stream.ts', line: 'for (const { version } of events)', why: noHole },
  { file: 'read-stream.ts', line: 'version !== wanted', why: noHole },
  { file: 'read-stream.ts', line: 'wanted === from + step', why: noHole },
  { file: 'read-stream.ts', line: 'events[Math.abs(wanted - from)]', why: noHole },
  { file: 'read-stream.ts', line: 'found === undefined', why: noHole },
  { file: 'read-stream.ts', line: '{', text: 'adapter: backend.name', why: noHole },
  { file: 'read-stream.ts', line: '    {', why: noHole },
  { file: 'read-stream.ts', line: 'Math.min(pageSize, size * 4)', why: pace },
  { file: 'read-stream.ts', line: 'events.length === 0', why: pace },
  { file: 'read-stream.ts', line: 'pageBytes / Math.max', why: pace },
  { file: 'read-stream.ts', line: 'Math.min(pageSize, fitting)', why: pace },

  { file: 'read-log.ts', line: 'let ended = left === 0', why: 'equivalent: the first page is cut to nothing, and ends the read' },
  {
    file: 'read-log.ts',
    line: 'upTo === undefined) return',
    why: 'equivalent: an empty log gives an empty page, which says that it is the end',
  },
  { file: 'read-log.ts', line: 'const limit =', why: pace },
  { file: 'read-log.ts', line: 'slice(0, left)', why: 'equivalent on memory, which filters itself and gives no more than it is asked for' },
  { file: 'read-log.ts', line: 'ended = page.end', why: 'equivalent: the next page is cut to nothing' },
  {
    file: 'read-log.ts',
    line: 'events.length > 0 || ended',
    why: 'equivalent: an iteration passes over an empty page that is not the end',
  },
  {
    file: 'read-log.ts',
    line: 'filter === undefined || backend.filters',
    replacement: 'false',
    why: 'equivalent: filtering once more changes nothing',
  },
  { file: 'read-log.ts', line: 'event.streamType !== undefined', why: 'equivalent: no list of stream types has undefined in it' },

  {
    file: 'subscription-sources.ts',
    line: '!seekEnd, signal',
    why: 'a hint to the backend that an old answer will do, which memory needs not',
  },
  {
    file: 'subscription-sources.ts',
    line: 'head.version >= head.firstVersion',
    text: 'head.version >= head.firstVersion',
    replacement: 'head.version > head.firstVersion',
    why: 'equivalent: the one event that is left is delivered, and the cursor set behind it, on the other way too',
  },
  { file: 'subscription-sources.ts', line: 'head.version >= head.firstVersion', why: 'DEL-05 looks at it since; not run again yet' },
  {
    file: 'subscription-sources.ts',
    line: 'Math.max(cursor, head.version)',
    gap: true,
    why: 'shows only where a subscription begins behind the end of its stream, which no case does yet',
  },
  { file: 'subscription-sources.ts', line: 'const more =', why: pace },
  { file: 'subscription-sources.ts', line: "after === 'end' ? undefined", why: 'equivalent: the cursor is set by the first look' },
  { file: 'subscription-sources.ts', line: "after === 'start'", why: 'equivalent: the cursor is set by the first look' },
  { file: 'subscription-sources.ts', line: 'fetch.end(true', why: settled },
  { file: 'subscription-sources.ts', line: 'const moved =', why: 'a checkpoint more, at a place that was passed: the contract allows it' },
  {
    file: 'subscription-sources.ts',
    line: 'checkpoint: moved',
    why: 'a checkpoint more, at a place that was passed: the contract allows it',
  },
  {
    file: 'subscription-sources.ts',
    line: 'const caughtUp =',
    why: 'equivalent: what was delivered comes first, and who has caught up already is not told again',
  },
  { file: 'subscription-sources.ts', line: 'fetch.end(false', why: settled },
  { file: 'subscription-sources.ts', line: 'end === undefined ||', why: `${settled}: its page says by itself that it is the end` },

  { file: 'subscription.ts', line: "{ path: 'subscription' }", why: 'which argument it was: for a person' },
  { file: 'subscription.ts', line: 'finally {', why: freed },
  { file: 'subscription.ts', line: 'release()', why: freed },
  { file: 'subscription.ts', line: 'disposed.signal.aborted) return', why: 'equivalent: who disposed does not wait for what comes next' },
  {
    file: 'subscription.ts',
    line: 'options.closing.aborted',
    why: 'equivalent: of the three that end it the other two are handled before',
  },
  { file: 'subscription.ts', line: 'quickPollMs, 0, false', why: pace },
  {
    file: 'subscription.ts',
    line: 'if (signal.aborted) return',
    why: 'equivalent: what is given out after an abort is held back one level up',
  },
  {
    file: 'subscription.ts',
    line: 'failures === 0',
    why: "SUB-10 is then not proven, which is no failed test here, or hears 'disconnected' more than once, which is allowed",
  },
  { file: 'subscription.ts', line: '[failures, saidCaughtUp]', replacement: 'true', why: 'SUB-10 looks at it since; not run again yet' },
  { file: 'subscription.ts', line: '[failures, saidCaughtUp]', why: pace },
  { file: 'subscription.ts', line: 'slowestResumeMs', why: pace },
  { file: 'subscription.ts', line: 'pollMs', why: pace },
  { file: 'subscription.ts', line: 'Math.random()', why: pace },
  { file: 'subscription.ts', line: 'function jittered', why: pace },
]

export function explain(file, { code, text, replacement }) {
  const rule = rules.find(
    (one) =>
      one.file === file &&
      code.includes(one.line.trim()) &&
      (one.text === undefined || text.includes(one.text)) &&
      (one.replacement === undefined || replacement === one.replacement),
  )
  return rule === undefined ? undefined : rule.gap ? `**a gap of the suite**: ${rule.why}` : rule.why
}
