import type { EventStoreAdapter } from '../../../adapter.js'
import { isOutcomeUnknownError } from '../../../errors.js'
import type { CaseContext, ConformanceCase } from '../../case.js'
import { everyMethod } from '../../every-method.js'

export const lif02: ConformanceCase = {
  id: 'LIF-02',
  title: 'an abort before sending rejects with its reason and does no I/O; in a read it frees it; of an append under way it settles',
  section: 'LIF',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A signal that is ignored, an abort that reports "cancelled" for what was stored, or a read that keeps its connection.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    await adapter.appendToStream(streamId, t.events(6))
    const reason = new Error('the user left')
    t.step('abort before')
    for (const { name, call } of everyMethod(t, adapter, streamId)) {
      t.step(`abort before ${name}`)
      await t.rejectsWith(call({ signal: AbortSignal.abort(reason) }), reason, `${name} with an aborted signal rejects with its reason`)
    }
    t.equal((await adapter.getStreamState(streamId)).version, 6, 'nothing was done')
    await t.rejectsWith(adapter.getStreamState(streamId, { signal: AbortSignal.abort('a text') }), 'a text', 'any value may be the reason')
    await t.part({ hooks: ['broken'], title: 'no I/O' }, async () => {
      const unreachable = await t.broken('unreachable')
      for (const { name, call } of everyMethod(t, unreachable, streamId))
        await t.rejectsWith(call({ signal: AbortSignal.abort(reason) }), reason, `${name} with an aborted signal does no I/O`)
      // Closing waits for an attempt to connect: if none was begun, there is nothing to wait for.
      await t.within(500, unreachable.close(), 'a call with an aborted signal does not begin to connect: close has nothing to wait for')
    })
    await midRead(t)
    await midAppend(t)
  },
}

/** A read that is aborted gives its connection back: with a single one, the next call needs it. */
async function midRead(t: CaseContext): Promise<void> {
  t.step('abort in a read')
  const adapter = await t.adapter()
  const streamId = t.stream()
  await adapter.appendToStream(streamId, t.events(6))
  await abortReads(t, adapter, streamId)
  await t.part({ hooks: ['connections', 'pageSize'] }, async () => {
    const single = await t.adapter({ connections: 1, pageSize: 2 })
    await single.appendToStream(streamId, t.events(6))
    await abortReads(t, single, streamId)
  })
}

async function abortReads(t: CaseContext, adapter: EventStoreAdapter, streamId: string): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const abort = new AbortController()
    const reason = new Error(`round ${round}`)
    const iterator = adapter.readStream(streamId, { signal: abort.signal })[Symbol.asyncIterator]()
    for (let read = 0; read < round % 4; read += 1) await iterator.next()
    if (round % 2 === 0) {
      abort.abort(reason)
      await t.rejectsWith(t.within(1_000, iterator.next(), 'the next event'), reason, 'an aborted read rejects with the reason')
    } else {
      // While the answer is on its way it may still win the race; what comes after may not.
      const pending = iterator.next().catch((error: unknown) => error)
      abort.abort(reason)
      const first = await t.within(1_000, pending, 'a read under way ends when it is aborted')
      const after = iterator.next()
      if (first === reason) t.equal((await after).done, true, 'a read that was aborted stays ended')
      else await t.rejectsWith(after, reason, 'an aborted read rejects with the reason')
    }
    t.equal(
      (await t.within(2_000, adapter.getStreamState(streamId), 'an aborted read frees its connection')).version,
      6,
      'the store goes on',
    )
  }
}

/** Applied → resolves; not applied → the reason; else OutcomeUnknownError with the reason as cause. The store knows which is true. */
async function midAppend(t: CaseContext): Promise<void> {
  const adapter = await t.adapter()
  const turns = [0, 1, 2, 5]
  for (let round = 0; round < 40; round += 1) {
    t.step(`abort in an append, round ${round + 1}`)
    const streamId = t.stream()
    const [events, abort, reason] = [t.events(3), new AbortController(), new Error(`round ${round}`)]
    const expectedVersion = t.random.pick(['any', 'noStream', 0] as const)
    const pending = adapter.appendToStream(streamId, events, { expectedVersion, signal: abort.signal, timeoutMs: 5_000 })
    pending.catch(() => undefined)
    for (let turn = 0; turn < (turns[round % 4] ?? 0); turn += 1) await Promise.resolve()
    if (round % 8 >= 4) await new Promise((resolve) => setImmediate(resolve))
    abort.abort(reason)
    const result = await t.within(
      7_000,
      pending.then(
        () => 'applied' as const,
        (error: unknown) => ({ error }),
      ),
      'an aborted append ends',
    )
    const stored = (await adapter.readStream(streamId).toArray()).map(({ id }) => id)
    t.ok(stored.length === 0 || stored.length === 3, 'an aborted append is stored whole or not at all')
    if (result === 'applied') t.equal(stored.length, 3, 'an aborted append that resolves is stored')
    else if (isOutcomeUnknownError(result.error)) t.equal(result.error.cause, reason, 'an unknown outcome carries the reason as its cause')
    else {
      t.equal(result.error, reason, 'an aborted append that was not applied rejects with the reason')
      t.equal(stored.length, 0, 'an append that rejects with the reason is not stored')
    }
  }
}
