import type { BackendCall } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import type { Session } from './client.js'
import { isTombstoned } from './refused-append.js'

const asked = (type: string): Promise<boolean> =>
  isTombstoned(
    { appendNothing: () => Promise.reject(Object.assign(new Error(type), { type })) } as unknown as Session,
    'nämé',
    {} as BackendCall,
  )

describe('asking whether a stream is tombstoned', () => {
  it('takes the refusal for the answer', async () => {
    expect(await asked('stream-deleted')).toBe(true)
    expect(await asked('wrong-expected-version')).toBe(false)
    expect(await asked('access-denied')).toBe(false)
  })
  it('tells what the asking came to', async () => {
    await expect(asked('unavailable')).rejects.toMatchObject({ type: 'unavailable' })
  })
  it.each(['not-leader', 'not-connected'])('does not pass on %s: that nothing was applied is true of the asking only', async (type) => {
    await expect(asked(type)).rejects.toMatchObject({ type: 'untold', cause: { type } })
  })
})
