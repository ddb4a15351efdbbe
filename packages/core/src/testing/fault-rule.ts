import { createRandom } from '../conformance/random.js'

/**
 * What goes wrong with a connection.
 *
 * - `cut-before`: what matched is not passed on, and the connection is reset: a request that never arrived, or an answer that got lost.
 * - `cut-after`: a request is passed on, the server does its work, its answer is swallowed, and then the connection is reset. On an
 *   answer: it is passed on, and then the connection is reset.
 * - `delay`: it is passed on, and everything behind it, after `ms` milliseconds.
 * - `hang`: neither side hears from the other any more, and the connection stays open until it is cut.
 * - `half-close`: the client is told that the server will say no more (FIN); what the client says still arrives.
 */
export type ProxyFault = 'cut-before' | 'cut-after' | 'delay' | 'hang' | 'half-close'

/** Which fault strikes where. Rules are tried in the order they were injected; the first that matches strikes, alone. */
export interface FaultRule {
  readonly fault: ProxyFault
  /** What it is tried on: a new connection, bytes of the client's (default), or bytes of the server's. */
  readonly on?: 'connect' | 'request' | 'response' | undefined
  /** Whether it matches these bytes, one read of a socket: a long message comes in several. Default: any. */
  readonly when?: ((bytes: Uint8Array, connection: number) => boolean) | undefined
  /** `cut-after` a request: bytes that end the answer, swallowed up to here. Default: the first that come. */
  readonly answered?: ((bytes: Uint8Array) => boolean) | undefined
  /** Matches that it lets go before it strikes. Default 0. */
  readonly skip?: number | undefined
  /** How often it strikes. Default 1; `Infinity`: always. */
  readonly times?: number | undefined
  /** How likely it is to strike at a match, by the proxy's seed. Default 1. */
  readonly chance?: number | undefined
  /** Milliseconds of a `delay`: as given, or between two by the proxy's seed. Default 100. */
  readonly ms?: number | readonly [least: number, most: number] | undefined
}

/** A rule at work. */
export interface InjectedFault {
  /** How often it struck. */
  readonly strikes: number
  /** Resolves when it has struck for the first time. */
  readonly struck: Promise<void>
  /** It strikes no more. */
  remove(): void
}

/** What happened, for the message of a failure. */
export interface FaultRecord {
  readonly fault: ProxyFault
  readonly on: 'connect' | 'request' | 'response'
  /** Connections are counted from 1. */
  readonly connection: number
  /** Milliseconds of a `delay`. */
  readonly ms?: number
}

/** A fault that strikes now. */
export type Strike = FaultRecord & { readonly answered: (bytes: Uint8Array) => boolean; readonly ms: number }

/** The rules of one proxy, in order, and the chance that they share. */
export interface FaultRules {
  readonly records: readonly FaultRecord[]
  inject(rule: FaultRule): InjectedFault
  /** The fault that strikes here, if one does. */
  strike(on: FaultRecord['on'], bytes: Uint8Array, connection: number): Strike | undefined
}

export function createFaultRules(seed: number): FaultRules {
  const random = createRandom(seed)
  const records: FaultRecord[] = []
  const rules = new Set<(on: FaultRecord['on'], bytes: Uint8Array, connection: number) => Strike | undefined>()

  function inject(rule: FaultRule): InjectedFault {
    const { fault, on: wanted = 'request', when, answered = () => true, times = 1, chance = 1, ms = 100 } = rule
    let [skip, strikes] = [rule.skip ?? 0, 0]
    let tell = (): void => undefined
    const struck = new Promise<void>((resolve) => {
      tell = resolve
    })
    function match(on: FaultRecord['on'], bytes: Uint8Array, connection: number): Strike | undefined {
      if (on !== wanted || strikes >= times || when?.(bytes, connection) === false) return undefined
      if (skip > 0) {
        skip -= 1
        return undefined
      }
      if (chance < 1 && random.next() >= chance) return undefined
      strikes += 1
      tell()
      const [least, most] = typeof ms === 'number' ? [ms, ms] : ms
      return { fault, on, connection, answered, ms: least + random.next() * (most - least) }
    }
    rules.add(match)
    return {
      get strikes() {
        return strikes
      },
      struck,
      remove: () => void rules.delete(match),
    }
  }

  return {
    records,
    inject,
    strike(on, bytes, connection) {
      for (const match of rules) {
        const strike = match(on, bytes, connection)
        if (strike === undefined) continue
        const { fault, ms } = strike
        records.push({ fault, on, connection, ...(fault === 'delay' ? { ms } : {}) })
        return strike
      }
      return undefined
    },
  }
}
