import type { Anomaly, Refusal } from './anomaly.js'
import { checkLog } from './check-log.js'
import { checkStream } from './check-stream.js'
import type { History } from './history.js'
import { indexHistory } from './history-index.js'

export interface HistoryVerdict {
  /** Nothing is wrong, and everything could be judged. */
  readonly holds: boolean
  /** What contradicts the contract; of many with one name the first twenty of a stream, or of the log. */
  readonly anomalies: readonly Anomaly[]
  /** What could not be judged. */
  readonly refused: readonly Refusal[]
}

/**
 * Judges what was recorded of concurrent calls against what is stored in the end: nothing acknowledged is lost, doubled or moved, nothing
 * rejected is there, every expectation held at its place, and every reader saw what it had to. See {@link recordHistory}.
 *
 * A history of 150,000 operations takes less than a second. The same history gives the same verdict: keep a bad one as JSON.
 */
export function checkHistory(history: History): HistoryVerdict {
  const anomalies: Anomaly[] = []
  const refused: Refusal[] = []
  const index = indexHistory(history)
  for (const stream of index.streams.values()) {
    const { streamId, final, refusal } = stream
    if (refusal !== undefined) refused.push(refusal)
    else if (final === undefined) {
      const isEmpty = stream.writes.length === 0 && stream.reads.length === 0 && stream.states.length === 0 && stream.checks.length === 0
      if (!isEmpty) refused.push({ streamId, reason: 'the history does not say what the stream holds in the end' })
    } else anomalies.push(...checkStream({ ...stream, final }, index, history.declares.strongReads))
  }
  const log = checkLog(history, index)
  anomalies.push(...log.anomalies)
  refused.push(...log.refused)
  return { holds: anomalies.length === 0 && refused.length === 0, anomalies, refused }
}
