import { afterAll, describe, expect, test } from 'vitest'
import { type RecordedClient, clients, groupsOf, scenariosOf } from './replay/recordings.js'
import { type Difference, startReplay } from './replay/replay.js'
import { connectWire } from './replay/wire.js'
import { startEventStoreModel } from './start.js'

const replayed: Record<RecordedClient, number> = { 'db-client': 0, 'kurrentdb-client': 0 }

const groups = await Promise.all(clients.map(async (client) => (await groupsOf(client)).map((group) => [client, group] as const)))

describe('the model answers as the recorded node did', () => {
  test.each(groups.flat())('%s: %s', async (client, group) => {
    const model = await startEventStoreModel()
    const wire = connectWire(model.port)
    const replay = startReplay(wire)
    const differences: Difference[] = []
    for (const scenario of await scenariosOf(client, group)) {
      const difference = await replay.run(scenario)
      if (difference !== undefined) differences.push(difference)
      replayed[client] += 1
    }
    expect(differences).toEqual([])
    replay.end()
    wire.dispose()
    await model.stop()
  })

  afterAll(() => {
    expect(replayed).toEqual({ 'db-client': 371, 'kurrentdb-client': 371 })
  })
})
