import { afterEach, describe, expect, it } from 'vitest'
import { memory } from './memory/index.js'
import { createLeaving, onAbort } from './on-abort.js'

describe('one signal that many wait for', () => {
  const warnings: Error[] = []
  const collect = (warning: Error): void => void warnings.push(warning)
  afterEach(() => {
    process.off('warning', collect)
    warnings.length = 0
  })

  it('has one listener, so Node.js does not warn of a leak', async () => {
    process.on('warning', collect)
    const adapter = memory()
    const { signal } = new AbortController()
    const subscriptions = Array.from({ length: 20 }, () => adapter.subscribeToStream('s', { signal })[Symbol.asyncIterator]())
    const waiting = subscriptions.map((subscription) => subscription.next())
    await Promise.all(Array.from({ length: 40 }, (_, n) => adapter.appendToStream(`s-${n}`, [{ type: 'A', data: n }], { signal })))
    await adapter.appendToStream('s', [{ type: 'A', data: 1 }])
    expect((await Promise.all(waiting)).every(({ done }) => done !== true)).toBe(true)
    for (const subscription of subscriptions) await subscription.return?.()
    await adapter.close()
    expect(warnings.map(({ name }) => name)).toEqual([])
  })

  it('calls back everybody who has not let go, once', () => {
    const control = new AbortController()
    const called: string[] = []
    onAbort(control.signal, () => called.push('a'))
    const release = onAbort(control.signal, () => called.push('b'))
    const twice = (): void => void called.push('c')
    onAbort(control.signal, twice)
    onAbort(control.signal, twice)
    release()
    control.abort()
    control.abort()
    expect(called).toEqual(['a', 'c', 'c'])
  })
})

it('tells once that a reader has left, to everybody who has not let go', () => {
  const { signal, leave } = createLeaving()
  const called: string[] = []
  onAbort(signal, () => called.push('a'))
  onAbort(signal, () => called.push('b'))()
  expect(signal.aborted).toBe(false)
  leave('first')
  leave('second')
  expect(called).toEqual(['a'])
  expect(signal).toMatchObject({ aborted: true, reason: 'first' })
})
