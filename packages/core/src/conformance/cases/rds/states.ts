import type { ConformanceCase } from '../../case.js'
import { inverseOf } from '../../inverse.js'
import { range, versionsOf } from '../views.js'

export const rds14: ConformanceCase = {
  id: 'RDS-14',
  title: 'getStreamState agrees with reads over 50 random steps',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A state that is kept apart from the events and drifts.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    for (let step = 0; step < 50; step += 1) {
      const count = Math.floor(t.random.next() * 4)
      const wrong = t.random.next() < 0.2
      await adapter.appendToStream(streamId, t.events(count), wrong ? { expectedVersion: 10_000 } : {}).catch(() => undefined)
      const [state, versions] = [await adapter.getStreamState(streamId), await versionsOf(adapter, streamId)]
      t.deepEqual(
        state,
        { status: versions.length === 0 ? 'missing' : 'live', version: versions.length, firstVersion: 1 },
        `state after step ${step + 1}`,
      )
    }
  },
}

export const rds16: ConformanceCase = {
  id: 'RDS-16',
  title: 'getStreamState: missing, live, deleted, tombstoned; all truncated: live, firstVersion v+1',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'States that cannot be told apart.',
  async run(t) {
    const adapter = await t.adapter()
    const [live, missing] = [t.stream('live'), t.stream('missing')]
    await adapter.appendToStream(live, t.events(3))
    t.deepEqual(await adapter.getStreamState(missing), { status: 'missing', version: 0, firstVersion: 1 }, 'missing')
    t.deepEqual(await adapter.getStreamState(live), { status: 'live', version: 3, firstVersion: 1 }, 'live')
    await t.part({ capability: 'truncateStream', title: 'truncated' }, async () => {
      await adapter.truncateStream(live, { before: 3 })
      t.deepEqual(await adapter.getStreamState(live), { status: 'live', version: 3, firstVersion: 3 }, 'truncated before 3')
      await adapter.truncateStream(live, { before: 4 })
      t.deepEqual(await adapter.getStreamState(live), { status: 'live', version: 3, firstVersion: 4 }, 'all truncated')
      t.deepEqual(await versionsOf(adapter, live), [], 'all truncated: no event')
    })
    await t.part({ capability: 'deleteStream', title: 'deleted' }, async () => {
      await adapter.deleteStream(live)
      t.deepEqual(await adapter.getStreamState(live), { status: 'deleted', version: 3, firstVersion: 4 }, 'deleted')
      await adapter.appendToStream(live, t.events(2))
      t.deepEqual(await adapter.getStreamState(live), { status: 'live', version: 5, firstVersion: 4 }, 're-created')
      t.deepEqual(await versionsOf(adapter, live), [4, 5], 're-created: only what came after')
    })
    await t.part({ capability: 'tombstoneStream', title: 'tombstoned' }, async () => {
      await adapter.tombstoneStream(missing)
      t.deepEqual(await adapter.getStreamState(missing), { status: 'tombstoned' }, 'tombstoned')
    })
  },
}

export const rds17: ConformanceCase = {
  id: 'RDS-17',
  title: 'listStreams: each once with its status; prefix literal; limit',
  section: 'RDS',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'listStreams' },
  rationale: 'Streams that are missed at a page boundary, or a prefix taken as a pattern.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 3 })
    const list = async (options: { prefix?: string; limit?: number }) => {
      const found: [string, string][] = []
      for await (const { streamId, status } of adapter.listStreams(options)) found.push([streamId, status])
      return found.sort(([a], [b]) => (a < b ? -1 : 1))
    }
    const names = [...range(1, 10).map((n) => `list-${n}`), 'list_x', 'list%y', 'lis', 'List-1']
    for (const name of names) await adapter.appendToStream(name, t.events(1))
    const live = (of: readonly string[]) => [...of].sort((a, b) => (a < b ? -1 : 1)).map((name) => [name, 'live'])
    t.deepEqual(await list({ prefix: 'list-' }), live(names.filter((name) => name.startsWith('list-'))), 'a prefix')
    t.deepEqual(await list({ prefix: 'list_' }), live(['list_x']), 'an underscore is literal')
    t.deepEqual(await list({ prefix: 'list%' }), live(['list%y']), 'a percent sign is literal')
    t.deepEqual(await list({}), live(names), 'all streams, each once')
    for (const limit of [0, 1, 3, 4]) t.equal((await list({ prefix: 'list-', limit })).length, limit, `limit ${limit}`)
    await t.part({ capability: 'deleteStream', title: 'deleted' }, async () => {
      await adapter.deleteStream('list-1')
      t.deepEqual(
        await list({ prefix: 'list-1' }),
        [
          ['list-1', 'deleted'],
          ['list-10', 'live'],
        ],
        'a deleted stream',
      )
    })
    await t.part({ capability: 'tombstoneStream', title: 'tombstoned' }, async () => {
      await adapter.tombstoneStream('list-2')
      await adapter.tombstoneStream('list-never')
      t.deepEqual(await list({ prefix: 'list-2' }), [['list-2', 'tombstoned']], 'a tombstoned stream')
      t.deepEqual(await list({ prefix: 'list-n' }), [['list-never', 'tombstoned']], 'a tombstoned stream that never was')
    })
    await t.part({ capability: 'streamMetadata', title: 'metadata only' }, async () => {
      await adapter.setStreamMetadata('list-meta', { a: 1 })
      t.deepEqual(await list({ prefix: 'list-m' }), [], 'a stream that has only metadata')
    })
  },
  inverse: inverseOf('listStreams'),
}
