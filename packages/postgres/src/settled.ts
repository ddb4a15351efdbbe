import { type BackendCall, TimeoutError, UnavailableError, ownCall } from '@millrace/core'
import type { Names } from './schema.js'
import type { Row, Store } from './store.js'

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
  /** S; 0 as long as none was found since a connection was lost. */
  settled(): bigint
  /** Positions up to `to` were seen to follow without a hole on `from`, which S was then: says nothing if it is another one by now. */
  advance(from: bigint, to: bigint): void
  /** Looks once, starting after the call, for all who ask meanwhile. Gives M of that look, 0 where the log is empty. */
  look(call: BackendCall): Promise<bigint>
  /** Waits until S is at least M of the first look, and gives that M. */
  settle(call: BackendCall): Promise<bigint>
}

/** What is known of one server: void when a connection was lost, since it may be another one then. */
interface Known {
  settled: bigint
  server?: string | undefined
  probes: { readonly top: bigint; readonly holders: Set<string> }[]
}

/** Probes kept open at the same time: enough that steady writers do not hold each other's up. */
const maximumProbes = 16

const holding = `pg_catalog.pg_locks AS l WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'RowExclusiveLock' AND l.relation = $1::regclass
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`

/** A holder without a pid, a prepared transaction, is marked by a sign before it. */
function probeStatement({ events }: Names): string {
  return `SELECT (SELECT max(position) FROM ${events}), extract(epoch FROM pg_postmaster_start_time())::numeric(20, 6) || ' '
      || coalesce(inet_server_addr()::text, '') || ' ' || coalesce(inet_server_port()::text, ''),
      (SELECT string_agg(CASE WHEN l.pid IS NULL THEN '-' ELSE '' END || l.virtualtransaction, ' ') FROM ${holding}), pg_is_in_recovery()`
}

/** Who has events open: pid, user, state and age in seconds, or the name of a prepared transaction. */
export const holdersStatement: string = `
    SELECT coalesce('pid ' || l.pid || ' (' || coalesce(a.usename, '?') || ', ' || coalesce(a.state, '?') || ', for '
      || coalesce(round(extract(epoch FROM clock_timestamp() - a.xact_start)), 0) || ' s)', 'prepared transaction ' || coalesce(p.gid, '?'))
    FROM (SELECT DISTINCT l.pid, l.virtualtransaction FROM ${holding}) AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
    LEFT JOIN pg_catalog.pg_locks AS x ON l.pid IS NULL AND x.virtualtransaction = l.virtualtransaction AND x.locktype = 'transactionid'
    LEFT JOIN pg_prepared_xacts AS p ON p.transaction = x.transactionid`

/** @param closing aborts when the adapter is closed. */
export function createHorizon({ engine, names }: Pick<Store, 'engine' | 'names'>, closing: AbortSignal, settleMs: number): Horizon {
  const statement = probeStatement(names)
  let known: Known = { settled: 0n, probes: [] }
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<bigint> | undefined
  engine.onConnectionLost?.(() => (known = { settled: 0n, probes: [] }))

  /** A list made before a probe's snapshot says nothing of its holders, so looks come one after the other. Who asks before one begins shares it. */
  function look(call: BackendCall): Promise<bigint> {
    last = next ??= last.then(begin, begin)
    return call.unlessAborted('signal', next)
  }
  function begin(): Promise<bigint> {
    next = undefined
    return ownCall(closing, lookNow)
  }

  async function lookNow(call: BackendCall): Promise<bigint> {
    const before = known
    const [row] = await engine.read(statement, [names.events], call)
    const hint = "Read the log from the primary, or keep it in order: 'strict'."
    if (row?.[3] === 't' || row?.[3] === 'true')
      throw new UnavailableError('the server is a standby, where nobody sees which appends are still open.', { hint })
    return before === known ? conclude(row ?? []) : lookNow(call)
  }

  function conclude([top, identity, list]: Row): bigint {
    if (known.server !== undefined && identity !== known.server) known = { settled: 0n, probes: [] }
    known.server = identity ?? undefined
    const holders = new Set((list ?? '').split(' ').filter((holder) => holder !== ''))
    // Preparing a transaction changes its name in the list: a prepared one may be a holder of any open probe.
    const prepared = [...holders].some((holder) => holder.startsWith('-'))
    known.probes = known.probes.filter((probe) => {
      for (const holder of probe.holders) if (!holders.has(holder)) probe.holders.delete(holder)
      if (prepared || probe.holders.size > 0) return true
      raise(probe.top)
      return false
    })
    const found = BigInt(top ?? 0)
    if (holders.size === 0) {
      raise(found)
      known.probes = []
    } else if (known.probes.length < maximumProbes && found > known.settled) known.probes.push({ top: found, holders })
    return found
  }

  function raise(to: bigint): void {
    if (to > known.settled) known.settled = to
  }

  async function settle(call: BackendCall): Promise<bigint> {
    const target = await look(call)
    const endsAt = performance.now() + Math.min(settleMs, call.remainingMs() - 20)
    for (let pauseMs = 1; known.settled < target; pauseMs = Math.min(50, pauseMs * 2)) {
      if (performance.now() > endsAt) throw await stillOpen(call)
      await call.unlessAborted('signal', new Promise((resolve) => setTimeout(resolve, pauseMs)))
      await look(call)
    }
    return target
  }

  async function stillOpen(call: BackendCall): Promise<TimeoutError> {
    const holders = await engine.read(holdersStatement, [names.events], call)
    const hint = `Look at ${holders.flat().join(', ')}: a transaction that wrote events has neither committed nor rolled back.`
    return new TimeoutError('an append that is still open holds back the log.', { hint })
  }

  return {
    settled: () => known.settled,
    advance(from, to) {
      if (known.settled === from) raise(to)
    },
    look,
    settle,
  }
}
