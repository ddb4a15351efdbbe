import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventStoreAdapter } from '../../adapter.js'
import { checkHistory } from '../../testing/check-history.js'
import { describeAnomaly } from '../../testing/describe-anomaly.js'
import type { History } from '../../testing/history.js'
import { type HistoryRecorder, recordHistory } from '../../testing/recorder.js'
import type { CaseContext } from '../case.js'
import { endOfLog } from './log-views.js'

/** A recorder of what a case does to these streams; on a log that others use too, from where it ends now. */
export async function recordStreams(t: CaseContext, adapter: EventStoreAdapter, streams: readonly string[]): Promise<HistoryRecorder> {
  const isShared = (await t.instance()).sharedLog === true
  const since = isShared && t.declares('readAll') ? await endOfLog(adapter) : undefined
  return recordHistory({ since, concerns: (streamId) => streams.includes(streamId) })
}

/** The history of a case is one that the contract allows. A bad one is kept in a file, to be checked again. */
export async function historyHolds(
  t: CaseContext,
  recorder: HistoryRecorder,
  adapter: EventStoreAdapter,
  message: string,
): Promise<History> {
  const history = await recorder.history(adapter)
  const { anomalies, refused } = checkHistory(history)
  const kept = anomalies.length === 0 ? [] : [`the history is in ${await keep(t, history)}`]
  t.deepEqual([...anomalies.slice(0, 3).map((one) => describeAnomaly(history, one)), ...kept], [], message)
  t.deepEqual(
    refused.map(({ reason }) => reason),
    [],
    `${message}: all of it could be judged`,
  )
  return history
}

async function keep(t: CaseContext, history: History): Promise<string> {
  const file = join(tmpdir(), `millrace-history-${t.seed}.json`)
  await writeFile(file, `${JSON.stringify(history)}\n`)
  return file
}
