/**
 * What can be wrong with a history.
 *
 * - `lost-write`: acknowledged, and not there · `duplicate`: there, or delivered, twice · `phantom`: there, and nobody appended it, or its
 *   append was rejected · `wrong-version`: not where its append said · `version-gap`: versions are not 1…N
 * - `torn-batch`: a part of an append is there, or was seen, without the rest
 * - `broken-precondition`: the expectation did not hold just before its place · `false-conflict`: it did, and a conflict was raised
 * - `skipped-read`: a reader passed over an event · `divergent-read`: it saw something else than what is there
 * - `stale-read`: a read did not see what was acknowledged before it began · `non-monotonic-read`: it saw less than an earlier one, or
 *   events out of their order · `realtime-order`: acknowledged before the other was begun, and behind it
 * - `aborted-read`: the log, or a reader of it, has what was rejected · `stream-order`: the log has a stream's events in another order
 * - `divergent-position`: one position for two events, or two for one · `unseen`: a reader did not reach the end
 */
export type AnomalyName =
  | 'version-gap'
  | 'duplicate'
  | 'phantom'
  | 'lost-write'
  | 'wrong-version'
  | 'torn-batch'
  | 'broken-precondition'
  | 'false-conflict'
  | 'skipped-read'
  | 'divergent-read'
  | 'stale-read'
  | 'non-monotonic-read'
  | 'realtime-order'
  | 'aborted-read'
  | 'stream-order'
  | 'divergent-position'
  | 'unseen'

export interface Anomaly {
  readonly name: AnomalyName
  /** Which checker found it: of one stream, or of the log and the subscriptions. */
  readonly checker: 'stream' | 'log'
  readonly streamId?: string | undefined
  /** One sentence: what should be, and what is. */
  readonly message: string
  /** Places in `history.operations` of those that contradict each other. */
  readonly operations: readonly number[]
}

/** Something a checker cannot judge; it is never taken as good. */
export interface Refusal {
  readonly streamId?: string | undefined
  readonly reason: string
}

/** Where a checker notes what it finds. */
export interface Findings {
  readonly anomalies: Anomaly[]
  add(name: AnomalyName, message: string, operations: readonly number[], streamId?: string): void
}

/** Anomalies of one name that are kept: the first of many tell as much as all. */
const mostOfOneName = 20

export function createFindings(checker: Anomaly['checker']): Findings {
  const anomalies: Anomaly[] = []
  const counts = new Map<AnomalyName, number>()
  return {
    anomalies,
    add(name, message, operations, streamId) {
      const count = counts.get(name) ?? 0
      counts.set(name, count + 1)
      if (count < mostOfOneName) anomalies.push({ name, checker, streamId, message, operations })
    },
  }
}
