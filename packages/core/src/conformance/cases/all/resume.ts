import type { ConformanceCase } from '../../case.js'
import { inverseOf } from '../../inverse.js'
import { filledLog, positionOf } from '../log-views.js'
import { eventIds } from '../views.js'

export const all03: ConformanceCase = {
  id: 'ALL-03',
  title: 'a position survives a checkpoint in JSON',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'A bigint or an object for a position: it cannot be stored, or comes back as something else.',
  async run(t) {
    const adapter = await t.adapter()
    const log = await filledLog(t, adapter, 8)
    const events = await log.read()
    for (const [index, event] of events.entries()) {
      t.equal(typeof event.position, 'string', 'a position is a string')
      const checkpoint = JSON.parse(JSON.stringify({ position: event.position })) as { position: string }
      t.deepEqual(eventIds(await log.read({ after: checkpoint.position })), eventIds(events.slice(index + 1)), 'resumed from JSON')
    }
  },
  inverse: inverseOf('readAll'),
}

export const all04: ConformanceCase = {
  id: 'ALL-04',
  title: 'resuming after any position, both ways, repeats nothing and misses nothing',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'A position taken inclusively, or a page boundary inside a batch.',
  async run(t) {
    for (const options of [undefined, { pageSize: 2 }]) {
      const title = options === undefined ? 'pages as they come' : 'pages of 2'
      await t.part({ title, hooks: options === undefined ? [] : ['pageSize'] }, async () => {
        const adapter = await t.adapter(options)
        const log = await filledLog(t, adapter, 8)
        const events = await log.read()
        for (const [index, event] of events.entries()) {
          const after = positionOf(event)
          t.deepEqual(eventIds(await log.read({ after })), eventIds(events.slice(index + 1)), 'forwards after a position')
          const back = eventIds(events.slice(0, index)).reverse()
          t.deepEqual(eventIds(await log.read({ after, direction: 'backwards' })), back, 'backwards after a position')
        }
      })
    }
  },
  inverse: inverseOf('readAll'),
}

export const all05: ConformanceCase = {
  id: 'ALL-05',
  title: 'a page without results ends no read',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll', hooks: ['pageSize'] },
  rationale: 'An empty page taken for the end: what is filtered out, rolled back or elsewhere hides all that follows.',
  async run(t) {
    const adapter = await t.adapter({ pageSize: 2 })
    const log = await filledLog(t, adapter, 1)
    const streamId = log.streams[0] ?? ''
    const rare = t.events(2, { type: 'Rare' })
    await adapter.appendToStream(streamId, rare.slice(0, 1))
    for (let n = 0; n < 9; n += 1) await adapter.appendToStream(streamId, t.events(1, { type: 'Common' }))
    await adapter.appendToStream(streamId, rare.slice(1))
    for (let n = 0; n < 5; n += 1) await adapter.appendToStream(streamId, t.events(1, { type: 'Common' }))
    const filter = { eventTypes: ['Rare'] }
    t.deepEqual(eventIds(await log.read({ filter })), eventIds(rare), 'forwards over pages without a match')
    // As far as they are: a log that all cases share goes on for thousands of such pages.
    t.deepEqual(
      eventIds(await log.read({ filter, direction: 'backwards', limit: rare.length })),
      eventIds(rare).reverse(),
      'backwards over pages without a match',
    )
    await t.part({ hooks: ['stallAppend'], title: 'rolled back' }, async () => {
      const own = await t.instance({ pageSize: 2 })
      const second = await filledLog(t, own.adapter, 1)
      for (let n = 0; n < 4; n += 1) {
        const stalled = await own.stallAppend?.(second.streams[0] ?? '', t.events(2))
        await stalled?.rollback()
      }
      const last = t.events(1)
      await own.adapter.appendToStream(second.streams[0] ?? '', last)
      t.equal((await second.read()).at(-1)?.id, last[0]?.id, 'what follows a rollback is read')
    })
  },
  inverse: inverseOf('readAll'),
}

export const all15: ConformanceCase = {
  id: 'ALL-15',
  title:
    'a malformed position, one of another adapter, format or log, and an empty filter list are refused; stream reads carry log positions',
  section: 'ALL',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { capability: 'readAll' },
  rationale: 'A checkpoint of another store, taken for a number: the projection starts in the middle.',
  async run(t) {
    const adapter = await t.adapter()
    const log = await filledLog(t, adapter, 6)
    const [event] = await log.read()
    const position = positionOf(event)
    const letter = position.startsWith('z') ? 'y' : 'z'
    const parts = position.split('-')
    const bad = [
      'x',
      '1',
      '-1',
      'NaN',
      ' ',
      `${position} `,
      `${position}-1`,
      `${letter}${position.slice(1)}`,
      `${position.slice(0, 1)}9${position.slice(2)}`,
      [parts[0], 'ffffffff', ...parts.slice(2)].join('-'),
    ]
    for (const after of bad) {
      const message = `the position ${JSON.stringify(after)} is refused`
      await t.rejects(() => adapter.readAll({ after }), 'invalid-argument', {}, message)
      await t.rejects(() => adapter.subscribeToAll({ after }), 'invalid-argument', {}, `${message} by subscribeToAll`)
      await t.rejects(() => adapter.comparePositions(after, position), 'invalid-argument', {}, `${message} by comparePositions`)
    }
    for (const filter of [{ eventTypes: [] }, { streamTypes: [] }, { eventTypes: [1 as never] }, { streamIdPrefix: 1 as never }])
      await t.rejects(() => adapter.readAll({ filter }), 'invalid-argument', {}, `the filter ${JSON.stringify(filter)} is refused`)
    for (const streamId of log.streams) {
      const own = (await log.read()).filter((one) => one.streamId === streamId)
      const read = await adapter.readStream(streamId).toArray()
      t.deepEqual(
        read.map((one) => one.position),
        own.map((one) => one.position),
        'positions of a stream read are those of the log',
      )
    }
  },
  inverse: inverseOf('readAll'),
}
