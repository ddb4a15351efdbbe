/**
 * Ends of streams that this process has seen. They may be old, never wrong: a version that was seen as the end of a commit stays one.
 * It is what proves, without a request, that the predecessor of a put exists.
 */
export interface SeenTips {
  /** Highest end of a commit that was seen. */
  last(streamId: string): number | undefined
  /** Whether the stream was seen to end there, and no further. */
  isEnd(streamId: string, version: number): boolean
  saw(streamId: string, version: number): void
  /** Forgets all: the table is gone. */
  clear(): void
}

const mostStreams = 10_000

/** The least recently used of more than 10,000 streams is forgotten. */
export function createSeenTips(): SeenTips {
  const seen = new Map<string, number>()
  function last(streamId: string): number | undefined {
    const version = seen.get(streamId)
    if (version === undefined) return undefined
    seen.delete(streamId)
    seen.set(streamId, version)
    return version
  }
  return {
    last,
    isEnd: (streamId, version) => last(streamId) === version,
    saw(streamId, version) {
      if (version < 1 || version <= (seen.get(streamId) ?? 0)) return
      seen.delete(streamId)
      seen.set(streamId, version)
      if (seen.size > mostStreams) seen.delete(seen.keys().next().value ?? '')
    },
    clear: () => seen.clear(),
  }
}
