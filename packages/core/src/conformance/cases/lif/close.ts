import type { ConformanceCase } from '../../case.js'
import { runChild } from '../../child.js'
import { everyMethod } from '../../every-method.js'

export const lif01: ConformanceCase = {
  id: 'LIF-01',
  title:
    'close is idempotent, may be called concurrently and waits for promises in flight; then everything is a ClosedError; an injected client stays open',
  section: 'LIF',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A deployment that cuts off the requests in flight, hangs in close, or closes the pool the application still uses.',
  async run(t) {
    const adapter = await t.adapter({})
    const streamId = t.stream()
    await adapter.appendToStream(streamId, t.events(5))
    t.step('close with appends in flight')
    const iterator = adapter.readStream(streamId)[Symbol.asyncIterator]()
    t.equal((await iterator.next()).value?.version, 1, 'a read is under way')
    const waiting = adapter.subscribeToStream(t.stream())[Symbol.asyncIterator]()
    const pending = waiting.next()
    pending.catch(() => undefined)
    const appends = Array.from({ length: 20 }, () => adapter.appendToStream(streamId, t.events(1)))
    let appended = 0
    for (const append of appends)
      append.then(
        () => {
          appended += 1
        },
        () => undefined,
      )
    const closing = [adapter.close(), adapter.close(), adapter[Symbol.asyncDispose]()]
    await t.within(10_000, Promise.all(closing), 'close ends, also when called three times at once')
    // Each append's own promise may be told of its end a turn later than close is.
    await new Promise((resolve) => setImmediate(resolve))
    t.equal(appended, appends.length, 'close waits for promises in flight')
    t.deepEqual(
      (await Promise.allSettled(appends)).filter(({ status }) => status === 'rejected'),
      [],
      'what was in flight resolves',
    )

    t.step('after close')
    await t.rejects(t.within(1_000, iterator.next(), 'a read under way ends'), 'closed', {}, 'a read under way ends with a ClosedError')
    await t.rejects(t.within(1_000, pending, 'a waiting subscription ends'), 'closed', {}, 'a waiting subscription ends with a ClosedError')
    for (const { name, call } of everyMethod(t, adapter, streamId)) {
      t.step(`${name} after close`)
      await t.rejects(call({}), 'closed', {}, `${name} of a closed adapter is a ClosedError`)
    }
    await t.resolves(adapter.close(), 'closing again does nothing')
    t.step('an adapter that was never used')
    const unused = await t.adapter({})
    await t.resolves(unused.close(), 'an unused adapter closes')
    await t.rejects(unused.open(), 'closed', {}, 'a closed adapter does not open again')

    await t.part({ hooks: ['peer'] }, async () => {
      const own = await t.adapter()
      const peer = await t.peer()
      const shared = t.stream()
      await peer.appendToStream(shared, t.events(1))
      await peer.close()
      t.equal((await own.readStream(shared).toArray()).length, 1, 'closing one adapter leaves another on the same data open')
    })
    await t.part({ hooks: ['injected'] }, async () => {
      const injected = await (await t.instance()).injected?.()
      await injected?.adapter.appendToStream(t.stream(), t.events(1))
      await injected?.adapter.close()
      t.ok(await injected?.stillOpen(), 'an injected client stays open')
    })
  },
}

export const lif04: ConformanceCase = {
  id: 'LIF-04',
  title: 'a process exits by itself within 1 s of close',
  section: 'LIF',
  since: 1,
  level: 'must',
  profile: 'standard',
  requires: { hooks: ['module'] },
  rationale: 'A timer, socket or worker left behind: scripts and tests that never end.',
  async run(t) {
    const program = `
      const streamId = 'exit'
      await adapter.appendToStream(streamId, [{ type: 'One', data: 1 }, { type: 'Two', data: 2 }])
      await adapter.readStream(streamId).toArray()
      // Left in the middle, as an application would.
      for await (const event of adapter.readStream(streamId)) break
      const waiting = adapter.subscribeToStream('nobody')[Symbol.asyncIterator]()
      waiting.next().catch(() => undefined)
      await adapter.getStreamState(streamId, { timeoutMs: 30_000, signal: new AbortController().signal })
      await adapter.close()
      await instance[Symbol.asyncDispose]()
      console.log('closed')`
    const instance = await t.instance()
    t.step('waiting for the child')
    const child = await t.within(30_000, runChild(t, `${t.namespaceOf(instance)}x`, program), 'the process exits by itself')
    t.equal(child.stderr.replaceAll(/^.*Warning.*$/gmu, '').trim(), '', 'the process says nothing of errors')
    t.equal(child.exitCode, 0, 'the process ends well')
    t.ok(
      child.afterClosedMs !== undefined && child.afterClosedMs <= 1_000,
      `the process exits within 1 s of close: ${child.afterClosedMs ?? 'not closed'} ms`,
    )
  },
}
