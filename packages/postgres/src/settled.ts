import { TimeoutError, type BackendCall } from '@millrace/core'
import type { Names } from './schema.js'
import type { Engine, Row, Statement } from './session.js'

/**
 * The settled horizon S: no event can turn up at or below it any more, so a reader may pass.
 *
 * A position is taken at INSERT and visible at COMMIT; a reader that goes on after the last position it saw skips what commits late.
 * But an INSERT holds RowExclusiveLock on the table of events from before its position is taken until its commit is visible, and
 * `pg_locks` shows that to every role. One statement reads M, the highest visible position, and after its snapshot the holders H of
 * that lock: whoever took a position up to M is in H or done. When all of H are gone, S is M. Source: postgres.md §5.
 * Cases: ALL-06, ALL-07, ALL-08.
 */
export interface Horizon {
  /** S, if any was found since the last connection was lost. */
  readonly settled: bigint | undefined
  /** Positions up to here were seen to follow on S without a hole. */
  advance(to: bigint): void
  /** Looks once, starting after the call. Gives M of that look, undefined where the log is empty. */
  look(call: BackendCall): Promise<bigint | undefined>
  /** Waits until S is at least M of the first look, and gives that M. */
  settle(call: BackendCall): Promise<bigint | undefined>
  /** Forgets everything: a connection was lost, the server may be another. */
  reset(): void
}

interface Probe {
  readonly top: bigint
  readonly holders: Set<string>
}

/** Probes kept open at the same time: enough that steady writers do not hold each other's up. */
const maximumProbes = 16

function probeStatement({ events }: Names): Statement {
  // A transaction that is prepared has no pid and a virtual transaction of "-1/…".
  return {
    text: `SELECT (SELECT max(position) FROM ${events}), pg_postmaster_start_time()::text || ' ' || coalesce(inet_server_addr()::text, '') || ' ' || coalesce(inet_server_port()::text, ''),
      (SELECT string_agg(l.virtualtransaction, ' ') FROM pg_locks AS l WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'RowExclusiveLock'
        AND l.relation = $1::regclass AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())),
      (SELECT string_agg('pid ' || l.pid || ' (' || coalesce(a.usename, '?') || ', ' || coalesce(a.state, '?') || ')', ', ') FROM pg_locks AS l
        LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'RowExclusiveLock'
        AND l.relation = $1::regclass AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`,
  }
}

export function createHorizon(engine: Engine, names: Names, settleMs: number): Horizon {
  const statement = probeStatement(names)
  let settled: bigint | undefined
  let server: string | undefined
  let probes: Probe[] = []
  let holdersText = ''
  let queue: Promise<unknown> = Promise.resolve()
  let generation = 0

  function reset(): void {
    generation += 1
    settled = undefined
    server = undefined
    probes = []
  }
  engine.onConnectionLost(reset)

  /** A list made before a probe's snapshot says nothing of its holders, so looks come one after the other. */
  function look(call: BackendCall): Promise<bigint | undefined> {
    const turn = queue.then(() => lookNow(call))
    queue = turn.catch(() => undefined)
    return turn
  }

  async function lookNow(call: BackendCall): Promise<bigint | undefined> {
    call.signal.throwIfAborted()
    const before = generation
    const [row] = await engine.read(statement, [names.events], call)
    if (before !== generation) return lookNow(call)
    return conclude(row ?? [])
  }

  function conclude([top, identity, list, text]: Row): bigint | undefined {
    if (server !== undefined && identity !== server) reset()
    server = identity ?? undefined
    holdersText = text ?? ''
    const holders = new Set((list ?? '').split(' ').filter((holder) => holder !== ''))
    // Preparing a transaction changes its name in the list: a prepared one may be a holder of any open probe.
    const prepared = [...holders].some((holder) => holder.startsWith('-1/'))
    probes = probes.filter((probe) => {
      for (const holder of probe.holders) if (!holders.has(holder)) probe.holders.delete(holder)
      if (prepared || probe.holders.size > 0) return true
      raise(probe.top)
      return false
    })
    if (top === null || top === undefined) return undefined
    const found = BigInt(top)
    if (holders.size === 0) {
      raise(found)
      probes = []
    } else if (probes.length < maximumProbes && (settled === undefined || found > settled)) probes.push({ top: found, holders })
    return found
  }

  function raise(to: bigint): void {
    if (settled === undefined || to > settled) settled = to
  }

  async function settle(call: BackendCall): Promise<bigint | undefined> {
    const target = await look(call)
    if (target === undefined) return undefined
    const endsAt = performance.now() + Math.min(settleMs, call.remainingMs() - 20)
    for (let pauseMs = 1; settled === undefined || settled < target; pauseMs = Math.min(50, pauseMs * 2)) {
      if (performance.now() > endsAt)
        throw new TimeoutError('an append that is still open holds back the log.', {
          hint: `Look at ${holdersText}: a transaction that wrote events has neither committed nor rolled back.`,
        })
      await sleep(pauseMs, call.signal)
      await look(call)
    }
    return target
  }

  return {
    get settled() {
      return settled
    },
    advance(to) {
      if (settled !== undefined) raise(to)
    },
    look,
    settle,
    reset,
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', aborted)
    if (signal.aborted) aborted()
    function aborted(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      reject(signal.reason as Error)
    }
    function done(): void {
      signal.removeEventListener('abort', aborted)
      resolve()
    }
  })
}
