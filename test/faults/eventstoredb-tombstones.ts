import type { BackendCall } from '@millrace/core'
import { eventStoreDB } from '@millrace/eventstoredb'
import { expect, test } from 'vitest'
import { createSession } from '../../packages/eventstoredb/src/client.js'
import { parseOptions } from '../../packages/eventstoredb/src/options.js'
import type { Driver } from '../services/eventstoredb.js'
import { tapBatches } from '../services/tap-batches.js'
import type { Setup } from './eventstoredb-setup.js'

/** A request of a batch append, as the package of a client reads it. */
interface BatchRequest {
  toObject(): { readonly correlationId?: object; readonly options?: Readonly<Record<string, unknown>> }
  serializeBinary(): Uint8Array
}

/** The class that the package of a client has for requests of batch appends. */
async function batchRequests(driver: Driver): Promise<{ deserializeBinary(bytes: Uint8Array): BatchRequest }> {
  const generated: string =
    driver === '@eventstore/db-client'
      ? '@eventstore/db-client/generated/streams_pb.js'
      : '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
  const { default: streams } = (await import(generated)) as {
    default: { BatchAppendReq: { deserializeBinary(bytes: Uint8Array): BatchRequest } }
  }
  return streams.BatchAppendReq
}

/** A request without what differs from call to call; the two of them may be a minute apart. */
function plain(request: BatchRequest): unknown {
  const { correlationId, options = {}, ...rest } = request.toObject()
  const deadlines = Object.entries(options).flatMap(([name, value]) => {
    if (!name.startsWith('deadline') || typeof value !== 'object' || value === null) return []
    const { seconds, nanos } = value as { readonly seconds: number; readonly nanos: number }
    const days = Math.round((seconds - Date.now() / 1000) / 86_400)
    return [[name, { days, wholeMs: nanos % 1_000_000 === 0 && nanos >= 0 && nanos < 1_000_000_000 }] as const]
  })
  return {
    ...rest,
    correlationId: JSON.stringify(correlationId).replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/u, 'an id'),
    options: { ...options, ...Object.fromEntries(deadlines) },
  }
}

/** The part of `describeDefects` that is about tombstones whose names no trailer takes, and how they are asked for. */
export function describeTombstones({ url, driver, model, stream, event, open, idle, makeClient, stray }: Setup): void {
  const jsonEvent = () => ({ ...event(), contentType: 'application/json' }) as never

  test('asking for a tombstone sends what the client itself sends for a batch without events or deadline', async (context) => {
    const [streamName, revision, tap] = [`${stream()}-nämé-😀`, 2n ** 62n, await tapBatches(model.port)]
    const tapped = url.replace(String(model.port), String(tap.port))
    const [own, session] = [await makeClient(context, tapped), createSession(parseOptions(tapped))]
    context.onTestFinished(async () => {
      await session.close()
      tap.stop()
    })
    await session.open()
    const refused = { type: 'wrong-expected-version' }
    const options = { expectedRevision: revision, streamState: revision, deadline: Infinity }
    await expect(own.appendToStream(streamName, [], options)).rejects.toMatchObject(refused)
    const call = {
      deadline: new AbortController().signal,
      remainingMs: () => 5000,
      unlessAborted: <T>(_which: string, work: Promise<T>) => work,
    } as BackendCall
    await expect(session.appendNothing(streamName, revision, call)).rejects.toMatchObject(refused)
    const requests = await batchRequests(driver)
    const [theirs, ours] = tap.requests.map((bytes) => requests.deserializeBinary(bytes))
    if (theirs === undefined || ours === undefined) throw new Error('a request is missing')
    expect(plain(ours)).toEqual(plain(theirs))
    expect(plain(ours)).toMatchObject({ isFinal: true, options: { streamPosition: String(revision) } })
    expect(JSON.stringify(plain(ours))).toContain('"days":365,"wholeMs":true')
    // Nothing in the bytes that the definitions do not know, and in the order of their fields.
    expect(Buffer.from(ours.serializeBinary()).equals(tap.requests[1] ?? Buffer.alloc(0))).toBe(true)
  })

  test('what a client calls unavailable or unknown and is a tombstone, is told as one', async (context) => {
    const [adapter, streamId] = [open(context), `${stream()}-nämé-😀`]
    await adapter.appendToStream(streamId, [event()])
    await adapter.tombstoneStream(streamId)
    expect(await adapter.getStreamState(streamId)).toEqual({ status: 'tombstoned' })
    const calls = [adapter.readStream(streamId).toArray(), adapter.appendToStream(streamId, [event()]), adapter.deleteStream(streamId)]
    await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ code: 'stream-deleted', tombstoned: true })))
  })

  test('asking for a tombstone is a call of its own: one that breaks off is made again, and breaks off nobody', async (context) => {
    const [one, other, own] = [open(context), open(context), await makeClient(context)]
    const [broken, slow, ours, before] = [`${stream()}-nämé`, `${stream()}-nämé`, stream(), await model.faultCount()]
    for (const streamId of [broken, slow]) {
      await one.appendToStream(streamId, [event()])
      await one.tombstoneStream(streamId)
    }
    // Its first append makes the call that the next ones go through.
    await own.appendToStream(ours, [jsonEvent()])
    for (const streamId of [slow, ours]) await model.addFault({ does: 'delay', calls: ['append'], stream: streamId, times: 1, ms: 800 })
    const pending = Promise.all([own.appendToStream(ours, [jsonEvent()]), other.getStreamState(slow)])
    // Whatever it comes to, it is waited for below.
    pending.catch(() => undefined)
    while ((await model.faultCount()) < before + 2) await new Promise((resolve) => setImmediate(resolve))
    await model.addFault({ does: 'reset before', calls: ['append'], stream: broken, times: 1 })
    expect(await one.getStreamState(broken)).toEqual({ status: 'tombstoned' })
    expect((await pending)[1]).toEqual({ status: 'tombstoned' })
    expect(await model.faultCount()).toBe(before + 3)
    expect(stray).toEqual([])
    await own.dispose()
    await idle()
  })

  test.each(['reset before', 'lose answer', 'not leader'] as const)(
    'a tombstone that cannot be asked for (%s) is no word on the stream',
    async (does) => {
      const adapter = eventStoreDB(url)
      const streamId = `${stream()}-nämé`
      await adapter.appendToStream(streamId, [event()])
      await adapter.tombstoneStream(streamId)
      await model.addFault({ does, calls: ['append'], stream: streamId })
      await expect(adapter.getStreamState(streamId, { timeoutMs: 800 })).rejects.toMatchObject({ retryable: true })
      await model.clearFaults()
      // The append is refused by the node, and nobody can say how: that it was not applied would be said of the asking.
      await model.addFault({ does, calls: ['append'], stream: streamId, skip: 1 })
      await expect(adapter.appendToStream(streamId, [event()], { timeoutMs: 800 })).rejects.toMatchObject({ outcome: 'unknown' })
      await model.clearFaults()
      expect(await adapter.getStreamState(streamId)).toEqual({ status: 'tombstoned' })
      await adapter.close()
      await idle()
    },
  )
}
