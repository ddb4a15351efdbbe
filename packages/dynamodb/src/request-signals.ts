/** What gives one request up. */
interface RequestSignal {
  readonly control: AbortController
  uses: number
}

/** Signals that requests use in turn, as long as none of them is given up: making one costs as much as all else that a put does here. */
export interface RequestSignals {
  take(): RequestSignal
  /** The request has ended, and was not given up. */
  giveBack(signal: RequestSignal): void
}

/** Some versions of the SDK never take their listeners away, and Node.js warns of a leak at the eleventh. */
const mostUses = 10

export function createRequestSignals(): RequestSignals {
  const idle: RequestSignal[] = []
  return {
    take: () => idle.pop() ?? { control: new AbortController(), uses: 0 },
    giveBack(signal) {
      signal.uses += 1
      if (signal.uses < mostUses) idle.push(signal)
    },
  }
}
