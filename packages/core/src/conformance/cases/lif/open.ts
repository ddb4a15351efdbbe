import type { CaseContext, ConformanceCase } from '../../case.js'
import { runChild } from '../../child.js'

export const lif03: ConformanceCase = {
  id: 'LIF-03',
  title: '20 concurrent first uses make one set-up',
  section: 'LIF',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'Twenty instances start at once and race to create the same tables: "already exists", or a set-up half done is used.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    t.step('20 first uses of one adapter')
    const { lost } = await t.race(
      Array.from(
        { length: 20 },
        (_, index) => () =>
          index % 5 === 0 ? adapter.open().then(() => undefined) : adapter.appendToStream(streamId, t.events(1)).then(() => undefined),
      ),
    )
    t.deepEqual(lost, [], 'concurrent first uses of one adapter all succeed')
    t.equal((await adapter.readStream(streamId).toArray()).length, 16, 'each is stored')
    await t.part({ hooks: ['peer'] }, async () => {
      t.step('first uses of several adapters')
      const fresh = await t.instance({})
      const shared = t.stream()
      const adapters = [fresh.adapter]
      while (adapters.length < 5) {
        const peer = await fresh.peer?.()
        if (peer !== undefined) adapters.push(peer)
      }
      const calls = Array.from(
        { length: 20 },
        (_, index) => () => (adapters[index % 5] ?? fresh.adapter).appendToStream(shared, t.events(1)),
      )
      const result = await t.race(calls)
      t.deepEqual(result.lost, [], 'concurrent first uses of several adapters all succeed')
      t.equal((await fresh.adapter.readStream(shared).toArray()).length, 20, 'they share one store')
      await Promise.all(adapters.map((one) => one.close()))
    })
    await t.part(
      { capability: 'sharedAcrossProcesses', hooks: ['module'] },
      () => twoProcesses(t, t.stream()),
      () => secondProcess(t, t.stream()),
    )
  },
}

async function twoProcesses(t: CaseContext, streamId: string): Promise<void> {
  t.step('first uses of two processes')
  const fresh = await t.instance({})
  const namespace = t.namespaceOf(fresh)
  const program = `
    await Promise.all(Array.from({ length: 10 }, (_, n) => adapter.appendToStream(args.streamId, [{ type: 'First', data: n }])))
    await adapter.close()
    console.log('closed')
    process.exit(0)`
  const children = await Promise.all([1, 2].map(() => runChild(t, namespace, program, { streamId })))
  for (const { exitCode, stderr } of children) t.equal(exitCode, 0, `concurrent first uses of two processes all succeed: ${stderr}`)
  t.equal((await fresh.adapter.readStream(streamId).toArray()).length, 20, 'two processes share one store')
}

/** What is not declared: another process has data of its own or is refused, and what this one has stays whole. */
async function secondProcess(t: CaseContext, streamId: string): Promise<void> {
  if (t.harness.module === undefined) return
  t.step('a second process')
  const instance = await t.instance({})
  const own = t.events(2)
  await instance.adapter.appendToStream(streamId, own)
  const other = `${streamId}other`
  const program = `
    await adapter.appendToStream(args.other, [{ type: 'Other', data: 1 }])
    await adapter.close()
    process.exit(0)`
  const { exitCode } = await runChild(t, t.namespaceOf(instance), program, { other })
  await t.holds(instance.adapter, streamId, own, { message: 'undeclared: a second process leaves the data of the first as it was' })
  if (exitCode === 0 && (await instance.adapter.getStreamState(other)).status === 'live')
    t.underClaims('sharedAcrossProcesses', 'what a second process stored was seen by the first')
}

export const lif06: ConformanceCase = {
  id: 'LIF-06',
  title: "setup 'auto' creates what is missing, 'manual' does not and says what to do; a newer schema is refused",
  section: 'LIF',
  since: 1,
  level: 'must',
  profile: 'smoke',
  requires: { hooks: ['setup'] },
  rationale: 'A mistyped name becomes an empty store, or an old release writes into a new schema.',
  async run(t) {
    t.step("setup 'auto'")
    const auto = await t.adapter({ setup: 'auto' })
    const streamId = t.stream()
    const events = t.events(1)
    await t.resolves(auto.appendToStream(streamId, events), "setup 'auto' creates what is missing")
    await t.holds(auto, streamId, events)
    t.step("setup 'manual'")
    const manual = await t.adapter({ setup: 'manual' })
    const uses = [
      () => manual.open(),
      () => manual.appendToStream(streamId, t.events(1)),
      () => manual.readStream(streamId),
      () => manual.getStreamState(streamId),
    ]
    for (const use of [...uses, ...uses]) {
      const error = await t.rejects(use, 'configuration', {}, "setup 'manual' on a store that is not set up is refused, each time")
      t.ok(error.hint !== '', 'the error says what to do')
    }
    await t.part({ hooks: ['broken'] }, async () => {
      t.step('a newer schema')
      const newer = await t.broken('schema-newer')
      for (const use of [() => newer.open(), () => newer.appendToStream(streamId, t.events(1)), () => newer.readStream(streamId)]) {
        const error = await t.rejects(use, 'configuration', {}, 'a newer schema is refused')
        t.ok(error.hint !== '', 'the error says what to do')
      }
    })
  },
}

export const lif07: ConformanceCase = {
  id: 'LIF-07',
  title: 'open is optional, idempotent and may be called concurrently; construction connects nothing',
  section: 'LIF',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'An import or a constructor that connects: a script that only prints help hangs, a test needs a server.',
  async run(t) {
    const streamId = t.stream()
    t.step('without open')
    const implicit = await t.adapter({})
    await t.resolves(implicit.appendToStream(streamId, t.events(1)), 'the first use opens')
    await t.resolves(implicit.open(), 'open after the first use does nothing')
    t.step('read first')
    const reading = await t.adapter({})
    t.deepEqual(await t.resolves(reading.readStream(t.stream()).toArray(), 'a read opens as well'), [], 'it is empty')
    t.step('open')
    const explicit = await t.adapter({})
    const kept = t.stream()
    await t.resolves(Promise.all([explicit.open(), explicit.open(), explicit.open()]), 'concurrent opens all resolve')
    await t.resolves(explicit.open(), 'opening again does nothing')
    await explicit.appendToStream(kept, t.events(2))
    await t.resolves(explicit.open(), 'opening again does nothing')
    t.equal((await explicit.getStreamState(kept)).version, 2, 'opening again keeps the data')
    await t.part({ hooks: ['broken'] }, async () => {
      t.step('construction')
      const unreachable = await t.resolves(t.broken('unreachable'), 'construction connects nothing')
      t.ok(
        typeof unreachable.name === 'string' && unreachable.capabilities.contract === 1,
        'name and capabilities are there before a connection is',
      )
      await t.resolves(unreachable.close(), 'an adapter that never connected closes')
    })
  },
}
