import type { ModelRules } from './rules.js'

/** Where an event was written, as a leader remembers it. */
interface KnownId {
  readonly stream: string
  readonly revision: bigint
}

/** The ids a leader remembers: the recent ones only, and none after a restart. */
export interface KnownIds {
  find(stream: string, id: string): KnownId | undefined
  add(stream: string, id: string, revision: bigint): void
}

/** Memory for ids, in bytes, of a real node: an entry takes 28 bytes and two for each character of the stream's name. */
const defaultBytes = 8 * 1024 * 1024

export function createKnownIds(rules: ModelRules, maxBytes: number = defaultBytes): KnownIds {
  const known = new Map<string, KnownId>()
  let bytes = 0
  const sizeOf = ({ stream }: KnownId): number => 28 + 2 * stream.length
  return {
    find(stream, id) {
      const found = known.get(id)
      return found !== undefined && (rules.knownIds.of === 'any stream' || found.stream === stream) ? found : undefined
    },
    add(stream, id, revision) {
      if (known.has(id) && rules.knownIds.remembered === 'first') return
      const entry = { stream, revision }
      known.set(id, entry)
      bytes += sizeOf(entry)
      for (const [oldest, old] of known) {
        if (bytes <= maxBytes) break
        known.delete(oldest)
        bytes -= sizeOf(old)
      }
    },
  }
}
