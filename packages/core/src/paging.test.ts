import { describe, expect, it } from 'vitest'
import type { Backend, StoredEvent } from './backend.js'
import { type Ending, onAbort } from './on-abort.js'
import { type NextPage, eventIterable } from './paging.js'
import { streamPages } from './read-stream.js'

function event(version: number): StoredEvent {
  const fields = { id: String(version), type: 'A', data: { text: String(version) }, metadata: undefined, streamId: 's' }
  return { ...fields, streamType: undefined, version, position: undefined, createdAt: new Date(0) }
}

/** Pages of two from 1 on; counts what is fetched, and how much of it at a time. */
function pages(count: number, fail?: { readonly at: number; readonly error: Error }) {
  const seen = { fetched: 0, atOnce: 0, mostAtOnce: 0, aborted: false }
  const source = (signal: Ending) => {
    onAbort(signal, () => (seen.aborted = true))
    let page = 0
    const nextPage: NextPage = async () => {
      seen.fetched += 1
      seen.atOnce += 1
      seen.mostAtOnce = Math.max(seen.mostAtOnce, seen.atOnce)
      await Promise.resolve()
      seen.atOnce -= 1
      page += 1
      if (fail !== undefined && page === fail.at) throw fail.error
      return page > count ? undefined : [event(page * 2 - 1), event(page * 2)]
    }
    return { nextPage, guard: () => undefined }
  }
  return { iterable: eventIterable(source), seen }
}

describe('pages as one iterable', () => {
  it('gives every event, once more for each loop', async () => {
    const { iterable } = pages(3)
    for (const _again of [1, 2]) {
      const versions: number[] = []
      for await (const { version } of iterable) versions.push(version)
      expect(versions).toEqual([1, 2, 3, 4, 5, 6])
    }
    expect((await iterable.toArray()).length).toBe(6)
  })
  it('fetches nothing before the first next(), one page for a short look, and one ahead from the second on', async () => {
    const { iterable, seen } = pages(10)
    const iterator = iterable[Symbol.asyncIterator]()
    expect(seen.fetched).toBe(0)
    await iterator.next()
    await iterator.next()
    expect(seen.fetched).toBe(1)
    await iterator.next()
    expect(seen.fetched).toBe(3)
    expect(seen.mostAtOnce).toBe(1)
    await iterator.return?.()
    expect(seen.aborted).toBe(true)
  })
  it('has sent the request for the next page before a reader who never waits sees this one', async () => {
    let sent = 0
    // A pool of connections lends one only when the event loop gets on.
    const nextPage: NextPage = async () => {
      await new Promise<void>((resolve) => process.nextTick(resolve))
      sent += 1
      return sent > 4 ? undefined : [event(sent * 2 - 1), event(sent * 2)]
    }
    const sentAt: number[] = []
    for await (const _event of eventIterable(() => ({ nextPage, guard: () => undefined }))) sentAt.push(sent)
    expect(sentAt).toEqual([1, 1, 3, 3, 4, 4, 5, 5])
  })
  it('serves overlapping next() in order', async () => {
    const { iterable } = pages(2)
    const iterator = iterable[Symbol.asyncIterator]()
    const results = await Promise.all(Array.from({ length: 6 }, () => iterator.next()))
    expect(results.map(({ value }) => (value as { version: number } | undefined)?.version)).toEqual([1, 2, 3, 4, undefined, undefined])
  })
  it('frees what is under way when the loop is left, by break and by an error', async () => {
    const left = pages(5)
    for await (const { version } of left.iterable) if (version === 3) break
    expect(left.seen.aborted).toBe(true)
    const failing = pages(5)
    const body = (async () => {
      for await (const _event of failing.iterable) throw new Error('handler')
    })()
    await expect(body).rejects.toThrow('handler')
    expect(failing.seen.aborted).toBe(true)
  })
  it('passes an error of a page on where it belongs, and is over then', async () => {
    const { iterable, seen } = pages(5, { at: 2, error: new Error('page 2') })
    const iterator = iterable[Symbol.asyncIterator]()
    expect([(await iterator.next()).done, (await iterator.next()).done]).toEqual([false, false])
    await expect(iterator.next()).rejects.toThrow('page 2')
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(seen.aborted).toBe(true)
  })
})

describe('the size of pages', () => {
  async function limits(backend: Partial<Backend>): Promise<readonly number[]> {
    const asked: number[] = []
    const window = { streamId: 's', direction: 'forwards', from: undefined, to: undefined, limit: Infinity } as const
    const nextPage = streamPages(backend as Backend, window, backend.pageSize ?? 1000, ({ from = 1, limit }) => {
      asked.push(limit)
      const events = Array.from({ length: Math.min(limit, 9000 - from + 1) }, (_, index) => event(from + index))
      return Promise.resolve({ head: { status: 'live', version: 9000, firstVersion: 1, baseVersion: 0 }, events })
    })
    for (let page = await nextPage(); page !== undefined; page = await nextPage());
    return asked
  }
  it('is small at first, while nothing is known of the events', async () => {
    expect((await limits({})).slice(0, 3)).toEqual([100, 1000, 1000])
  })
  it('is the whole at once where the backend counts the bytes itself', async () => {
    expect(await limits({ pageSize: 5000 })).toEqual([5000, 5000])
  })
})
