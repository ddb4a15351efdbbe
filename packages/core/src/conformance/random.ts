/** Repeatable chance: the same seed gives the same sequence on every machine. */
export interface Random {
  /** 0 ≤ x < 1. */
  next(): number
  /** A whole number, 0 ≤ n < `below`. */
  int(below: number): number
  pick<T>(items: readonly T[]): T
  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[]
  /** A version 4 UUID. */
  uuid(): string
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  // mulberry32: small, and good enough to choose test data.
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const int = (below: number): number => Math.floor(next() * below)
  return {
    next,
    int,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new Error('nothing to pick from')
      return items[int(items.length)] as T
    },
    shuffle: <T>(items: readonly T[]): T[] => {
      const copy = [...items]
      for (let index = copy.length - 1; index > 0; index -= 1) {
        const other = int(index + 1)
        ;[copy[index], copy[other]] = [copy[other] as T, copy[index] as T]
      }
      return copy
    },
    uuid: () => {
      const hex = Array.from({ length: 32 }, () => int(16).toString(16))
      hex[12] = '4'
      hex[16] = (8 + int(4)).toString(16)
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].map((part) => part.join('')).join('-')
    },
  }
}

/** Seed of one case: the same for a run seed whichever other cases are run. FNV-1a. */
export function caseSeed(runSeed: number, id: string): number {
  let hash = 0x811c9dc5
  for (const char of `${runSeed}:${id}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 0
}
