/** A call as faults choose among them. Each append of a batch call is one. */
export interface FaultyCall {
  readonly method: 'append' | 'delete' | 'tombstone' | 'read' | 'subscribe' | 'features' | 'gossip'
  /** Empty: the log. */
  readonly stream: string
}

/**
 * What happens to a call:
 * - `cut before`, `cut after`: the connection breaks before the call is done, or after that and before its answer;
 * - `reset before`, `reset after`: the same, of this call only;
 * - `lose answer`: done, and answered UNAVAILABLE as by a proxy in between;
 * - `delay`: done and answered later; `hang`, `hang after`: no answer, not done or done;
 * - `not leader`, `unavailable`, `access denied`: refused, nothing done;
 * - `end`: a subscription ends with OK.
 */
type FaultKind =
  | 'cut before'
  | 'cut after'
  | 'reset before'
  | 'reset after'
  | 'lose answer'
  | 'delay'
  | 'hang'
  | 'hang after'
  | 'not leader'
  | 'unavailable'
  | 'access denied'
  | 'end'

export interface Fault {
  readonly does: FaultKind
  /** Calls of these methods; default: every call of streams. */
  readonly calls?: readonly FaultyCall['method'][]
  /** Calls of this stream only. */
  readonly stream?: string
  /** So many calls, then no more; default: without end. */
  readonly times?: number
  /** So many calls that it would befall are spared first. */
  readonly skip?: number
  /** The share of calls that it befalls, 0 to 1; default: all. */
  readonly share?: number
  /** Port of the leader that `not leader` names; default: the node's own. */
  readonly leaderPort?: number
  /** Of `delay`, in ms; default 50. */
  readonly ms?: number
  /** Of a read or subscription: befalls it after so many messages; default 0. `before` and `after` are the same then. */
  readonly afterMessages?: number
}

export interface Faults {
  /** @returns takes it away again. */
  add(fault: Fault): () => void
  /** All of them, or those that do this. */
  clear(does?: Fault['does']): void
  /** How many calls were befallen so far. */
  readonly count: number
}

export interface FaultTable extends Faults {
  /** The fault of this call: the first that befalls it. */
  take(call: FaultyCall): Fault | undefined
}

const methodsOfStreams: readonly FaultyCall['method'][] = ['append', 'delete', 'tombstone', 'read', 'subscribe']

/** @param seed of the choice where a fault befalls a share of the calls: the same calls in the same order meet the same faults. */
export function createFaults(initial: readonly Fault[] = [], seed = 1): FaultTable {
  let entries: { readonly fault: Fault; left: number; spared: number }[] = []
  let count = 0
  const random = randomFrom(seed)
  const add = (fault: Fault): (() => void) => {
    const entry = { fault, left: fault.times ?? Infinity, spared: fault.skip ?? 0 }
    entries.push(entry)
    return () => {
      entries = entries.filter((one) => one !== entry)
    }
  }
  for (const fault of initial) add(fault)
  return {
    add,
    clear(does) {
      entries = does === undefined ? [] : entries.filter(({ fault }) => fault.does !== does)
    },
    get count() {
      return count
    },
    take(call) {
      for (const entry of entries) {
        const { calls = methodsOfStreams, stream, share = 1 } = entry.fault
        if (entry.left <= 0 || !calls.includes(call.method) || (stream !== undefined && stream !== call.stream)) continue
        if (share < 1 && random() >= share) continue
        if (entry.spared > 0) {
          entry.spared -= 1
          continue
        }
        entry.left -= 1
        count += 1
        return entry.fault
      }
      return undefined
    },
  }
}

/** Numbers from 0 to 1, always the same for a seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
