import { describe, expect, it } from 'vitest'
import { createAdapter, isOutcomeUnknownError } from './index.js'
import { memoryBackend } from './memory/backend.js'
import { memory } from './memory/index.js'
import { createMemoryStore } from './memory/store.js'

/** Memory whose first write of metadata is stored and not answered, and whose reads of metadata then fail `failures` times. */
function losingAnswers(failures: number, timeoutMs: number) {
  const inner = memoryBackend(createMemoryStore(), memory().capabilities, Infinity)
  let [writes, left] = [0, failures]
  return createAdapter(
    {
      ...inner,
      async writeMetadata(request, call) {
        const change = await inner.writeMetadata?.(request, call)
        writes += 1
        if (writes === 1 || change === undefined) throw new Error('lost')
        return change
      },
      async readMetadata(streamId, call) {
        if (writes > 0 && left-- > 0) throw new Error('refused')
        const stored = await inner.readMetadata?.(streamId, call)
        if (stored === undefined) throw new Error('memory has metadata')
        return stored
      },
      classifyError: ({ message }: Error) => ({ code: 'unavailable', outcome: message === 'lost' ? 'unknown' : 'not-applied' }),
    } as Parameters<typeof createAdapter>[0],
    { timeoutMs },
  )
}

describe('stream metadata whose answer is lost', () => {
  it('is settled by what stands at the next version', async () => {
    const store = losingAnswers(2, 3000)
    expect(await store.setStreamMetadata('s', { a: 1 }, { expectedMetadataVersion: 0 })).toEqual({ version: 1 })
    expect(await store.getStreamMetadata('s')).toEqual({ metadata: { a: 1 }, version: 1 })
  })
  it('is unknown, not refused, where nobody can look', async () => {
    const error = await losingAnswers(Infinity, 100)
      .setStreamMetadata('s', { a: 1 }, { expectedMetadataVersion: 0 })
      .catch((one: unknown) => one)
    expect(isOutcomeUnknownError(error) && error.outcome).toBe('unknown')
  })
})
