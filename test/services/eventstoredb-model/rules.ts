/** What a stream is to the server. A stream of which all events were truncated, and one that was re-created after a delete, is live. */
export type Condition = 'missing' | 'metadataOnly' | 'live' | 'softDeleted' | 'tombstoned'

/** What a writer expects, seen from the stream's last revision. */
export type Expectation = 'any' | 'noStream' | 'streamExists' | 'tip' | 'other'

export type Verdict = 'write' | 'wrong' | 'deleted'

interface ComparedEvent {
  readonly id: string
  readonly type: string
  readonly data: Uint8Array
}

type Table<Cell> = Readonly<Record<Condition, Readonly<Partial<Record<Expectation, Cell>>>>>

/**
 * The rules of the server that the model keeps, as data or as a named function, so that a test can exchange each of them for a wrong one
 * and see a recording fail. What else decides an answer is text in the model's files, which the same test edits: `replay/source-mutants.ts`.
 * What no recording shows (the cache of recent ids, restarts, faults) is listed in `replay/unrecorded.ts`.
 */
export interface ModelRules {
  /** Append of events that are new to the stream, delete and tombstone: {@link Condition} down, {@link Expectation} across. */
  readonly newEvents: Table<Verdict>
  /** Where an append of no events is answered differently. It is checked, and it undeletes. */
  readonly noEvents: { readonly softDeleted: { readonly noStream: Verdict } }
  readonly knownIds: {
    /** A known id means: known in this stream. */
    readonly of: 'same stream' | 'any stream'
    /** Which of two events with the same id is remembered. */
    readonly remembered: 'first' | 'last'
    /** Whether an event is one that was stored: the id alone says so. */
    isSame(stored: ComparedEvent, sent: ComparedEvent): boolean
    /** Ids at the revisions after the expected one are those given: answered as the first time. */
    readonly original: 'answer' | 'wrong'
    /** Known ids where the expectation holds. */
    readonly atTip: 'write' | 'answer'
    /** Known ids, then others, at an expected revision that was passed. */
    readonly superset: Verdict
    /** Known ids, but not at the revisions after the expected one. */
    readonly permuted: 'wrong' | 'answer'
    /** `any` and `streamExists`: all known. */
    readonly anyAllKnown: 'answer' | 'write'
    /** `any`: a known id, then a new one. */
    readonly anyKnownThenNew: Verdict
    /** The revision of the answer, from those of the events found, in the order sent. */
    answeredRevision(found: readonly bigint[], tip: bigint): bigint
    /** Ids of events that a delete or a truncation hid are recognised, and answered without a position. */
    readonly hidden: 'without position' | 'with position' | 'unknown'
  }
  readonly deletes: {
    /** A soft delete of what has neither events nor metadata. */
    readonly ofNothing: 'wrong' | 'write'
    /** A soft delete of a deleted stream, where the expectation holds. */
    readonly again: 'written' | 'refused'
    /** The new metadata of a deleted stream: it replaces all there was. */
    softDeleted(before: string | undefined): string
    /** What an append, also of nothing, and a write of metadata do to a deleted stream. */
    readonly undeletedBy: { readonly append: boolean; readonly noEvents: boolean; readonly metadata: boolean }
    /** The metadata after that. */
    undeleted(before: string, tip: bigint): string
    /** Whether the events come before the metadata that undeletes in the log. */
    readonly undeletedAfterEvents: boolean
    /** A tombstone closes the stream's metadata too. */
    readonly tombstoneClosesMetadata: boolean
    /** What the answer says in place of a number. */
    readonly expected: { readonly any: bigint; readonly noStream: bigint; readonly streamExists: bigint }
  }
  readonly reads: {
    readonly of: Readonly<Record<Condition, 'events' | 'not found' | 'deleted'>>
    readonly forwardsFromEnd: 'error' | 'empty'
    readonly ofZero: 'error' | 'empty'
    readonly forwardsFromBeyond: 'empty' | 'not found'
    readonly backwardsFromBeyond: 'from the tip' | 'empty'
    /** The first revision that readers see. */
    firstVisible(stream: { readonly tip: bigint; readonly truncateBefore: bigint; readonly maxCount: bigint | undefined }): bigint
    /** How many events of a metadata stream are seen. */
    readonly metadataKept: bigint
    /** Events that the server looks at in one go: a first go that finds none says where the stream begins. */
    readonly batch: bigint
    /** `last` after the events, `first` before them where the first go found none: for clients that ask for it. */
    readonly positions: 'asked' | 'never' | 'always'
    readonly firstPosition: boolean
  }
  readonly all: {
    readonly forwards: 'inclusive' | 'exclusive'
    readonly backwards: 'inclusive' | 'exclusive'
    readonly betweenRecords: 'error' | 'next'
    readonly beyondEnd: 'empty' | 'error'
    readonly forwardsFromEnd: 'empty' | 'error'
    /** Deleted and truncated events stay in the log. */
    readonly hiddenEvents: boolean
    readonly systemEvents: boolean
    readonly tombstone: { readonly revision: bigint; readonly type: string; readonly contentType: string }
  }
  readonly subscriptions: {
    readonly confirmed: boolean
    readonly streamStart: 'exclusive' | 'inclusive'
    readonly allStart: 'exclusive' | 'inclusive'
    readonly fromEnd: 'live only' | 'from the start'
    readonly caughtUp: 'after history' | 'before history' | 'never'
    /** A start that lies ahead: what comes before it is left out. */
    readonly future: 'wait' | 'deliver'
    readonly ofTombstoned: 'deleted' | 'wait'
    readonly tombstoneShown: boolean
    readonly tombstoneEnds: boolean
    /** How many records a filter looks at between two checkpoints. */
    checkpointEvery(window: number | undefined, multiplier: number): number
    readonly checkpointAtCaughtUp: boolean
    readonly checkpoint: 'after the event' | 'before the event'
    prefixMatches(subject: string, prefixes: readonly string[]): boolean
    regexMatches(subject: string, regex: string): boolean
  }
  readonly limits: {
    readonly appendBytes: number
    sizeOf(event: { readonly data: Uint8Array; readonly metadata: Uint8Array; readonly type: string }): number
    readonly emptyName: 'error' | 'write'
    readonly emptyType: 'error' | 'write'
    readonly nilId: 'error' | 'write'
    /** Upper-case ids come back in lower case. */
    readonly idCase: 'lower' | 'kept'
  }
  /** Codes of gRPC. */
  readonly codes: {
    readonly streamDeleted: number
    readonly wrongExpectedVersion: number
    readonly tooLarge: number
    readonly handlerThrew: number
    readonly unexpectedResult: number
    readonly incompleteMessage: number
  }
  /** Codes inside an answer to a batch append. */
  readonly batchCodes: {
    readonly wrong: number
    readonly deleted: number
    readonly tooLarge: number
    readonly badRequest: number
  }
}

export const farRevision: bigint = 2n ** 63n - 1n

/** The rules of EventStoreDB 24.2 as recorded. */
export const serverRules: ModelRules = {
  newEvents: {
    missing: { any: 'write', noStream: 'write', streamExists: 'wrong', other: 'wrong' },
    metadataOnly: { any: 'write', noStream: 'write', streamExists: 'write', other: 'wrong' },
    live: { any: 'write', noStream: 'wrong', streamExists: 'write', tip: 'write', other: 'wrong' },
    softDeleted: { any: 'write', noStream: 'write', streamExists: 'deleted', tip: 'write', other: 'wrong' },
    tombstoned: { any: 'deleted', noStream: 'deleted', streamExists: 'deleted', tip: 'deleted', other: 'deleted' },
  },
  noEvents: { softDeleted: { noStream: 'wrong' } },
  knownIds: {
    of: 'same stream',
    remembered: 'first',
    isSame: (stored, sent) => stored.id === sent.id,
    original: 'answer',
    atTip: 'write',
    superset: 'wrong',
    permuted: 'wrong',
    anyAllKnown: 'answer',
    anyKnownThenNew: 'wrong',
    answeredRevision: (found, tip) => found.at(-1) ?? tip,
    hidden: 'without position',
  },
  deletes: {
    ofNothing: 'wrong',
    again: 'written',
    softDeleted: () => `{"$tb":${farRevision}}`,
    undeletedBy: { append: true, noEvents: true, metadata: true },
    undeleted: (before, tip) => JSON.stringify({ ...(JSON.parse(before) as object), $tb: Number(tip + 1n) }),
    undeletedAfterEvents: true,
    tombstoneClosesMetadata: true,
    expected: { any: -2n, noStream: -1n, streamExists: -4n },
  },
  reads: {
    of: { missing: 'not found', metadataOnly: 'not found', live: 'events', softDeleted: 'not found', tombstoned: 'deleted' },
    forwardsFromEnd: 'error',
    ofZero: 'error',
    forwardsFromBeyond: 'empty',
    backwardsFromBeyond: 'from the tip',
    firstVisible({ tip, truncateBefore, maxCount }) {
      const counted = maxCount === undefined ? 0n : tip + 1n - maxCount
      return counted > truncateBefore ? counted : truncateBefore
    },
    metadataKept: 1n,
    batch: 32n,
    positions: 'asked',
    firstPosition: true,
  },
  all: {
    forwards: 'inclusive',
    backwards: 'exclusive',
    betweenRecords: 'error',
    beyondEnd: 'empty',
    forwardsFromEnd: 'empty',
    hiddenEvents: true,
    systemEvents: true,
    tombstone: { revision: farRevision, type: '$streamDeleted', contentType: 'application/octet-stream' },
  },
  subscriptions: {
    confirmed: true,
    streamStart: 'exclusive',
    allStart: 'exclusive',
    fromEnd: 'live only',
    caughtUp: 'after history',
    future: 'wait',
    ofTombstoned: 'deleted',
    tombstoneShown: true,
    tombstoneEnds: true,
    checkpointEvery: (window, multiplier) => (window ?? 32) * multiplier,
    checkpointAtCaughtUp: true,
    checkpoint: 'after the event',
    prefixMatches: (subject, prefixes) => prefixes.some((prefix) => subject.startsWith(prefix)),
    regexMatches: (subject, regex) => new RegExp(regex).test(subject),
  },
  limits: {
    appendBytes: 1024 * 1024,
    sizeOf: ({ data }) => data.length,
    emptyName: 'error',
    emptyType: 'error',
    nilId: 'error',
    idCase: 'lower',
  },
  codes: { streamDeleted: 9, wrongExpectedVersion: 9, tooLarge: 3, handlerThrew: 2, unexpectedResult: 2, incompleteMessage: 13 },
  batchCodes: { wrong: 6, deleted: 5, tooLarge: 3, badRequest: 3 },
}
