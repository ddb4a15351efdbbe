import { type EventStoreAdapter, isConcurrencyError, isEventStoreError, isOutcomeUnknownError } from '@millrace/core'
import { type Anomaly, type History, checkHistory, recordHistory } from '@millrace/core/testing'

/** What the writers of a run do, and what became of it. */
export interface LedgerOptions {
  /** One client for each writer, in turn. The first one also reads, and is asked what is stored in the end. */
  readonly clients: readonly EventStoreAdapter[]
  readonly seed: number
  readonly writers?: number
  readonly streams?: number
  /** Of a call: long enough to outlive the faults, where nothing may stay unresolved. Default 60 000. */
  readonly timeoutMs?: number
}

export interface Ledger {
  /** Appends that were acknowledged so far. */
  readonly acknowledged: number
  /** No further appends; resolves when those under way have ended. */
  stop(): Promise<void>
  /** Reads what is stored, and judges the run. Call it when the store is at rest. */
  judge(): Promise<LedgerVerdict>
}

export interface LedgerVerdict {
  readonly acknowledged: number
  readonly conflicts: number
  /** Proven not applied, and given back to the caller as something to call again. */
  readonly refused: number
  /** Nobody knows: `outcome-unknown`. */
  readonly unresolved: number
  /** Errors of no kind that a caller is told of. */
  readonly unexpected: readonly string[]
  readonly operations: number
  readonly anomalies: readonly Anomaly[]
  readonly notJudged: readonly string[]
  /** To be kept when something is wrong. */
  readonly history: History
}

/**
 * Writers that append to the same streams, with every kind of expectation, while a subscription and a tailing reader follow the log and
 * others read streams: everything recorded, and judged by the history checkers. Which writer does what is the seed's; how they meet is not.
 */
export function startLedger({ clients, seed, writers = 8, streams = 16, timeoutMs = 60_000 }: LedgerOptions): Ledger {
  const recorder = recordHistory()
  const counts = { acknowledged: 0, conflicts: 0, refused: 0, unresolved: 0 }
  const unexpected: string[] = []
  let going = true
  const stopped = new AbortController()
  const client = (n: number): EventStoreAdapter => {
    const found = clients[n % clients.length]
    if (found === undefined) throw new Error('a ledger needs a client')
    return found
  }
  const [main] = [client(0)]

  async function write(writer: number): Promise<void> {
    const random = seeded(seed * 1000 + writer)
    const adapter = recorder.wrap(client(writer))
    const known = new Map<string, number>()
    // Who meets an error that nobody expects ends; so does the ledger of a test whose adapters were closed because it failed.
    while (going && unexpected.length === 0) {
      const streamId = `s-${Math.floor(random() * streams)}`
      const [kind, size] = [random(), 1 + Math.floor(random() * 3)]
      try {
        // The end of a stream: a whole one gets long.
        if (kind < 0.05) await adapter.readStream(streamId, { direction: 'backwards', limit: 1 + size * 7, timeoutMs }).toArray()
        else if (kind < 0.1) await adapter.readStream(streamId, { from: Math.max(1, (known.get(streamId) ?? 0) - 9), timeoutMs }).toArray()
        else if (kind < 0.2) known.set(streamId, versionOf(await adapter.getStreamState(streamId, { timeoutMs })))
        else if (kind < 0.3) {
          const other = `s-${(Number(streamId.slice(2)) + 1) % streams}`
          await adapter.appendToStreams([part(streamId, size), part(other, 1)], { timeoutMs })
          counts.acknowledged += 1
        } else {
          const expectedVersion = kind < 0.75 ? (known.get(streamId) ?? 0) : kind < 0.95 ? 'any' : kind < 0.98 ? 'streamExists' : 'noStream'
          const { version } = await adapter.appendToStream(streamId, part(streamId, size).events, { expectedVersion, timeoutMs })
          counts.acknowledged += 1
          known.set(streamId, version)
        }
      } catch (error) {
        note(error, known)
      }
    }
  }
  function part(streamId: string, size: number) {
    return { streamId, events: Array.from({ length: size }, () => ({ id: crypto.randomUUID(), type: 'Booked', data: { amount: 1 } })) }
  }
  function note(error: unknown, known: Map<string, number>): void {
    if (isConcurrencyError(error)) {
      counts.conflicts += 1
      if (error.streamId !== undefined) known.set(error.streamId, error.actualVersion ?? 0)
    } else if (isOutcomeUnknownError(error)) counts.unresolved += 1
    else if (isEventStoreError(error) && error.outcome === 'not-applied' && error.retryable) counts.refused += 1
    else unexpected.push(String((error as Error | undefined)?.stack ?? error))
  }

  /** Follows the log by reading on from where it came to. */
  async function tail(): Promise<void> {
    const adapter = recorder.wrap(main)
    let after: string | undefined
    while (going && unexpected.length === 0) {
      try {
        for await (const { position } of adapter.readAll({ after, timeoutMs })) after = position
      } catch (error) {
        note(error, new Map())
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const subscription = recorder.wrap(main).subscribeToAll({ signal: stopped.signal })
  const following = (async () => {
    for await (const _event of subscription);
  })().catch((error: unknown) => {
    if (error !== stopped.signal.reason) unexpected.push(String(error))
  })
  const work = [...Array.from({ length: writers }, (_, writer) => write(writer)), tail()]

  async function stop(): Promise<void> {
    going = false
    await Promise.all(work)
  }
  return {
    get acknowledged() {
      return counts.acknowledged
    },
    stop,
    async judge() {
      await stop()
      const history = await recorder.history(main)
      stopped.abort(new Error('the run is over'))
      await following
      const { anomalies, refused } = checkHistory(history)
      return {
        ...counts,
        unexpected,
        operations: history.operations.length,
        anomalies,
        notJudged: refused.map(({ reason }) => reason),
        history,
      }
    },
  }
}

/** Nothing of an acknowledged event's promise is broken, and nobody was left in doubt. */
export function holds({ anomalies, notJudged, unexpected, unresolved }: LedgerVerdict): boolean {
  return anomalies.length === 0 && notJudged.length === 0 && unexpected.length === 0 && unresolved === 0
}

function versionOf(state: Awaited<ReturnType<EventStoreAdapter['getStreamState']>>): number {
  return state.status === 'tombstoned' ? 0 : state.version
}

/** Numbers in [0, 1) that a seed decides. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
