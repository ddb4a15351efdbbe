import type { EventStoreAdapter } from '../../../adapter.js'
import type { ConformanceCase } from '../../case.js'
import { filled, range, versionsOf } from '../views.js'

export const rds06: ConformanceCase = {
  id: 'RDS-06',
  title: 'page −1, ±0, +1, 3 × page + 1 events, and more than 1 MB: complete both ways',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { hooks: ['pageSize'] },
  rationale: 'A last page that is lost, doubled, or taken for the end.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 3 })
    for (const count of [2, 3, 4, 10]) {
      const { streamId, events } = await filled(t, adapter, count)
      const read = await adapter.readStream(streamId).toArray()
      t.deepEqual(
        read.map(({ id }) => id),
        events.map(({ id }) => id),
        `${count} events in pages of 3, forwards`,
      )
      t.deepEqual(
        await versionsOf(adapter, streamId, { direction: 'backwards' }),
        range(count, 1),
        `${count} events in pages of 3, backwards`,
      )
      const iterated: number[] = []
      for await (const { version } of adapter.readStream(streamId)) iterated.push(version)
      t.deepEqual(iterated, range(1, count), `${count} events iterated one by one`)
    }
    const large = t.stream('large')
    const text = 'ä'.repeat(20_000)
    const size = Math.min(40_100, Math.floor(t.capabilities.limits.eventBytes / 2) * 2)
    for (let n = 0; n < 30; n += 1)
      await adapter.appendToStream(large, [{ type: 'Large', data: { n, text: text.slice(0, Math.floor(size / 2) - 50) } }])
    t.deepEqual(await versionsOf(adapter, large), range(1, 30), 'more than a megabyte, forwards')
    t.deepEqual(await versionsOf(adapter, large, { direction: 'backwards' }), range(30, 1), 'more than a megabyte, backwards')
  },
}

export const rds07: ConformanceCase = {
  id: 'RDS-07',
  title: 'limit across pages is exact',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { hooks: ['pageSize'] },
  rationale: 'A limit that is applied to each page.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 3 })
    const { streamId } = await filled(t, adapter, 14)
    for (const limit of [2, 3, 4, 6, 7, 13, 14, 15]) {
      t.deepEqual(await versionsOf(adapter, streamId, { limit }), range(1, 14).slice(0, limit), `limit ${limit} over pages of 3, forwards`)
      t.deepEqual(
        await versionsOf(adapter, streamId, { limit, direction: 'backwards' }),
        range(14, 1).slice(0, limit),
        `limit ${limit} over pages of 3, backwards`,
      )
    }
    t.deepEqual(await versionsOf(adapter, streamId, { from: 5, to: 12, limit: 7 }), range(5, 11), 'window and limit over pages')
  },
}

export const rds10: ConformanceCase = {
  id: 'RDS-10',
  title: '9–10, 99–100, 999–1000 in numeric order (2^31 where versions can be seeded)',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'standard',
  rationale: 'Versions that are compared as text, or kept in 32 bits.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 1005)
    t.deepEqual(await versionsOf(adapter, streamId), range(1, 1005), 'forwards over 9–10, 99–100 and 999–1000')
    t.deepEqual(await versionsOf(adapter, streamId, { direction: 'backwards' }), range(1005, 1), 'backwards')
    for (const at of [9, 99, 999])
      t.deepEqual(await versionsOf(adapter, streamId, { from: at, limit: 3 }), range(at, at + 2), `a window at ${at}`)
    await t.part({ hooks: ['seedVersion'], title: 'beyond 2^31' }, async () => {
      const seeded = t.stream('seeded')
      await (await t.instance()).seedVersion?.(seeded, 2 ** 31 - 2)
      t.equal((await adapter.appendToStream(seeded, t.events(3))).version, 2 ** 31 + 1, 'version beyond 2^31')
      t.deepEqual(await versionsOf(adapter, seeded, { from: 2 ** 31 - 1 }), range(2 ** 31 - 1, 2 ** 31 + 1), 'a window beyond 2^31')
    })
  },
}

export const rds13: ConformanceCase = {
  id: 'RDS-13',
  title: '100 broken-off, throwing and aborted reads, 20 interleaved: no leak',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { hooks: ['connections'] },
  rationale: 'A reader that leaves early and keeps its connection: after a hundred of them everything hangs.',
  async run(t) {
    const adapter = await t.adapter({ connections: 3, pageSize: 2 })
    const { streamId } = await filled(t, adapter, 12)
    for (let round = 0; round < 100; round += 1) {
      t.step(`leaving read ${round + 1}`)
      const control = new AbortController()
      const leave = async () => {
        let seen = 0
        for await (const { version } of adapter.readStream(streamId, { signal: control.signal })) {
          seen = version
          if (version < 5) continue
          if (round % 3 === 0) break
          if (round % 3 === 1) throw new Error('thrown by the reader')
          control.abort(new Error('aborted by the reader'))
        }
        return seen
      }
      if (round % 3 === 0) t.equal(await leave(), 5, 'a broken-off read')
      else
        await leave().then(
          () => t.ok(false, 'a read that ended in spite of an error'),
          (error: Error) => t.ok(/by the reader/u.test(error.message), 'the reader’s own error'),
        )
    }
    for (let round = 0; round < 5; round += 1) {
      t.step(`20 reads leave together, round ${round + 1}`)
      const leaving = Array.from({ length: 20 }, (_, reader) => leaveEarly(adapter, streamId, reader, (reader * 3 + round) % 17))
      await t.within(5_000, Promise.all(leaving), 'readers who leave together leak no connection')
      const after = t.within(5_000, versionsOf(adapter, streamId), 'readers who leave together leak no connection')
      t.equal((await after).length, 12, 'a read after them is whole')
    }
    t.step('20 interleaved reads')
    const all = await Promise.all(Array.from({ length: 20 }, () => versionsOf(adapter, streamId)))
    t.ok(
      all.every((versions) => versions.length === 12),
      'interleaved reads are whole',
    )
    t.equal((await adapter.appendToStream(streamId, t.events(1))).version, 13, 'usable after')
  },
}

/** Breaks off, throws or aborts; some while they still wait for a connection. */
async function leaveEarly(adapter: EventStoreAdapter, streamId: string, reader: number, turns: number): Promise<void> {
  const control = new AbortController()
  const reason = new Error('left')
  try {
    const iterator = adapter.readStream(streamId, { signal: control.signal })[Symbol.asyncIterator]()
    for (let read = 0; read < reader % 4; read += 1) await iterator.next()
    const pending = iterator.next()
    pending.catch(() => undefined)
    // Long enough to stand in line for a connection, not always long enough to get one.
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
    if (reader % 3 === 0) control.abort(reason)
    else await iterator.return?.()
    await pending
  } catch (error) {
    if (error !== reason) throw error
  }
}

export const rds15: ConformanceCase = {
  id: 'RDS-15',
  title: 'EventIterable: each for await reads afresh; toArray() equal; iterations are independent',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'An iterable that can be used once, or shares a cursor.',
  async run(t) {
    const adapter = await t.adapter()
    const { streamId } = await filled(t, adapter, 6)
    const iterable = adapter.readStream(streamId)
    const [one, two] = [iterable[Symbol.asyncIterator](), iterable[Symbol.asyncIterator]()]
    const seen: [number | undefined, number | undefined][] = []
    for (let n = 0; n < 6; n += 1) {
      const [a, b] = [await one.next(), await two.next()]
      seen.push([a.value?.version, b.value?.version])
    }
    t.deepEqual(
      seen,
      range(1, 6).map((n) => [n, n]),
      'two iterations side by side',
    )
    t.equal((await one.next()).done, true, 'an iteration ends')
    t.equal((await one.next()).done, true, 'and stays ended')
    const left = iterable[Symbol.asyncIterator]()
    await left.next()
    t.deepEqual(await left.return?.(), { done: true, value: undefined }, 'an iteration that is left says so')
    t.equal((await left.next()).done, true, 'and has ended')
    const begun = iterable[Symbol.asyncIterator]() as AsyncIterableIterator<unknown>
    await begun.next()
    let rest = 0
    for await (const _event of begun) rest += 1
    t.equal(rest, 5, 'an iteration that was begun by hand is iterated on')
    t.equal((await iterable.toArray()).length, 6, 'toArray')
    await adapter.appendToStream(streamId, t.events(1))
    t.equal((await iterable.toArray()).length, 7, 'the same iterable reads afresh')
    const eager = iterable[Symbol.asyncIterator]()
    const overlapping = await Promise.all(Array.from({ length: 9 }, () => eager.next()))
    t.deepEqual(
      overlapping.map(({ value }) => value?.version),
      [...range(1, 7), undefined, undefined],
      'next() called without waiting keeps the order',
    )
  },
}
