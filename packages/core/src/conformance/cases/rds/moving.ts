import { type ConformanceCase, raceCase } from '../../case.js'
import { readWhile } from '../../race.js'
import { filled, range, versionsOf } from '../views.js'

export const rds11: ConformanceCase = raceCase({
  id: 'RDS-11',
  title: 'a read under appends: whole appends, no hole, no double',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A page boundary that moves while a stream grows.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 4 })
    const streamId = t.stream()
    let writing = true
    const seen: number[][] = []
    const { lost } = await t.race<unknown>([
      async () => {
        try {
          for (let round = 0; round < t.rounds(60); round += 1) await adapter.appendToStream(streamId, t.events(3))
        } finally {
          writing = false
        }
      },
      ...(['forwards', 'backwards'] as const).map(
        (direction) => () =>
          readWhile(
            () => writing,
            async () => void seen.push(await versionsOf(adapter, streamId, { direction })),
          ),
      ),
    ])
    t.deepEqual(lost.map(String), [], 'no append and no read fails')
    t.ok(seen.length > 0, 'readers read')
    for (const versions of seen) {
      const up = versions[0] === 1 ? versions : [...versions].reverse()
      t.deepEqual(up, up.length === 0 ? [] : range(1, up.length), 'versions without a hole or a double')
      t.equal(up.length % 3, 0, 'whole appends')
    }
  },
})

export const rds12: ConformanceCase = {
  id: 'RDS-12',
  title: 'a read sees what was acknowledged before, by another client too',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'strongReads' },
  rationale: 'Reads from a replica or a cache that lag behind.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const rounds = t.rounds(50)
    for (let version = 1; version <= rounds; version += 1) {
      await adapter.appendToStream(streamId, t.events(1))
      t.deepEqual(await versionsOf(adapter, streamId, { from: version }), [version], 'a read right after the append sees it')
      t.equal((await adapter.getStreamState(streamId)).version, version, 'the state right after the append')
    }
    await t.part({ hooks: ['peer'], title: 'another client' }, async () => {
      const peer = await t.peer()
      for (let version = rounds + 1; version <= rounds + 20; version += 1) {
        await adapter.appendToStream(streamId, t.events(1))
        t.deepEqual(await versionsOf(peer, streamId, { from: version }), [version], 'a read by another client sees it')
      }
    })
  },
  async inverse(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const events = t.events(20)
    let late = 0
    for (const [index, event] of events.entries()) {
      await adapter.appendToStream(streamId, [event])
      if ((await versionsOf(adapter, streamId, { from: index + 1 })).length === 0) late += 1
    }
    if (late === 0) t.underClaims('strongReads', `each of ${events.length} reads right after an append saw it`)
    const endsAt = performance.now() + 5000
    let seen: number[] = []
    const current = () => seen.length >= 20 || performance.now() >= endsAt
    await readWhile(
      () => !current(),
      async () => {
        seen = await versionsOf(adapter, streamId)
        t.deepEqual(seen, range(1, 20).slice(0, seen.length), 'undeclared: a read is a true prefix')
      },
    )
    t.equal(seen.length, 20, 'undeclared: current within 5 s')
  },
}

export const rds18: ConformanceCase = {
  id: 'RDS-18',
  title: 'deleted and re-created, or truncated past the cursor, between two pages: UnavailableError, no mixture, no short end',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { hooks: ['pageSize'] },
  rationale: 'A reader that ends short, or mixes two lives of a stream.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 2 })
    /** Reads some, lets `change` happen, reads on. */
    const readAcross = async (change: (streamId: string) => Promise<unknown>, message: string, code: 'unavailable') => {
      const { streamId } = await filled(t, adapter, 40)
      const iterator = adapter.readStream(streamId)[Symbol.asyncIterator]()
      t.equal((await iterator.next()).value?.version, 1, `${message}: first event`)
      await change(streamId)
      const goOn = async () => {
        for (let wanted = 2; ; wanted += 1) {
          const { done, value } = await iterator.next()
          if (done === true) return wanted
          t.equal(value.version, wanted, `${message}: the next version`)
        }
      }
      await t.rejects(goOn, code, { retryable: true }, message)
    }
    await t.part({ capability: 'truncateStream', title: 'truncated' }, () =>
      readAcross((streamId) => adapter.truncateStream(streamId, { before: 30 }), 'truncated past the cursor', 'unavailable'),
    )
    await t.part({ capability: 'deleteStream', title: 'deleted' }, async () => {
      await readAcross((streamId) => adapter.deleteStream(streamId), 'deleted while read', 'unavailable')
      await readAcross(
        async (streamId) => {
          await adapter.deleteStream(streamId)
          await adapter.appendToStream(streamId, t.events(30))
        },
        'deleted and re-created while read',
        'unavailable',
      )
    })
    await t.part({ capability: 'tombstoneStream', title: 'tombstoned' }, () =>
      readAcross((streamId) => adapter.tombstoneStream(streamId), 'tombstoned while read', 'unavailable'),
    )
  },
}
