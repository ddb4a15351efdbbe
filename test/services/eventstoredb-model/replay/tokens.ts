import type { Plain } from './plain.js'

/**
 * What the model calls what the recorded server called otherwise: positions in the log, and ids of events that the server wrote itself. A
 * recorded name stands for one of the model's and for no other; positions keep their order.
 */
export interface Tokens {
  /** An id that a client gave: it is itself, in lower case. */
  given(id: string): void
  /** Whether an answer is the recorded one under some reading of the tokens that are new in it; these are learned. */
  match(recorded: Plain | undefined, actual: Plain | undefined): boolean
  /** The model's position for a recorded one that a client sends back; undefined: not learned yet. */
  position(recorded: string): string | undefined
  /** Whether the positions learned are in the same order on both sides. */
  inOrder(): boolean
}

const isPosition = (key: string): boolean => key === 'commitPosition' || key === 'preparePosition'

export function createTokens(): Tokens {
  const ids = new Map<string, string>()
  const positions = new Map<string, string>()
  const takenIds = new Set<string>()
  const takenPositions = new Set<string>()
  const learn = (known: Map<string, string>, taken: Set<string>, recorded: string, actual: string): boolean => {
    const before = known.get(recorded)
    if (before !== undefined) return before === actual
    if (taken.has(actual)) return false
    known.set(recorded, actual)
    taken.add(actual)
    return true
  }
  const match = (recorded: Plain | undefined, actual: Plain | undefined, key: string, parent: string): boolean => {
    if (typeof recorded === 'string' && typeof actual === 'string') {
      if (isPosition(key)) return learn(positions, takenPositions, recorded, actual)
      if (key === 'string' && parent === 'id') return learn(ids, takenIds, recorded, actual)
    }
    if (recorded === null || actual === null || typeof recorded !== 'object' || typeof actual !== 'object') return recorded === actual
    const [ours, theirs] = [recorded as Record<string, Plain>, actual as Record<string, Plain>]
    const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)])
    if (Array.isArray(recorded) !== Array.isArray(actual)) return false
    return [...keys].every((member) =>
      match(ours[member], theirs[member], Array.isArray(recorded) ? key : member, Array.isArray(recorded) ? parent : key),
    )
  }
  return {
    given(id) {
      const lower = id.toLowerCase()
      ids.set(lower, lower)
      takenIds.add(lower)
    },
    match: (recorded, actual) => match(recorded, actual, '', ''),
    position(recorded) {
      // A position between two records is sent to see it refused: one step beyond a known one.
      const before = positions.get(String(BigInt(recorded) - 1n))
      return positions.get(recorded) ?? (before === undefined ? undefined : String(BigInt(before) + 1n))
    },
    inOrder() {
      const pairs = [...positions].map(([recorded, actual]) => [BigInt(recorded), BigInt(actual)] as const)
      pairs.sort(([left], [right]) => (left < right ? -1 : 1))
      return pairs.every(([, actual], index) => index === 0 || actual > (pairs[index - 1]?.[1] ?? 0n))
    },
  }
}
