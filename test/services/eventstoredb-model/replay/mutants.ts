import { type ModelRules, farRevision, serverRules } from '../rules.js'
import type { RecordedClient } from './recordings.js'

/** A rule made wrong, and a recording that is answered otherwise then. */
export interface RuleMutant {
  /** Path to the rule, cell by cell of a table. */
  readonly rule: string
  readonly wrong: unknown
  /** Group and name of the scenario. */
  readonly fails: string
  /** Whose recording. */
  readonly of: RecordedClient
}

/** What a path of names leads to. */
type At<Value, Path extends string> = Path extends `${infer Key}.${infer Rest}`
  ? Key extends keyof Value
    ? At<NonNullable<Value[Key]>, Rest>
    : never
  : Path extends keyof Value
    ? Value[Path]
    : never

function mutant<Path extends string>(rule: Path, wrong: At<ModelRules, Path>, fails: string, of: RecordedClient = 'db-client'): RuleMutant {
  return { rule, wrong, fails, of }
}

/**
 * Every rule of the model, made wrong. What no recording can tell from the server's way is not here: whether the server looks at 32 or at 70
 * events in one go, and whether metadata counts for the size of an append.
 */
export const ruleMutants: readonly RuleMutant[] = [
  mutant('newEvents.missing.any', 'wrong', 'append-grid-batch/grid-batch-missing-any'),
  mutant('newEvents.missing.any', 'deleted', 'append-grid-batch/grid-batch-missing-any'),
  mutant('newEvents.missing.noStream', 'wrong', 'append-grid-batch/grid-batch-missing-no_stream'),
  mutant('newEvents.missing.noStream', 'deleted', 'append-grid-batch/grid-batch-missing-no_stream'),
  mutant('newEvents.missing.streamExists', 'write', 'append-grid-batch/grid-batch-missing-stream_exists'),
  mutant('newEvents.missing.streamExists', 'deleted', 'append-grid-batch/grid-batch-missing-stream_exists'),
  mutant('newEvents.missing.other', 'write', 'append-grid-batch/grid-batch-missing-0'),
  mutant('newEvents.missing.other', 'deleted', 'append-grid-batch/grid-batch-missing-0'),
  mutant('newEvents.metadataOnly.any', 'wrong', 'append-grid-batch/grid-batch-metadata-only-any'),
  mutant('newEvents.metadataOnly.any', 'deleted', 'append-grid-batch/grid-batch-metadata-only-any'),
  mutant('newEvents.metadataOnly.noStream', 'wrong', 'append-grid-batch/grid-batch-metadata-only-no_stream'),
  mutant('newEvents.metadataOnly.noStream', 'deleted', 'append-grid-batch/grid-batch-metadata-only-no_stream'),
  mutant('newEvents.metadataOnly.streamExists', 'wrong', 'append-grid-batch/grid-batch-metadata-only-stream_exists'),
  mutant('newEvents.metadataOnly.streamExists', 'deleted', 'append-grid-batch/grid-batch-metadata-only-stream_exists'),
  mutant('newEvents.metadataOnly.other', 'write', 'append-grid-batch/grid-batch-metadata-only-0'),
  mutant('newEvents.metadataOnly.other', 'deleted', 'append-grid-batch/grid-batch-metadata-only-0'),
  mutant('newEvents.live.any', 'wrong', 'append-grid-batch/grid-batch-live-any'),
  mutant('newEvents.live.any', 'deleted', 'append-grid-batch/grid-batch-live-any'),
  mutant('newEvents.live.noStream', 'write', 'append-grid-batch/grid-batch-live-no_stream'),
  mutant('newEvents.live.noStream', 'deleted', 'append-grid-batch/grid-batch-live-no_stream'),
  mutant('newEvents.live.streamExists', 'wrong', 'append-grid-batch/grid-batch-live-stream_exists'),
  mutant('newEvents.live.streamExists', 'deleted', 'append-grid-batch/grid-batch-live-stream_exists'),
  mutant('newEvents.live.tip', 'wrong', 'append-grid-batch/grid-batch-live-2'),
  mutant('newEvents.live.tip', 'deleted', 'append-grid-batch/grid-batch-live-2'),
  mutant('newEvents.live.other', 'write', 'append-grid-batch/grid-batch-live-3'),
  mutant('newEvents.live.other', 'deleted', 'append-grid-batch/grid-batch-live-3'),
  mutant('newEvents.softDeleted.any', 'wrong', 'append-grid-batch/grid-batch-soft-deleted-any'),
  mutant('newEvents.softDeleted.any', 'deleted', 'append-grid-batch/grid-batch-soft-deleted-any'),
  mutant('newEvents.softDeleted.noStream', 'wrong', 'append-grid-batch/grid-batch-soft-deleted-no_stream'),
  mutant('newEvents.softDeleted.noStream', 'deleted', 'append-grid-batch/grid-batch-soft-deleted-no_stream'),
  mutant('newEvents.softDeleted.streamExists', 'write', 'append-grid-batch/grid-batch-soft-deleted-stream_exists'),
  mutant('newEvents.softDeleted.streamExists', 'wrong', 'append-grid-batch/grid-batch-soft-deleted-stream_exists'),
  mutant('newEvents.softDeleted.tip', 'wrong', 'append-grid-batch/grid-batch-soft-deleted-2'),
  mutant('newEvents.softDeleted.tip', 'deleted', 'append-grid-batch/grid-batch-soft-deleted-2'),
  mutant('newEvents.softDeleted.other', 'write', 'append-grid-batch/grid-batch-soft-deleted-3'),
  mutant('newEvents.softDeleted.other', 'deleted', 'append-grid-batch/grid-batch-soft-deleted-3'),
  mutant('newEvents.tombstoned.any', 'write', 'append-grid-batch/grid-batch-tombstoned-any'),
  mutant('newEvents.tombstoned.any', 'wrong', 'append-grid-batch/grid-batch-tombstoned-any'),
  mutant('newEvents.tombstoned.noStream', 'write', 'append-grid-batch/grid-batch-tombstoned-no_stream'),
  mutant('newEvents.tombstoned.noStream', 'wrong', 'append-grid-batch/grid-batch-tombstoned-no_stream'),
  mutant('newEvents.tombstoned.streamExists', 'write', 'append-grid-batch/grid-batch-tombstoned-stream_exists'),
  mutant('newEvents.tombstoned.streamExists', 'wrong', 'append-grid-batch/grid-batch-tombstoned-stream_exists'),
  mutant('newEvents.tombstoned.tip', 'write', 'append-grid-batch/grid-batch-tombstoned-2'),
  mutant('newEvents.tombstoned.tip', 'wrong', 'append-grid-batch/grid-batch-tombstoned-2'),
  mutant('newEvents.tombstoned.other', 'write', 'append-grid-batch/grid-batch-tombstoned-3'),
  mutant('newEvents.tombstoned.other', 'wrong', 'append-grid-batch/grid-batch-tombstoned-3'),
  mutant('noEvents.softDeleted.noStream', 'write', 'empty-append/empty-unary-soft-deleted-no_stream'),
  mutant('noEvents.softDeleted.noStream', 'deleted', 'empty-append/empty-unary-soft-deleted-no_stream'),
  mutant('knownIds.of', 'any stream', 'idempotency/idem-unary-other-stream-any'),
  mutant('knownIds.remembered', 'last', 'idempotency/idem-unary-twice-in-batch'),
  mutant('knownIds.isSame', (stored, sent) => stored.id === sent.id && stored.type === sent.type, 'idempotency/idem-unary-different-data'),
  mutant(
    'knownIds.isSame',
    (stored, sent) => stored.id === sent.id && Buffer.compare(stored.data, sent.data) === 0,
    'idempotency/idem-unary-different-data',
  ),
  mutant('knownIds.original', 'wrong', 'idempotency/idem-unary-same-no-stream'),
  mutant('knownIds.atTip', 'answer', 'idempotency/idem-unary-known-at-tip'),
  mutant('knownIds.superset', 'write', 'idempotency/idem-unary-superset'),
  mutant('knownIds.superset', 'deleted', 'idempotency/idem-unary-superset'),
  mutant('knownIds.permuted', 'answer', 'idempotency/idem-unary-suffix'),
  mutant('knownIds.anyAllKnown', 'write', 'idempotency/idem-unary-any-all-known'),
  mutant('knownIds.anyKnownThenNew', 'write', 'idempotency/idem-unary-any-known-then-new'),
  mutant('knownIds.anyKnownThenNew', 'deleted', 'idempotency/idem-unary-any-known-then-new'),
  mutant('knownIds.answeredRevision', (_found, tip) => tip, 'idempotency/idem-unary-same-exact-later'),
  mutant(
    'knownIds.answeredRevision',
    (found) => found.reduce((most, one) => (one > most ? one : most)),
    'idempotency/idem-unary-any-permuted',
  ),
  mutant('knownIds.hidden', 'with position', 'idempotency/idem-unary-soft-deleted-no-stream'),
  mutant('knownIds.hidden', 'unknown', 'idempotency/idem-unary-soft-deleted-no-stream'),
  mutant('deletes.ofNothing', 'write', 'delete-grid/deleteStream-missing-any'),
  mutant('deletes.again', 'refused', 'delete-grid/deleteStream-soft-deleted-any'),
  mutant(
    'deletes.softDeleted',
    (before = '{}') => before.replace(/}$/, `,"$tb":${farRevision}}`).replace('{,', '{'),
    'delete-grid/deleteStream-metadata-only-any',
  ),
  mutant('deletes.softDeleted', () => '{"$tb":9223372036854775000}', 'delete-grid/deleteStream-metadata-only-any'),
  mutant('deletes.undeletedBy.append', false, 'delete-grid/deleteStream-metadata-only-any'),
  mutant('deletes.undeletedBy.noEvents', false, 'empty-append/empty-unary-soft-deleted-any'),
  mutant('deletes.undeletedBy.metadata', false, 'metadata/soft-delete-wipes'),
  mutant('deletes.undeleted', (_before, tip) => `{"$tb":${tip + 1n}}`, 'metadata/soft-delete-wipes'),
  mutant('deletes.undeleted', (before, tip) => serverRules.deletes.undeleted(before, tip - 1n), 'delete-grid/deleteStream-live-any'),
  mutant('deletes.undeletedAfterEvents', false, 'delete-grid/deleteStream-recreated-no_stream'),
  mutant('deletes.tombstoneClosesMetadata', false, 'delete-grid/deleteStream-tombstoned-any'),
  mutant('deletes.expected.any', -1n, 'delete-grid/deleteStream-missing-any'),
  mutant('deletes.expected.noStream', -2n, 'delete-grid/deleteStream-missing-no_stream'),
  mutant('deletes.expected.streamExists', -2n, 'delete-grid/tombstoneStream-missing-stream_exists'),
  mutant('reads.of.missing', 'events', 'read/state-missing'),
  mutant('reads.of.missing', 'deleted', 'read/state-missing'),
  mutant('reads.of.metadataOnly', 'events', 'read/state-metadata-only'),
  mutant('reads.of.metadataOnly', 'deleted', 'read/state-metadata-only'),
  mutant('reads.of.live', 'not found', 'read/windows'),
  mutant('reads.of.live', 'deleted', 'read/windows'),
  mutant('reads.of.softDeleted', 'events', 'read/state-soft-deleted'),
  mutant('reads.of.softDeleted', 'deleted', 'read/state-soft-deleted'),
  mutant('reads.of.tombstoned', 'events', 'read/state-tombstoned'),
  mutant('reads.of.tombstoned', 'not found', 'read/state-tombstoned'),
  mutant('reads.forwardsFromEnd', 'empty', 'read/windows'),
  mutant('reads.ofZero', 'empty', 'read/windows'),
  mutant('reads.forwardsFromBeyond', 'not found', 'read/windows'),
  mutant('reads.backwardsFromBeyond', 'empty', 'read/windows'),
  mutant('reads.firstVisible', ({ truncateBefore }) => truncateBefore, 'read/state-recreated'),
  mutant('reads.firstVisible', ({ tip, maxCount }) => (maxCount === undefined ? 0n : tip + 1n - maxCount), 'read/state-all-truncated'),
  mutant('reads.metadataKept', 2n, 'read/state-recreated'),
  mutant('reads.batch', 1n, 'read/state-recreated', 'kurrentdb-client'),
  mutant('reads.positions', 'never', 'read/windows', 'kurrentdb-client'),
  mutant('reads.positions', 'always', 'read/windows'),
  mutant('reads.firstPosition', false, 'read/windows', 'kurrentdb-client'),
  mutant('all.forwards', 'exclusive', 'all/order-and-bounds'),
  mutant('all.backwards', 'inclusive', 'all/order-and-bounds'),
  mutant('all.betweenRecords', 'next', 'all/order-and-bounds'),
  mutant('all.beyondEnd', 'error', 'all/order-and-bounds'),
  mutant('all.forwardsFromEnd', 'error', 'all/order-and-bounds'),
  mutant('all.hiddenEvents', false, 'all/order-and-bounds'),
  mutant('all.systemEvents', false, 'all/order-and-bounds'),
  mutant('all.tombstone.revision', 0n, 'all/order-and-bounds'),
  mutant('all.tombstone.type', '$deleted', 'all/order-and-bounds'),
  mutant('all.tombstone.contentType', 'application/json', 'all/order-and-bounds'),
  mutant('subscriptions.confirmed', false, 'subscription/history-then-live'),
  mutant('subscriptions.streamStart', 'inclusive', 'subscription/after-1'),
  mutant('subscriptions.allStart', 'inclusive', 'subscription/all-unfiltered'),
  mutant('subscriptions.fromEnd', 'from the start', 'subscription/from-end'),
  mutant('subscriptions.caughtUp', 'before history', 'subscription/history-then-live'),
  mutant('subscriptions.caughtUp', 'never', 'subscription/history-then-live'),
  mutant('subscriptions.future', 'deliver', 'subscription/future-checkpoint'),
  mutant('subscriptions.ofTombstoned', 'wait', 'subscription/on-tombstoned'),
  mutant('subscriptions.tombstoneShown', false, 'subscription/tombstoned-live'),
  mutant('subscriptions.tombstoneEnds', false, 'subscription/tombstoned-live'),
  mutant('subscriptions.checkpointEvery', (window, multiplier) => (window ?? 1) * multiplier, 'subscription/all-filter-type-regex'),
  mutant('subscriptions.checkpointEvery', (_window, multiplier) => multiplier, 'subscription/all-filter-prefix'),
  mutant('subscriptions.checkpointEvery', () => 32, 'subscription/all-filter-prefix'),
  mutant('subscriptions.checkpointAtCaughtUp', false, 'subscription/all-filter-prefix'),
  mutant('subscriptions.checkpoint', 'before the event', 'subscription/all-filter-prefix'),
  mutant('subscriptions.prefixMatches', () => true, 'subscription/all-filter-prefix'),
  mutant('subscriptions.prefixMatches', (stream, prefixes) => prefixes.includes(stream), 'subscription/all-filter-prefix'),
  mutant('subscriptions.regexMatches', () => true, 'subscription/all-filter-type-regex'),
  mutant('limits.appendBytes', 1024 * 1024 - 1, 'limits/1.1MB-unary'),
  mutant('limits.appendBytes', 1024 * 1024 + 1, 'limits/1.1MB-unary'),
  mutant('limits.sizeOf', ({ data, type }) => data.length + type.length, 'limits/exact-1MiB-unary'),
  mutant('limits.emptyName', 'write', 'names/empty-unary'),
  mutant('limits.emptyType', 'write', 'names/event-type-unary'),
  mutant('limits.nilId', 'write', 'names/uuid-unary'),
  mutant('limits.idCase', 'kept', 'names/uuid-unary'),
  mutant('codes.streamDeleted', 14, 'append-grid-batch/grid-batch-tombstoned-any'),
  mutant('codes.wrongExpectedVersion', 14, 'delete-grid/deleteStream-missing-any'),
  mutant('codes.tooLarge', 14, 'limits/1.1MB-unary'),
  mutant('codes.handlerThrew', 14, 'names/empty-unary'),
  mutant('codes.unexpectedResult', 14, 'all/order-and-bounds'),
  mutant('codes.incompleteMessage', 14, 'delete-grid/deleteStream-missing-stream_exists'),
  mutant('batchCodes.wrong', 14, 'names/unicode-batch'),
  mutant('batchCodes.deleted', 14, 'names/unicode-batch'),
  mutant('batchCodes.tooLarge', 14, 'limits/1.1MB-batch'),
  mutant('batchCodes.badRequest', 13, 'names/empty-batch'),
]

/** Names of all rules: a table counts cell by cell. */
export function rulePaths(value: unknown = serverRules, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, member]) => rulePaths(member, path === '' ? key : `${path}.${key}`))
}

/** The server's rules but one. */
export function rulesWith({ rule, wrong }: Pick<RuleMutant, 'rule' | 'wrong'>): ModelRules {
  const replaced = (value: unknown, [key, ...rest]: readonly string[]): unknown =>
    key === undefined ? wrong : { ...(value as object), [key]: replaced((value as Record<string, unknown>)[key], rest) }
  return replaced(serverRules, rule.split('.')) as ModelRules
}
