import { EventEmitter } from 'node:events'
import type { BackendCall } from '@millrace/core'
import { expect, test } from 'vitest'
import { createSession } from './client.js'
import type { EventStoreDBClient } from './driver.js'

/** As gRPC numbers it. */
const [connecting, ready, failing] = [1, 2, 3]
const target = 'dns:127.0.0.1:2113'

/** What goes through a session with a call of its own. */
const changes = ['appendToStream', 'deleteStream', 'tombstoneStream'] as const
type Change = (typeof changes)[number]

/** A client as far as changes go, over a call of gRPC whose state a test sets; it never answers. */
function fakeClient() {
  const state = {
    peer: target,
    cancelled: 0,
    deadline: undefined as unknown,
    channel: ready,
    sent: 0,
    failure: undefined as Error | undefined,
  }
  const call = Object.assign(new EventEmitter(), { getPeer: () => state.peer, cancel: () => (state.cancelled += 1) })
  const watchers = new EventEmitter()
  const grpc = {
    getChannel: () => ({
      getTarget: () => target,
      getConnectivityState: () => state.channel,
      watchConnectivityState: (_state: number, _deadline: Date, listener: () => void) => watchers.once('state', listener),
    }),
    append: (_metadata: unknown, options: CallOptions) => send(options),
    delete: (_request: unknown, _metadata: unknown, options: CallOptions) => send(options),
    tombstone: (_request: unknown, _metadata: unknown, options: CallOptions) => send(options),
  }
  interface CallOptions {
    readonly deadline?: unknown
  }
  function send({ deadline }: CallOptions): typeof call {
    state.deadline = deadline
    state.sent += 1
    return call
  }
  type Action = (one: typeof grpc) => unknown
  interface Told {
    callArguments(): readonly [object, { readonly deadline: Date }]
    execute(kind: unknown, name: string, action: Action): Promise<unknown>
  }
  const client = {
    readStream: () => undefined,
    callArguments: () => [{}, { deadline: new Date() }] as const,
    execute: (_kind: unknown, _name: string, action: Action) => Promise.resolve(action(grpc)),
    appendToStream: changing((one, told) => one.append(...told.callArguments())),
    deleteStream: changing((one, told) => one.delete({}, ...told.callArguments())),
    tombstoneStream: changing((one, told) => one.tombstone({}, ...told.callArguments())),
  }
  function changing(start: (one: typeof grpc, told: Told) => unknown) {
    return function (this: Told): Promise<unknown> {
      return this.execute(undefined, 'change', (one) => {
        start(one, this)
        return new Promise((_, reject) => {
          if (state.failure !== undefined) setImmediate(reject, state.failure)
        })
      })
    }
  }
  const connect = (channel: number): void => {
    state.channel = channel
    watchers.emit('state')
  }
  return { client: client as unknown as EventStoreDBClient, state, connect, finish: () => call.emit('finish') }
}

/** Changes something over it, until the deadline. */
async function untilDeadline(client: EventStoreDBClient, change: Change = 'appendToStream'): Promise<{ pass(): Promise<unknown> }> {
  const session = createSession({ connection: undefined, client })
  await session.open()
  const ending = new AbortController()
  const call: BackendCall = {
    signal: ending.signal,
    deadline: ending.signal,
    remainingMs: () => 1000,
    unlessAborted: (_which, work) =>
      Promise.race([
        work,
        new Promise<never>((_, reject) => ending.signal.addEventListener('abort', () => reject(ending.signal.reason as Error))),
      ]),
  }
  const sent = change === 'appendToStream' ? session.append('s', [], 'any', call) : session.remove(change, 's', 'any', call)
  const ended = sent.catch((error: unknown) => error)
  return {
    pass() {
      ending.abort()
      return ended
    },
  }
}

test.each(changes)('%s that waits for a connection at its deadline is cancelled, and was not sent', async (change) => {
  const { client, state } = fakeClient()
  const changing = await untilDeadline(client, change)
  expect(await changing.pass()).toMatchObject({ type: 'not-connected' })
  expect(state).toMatchObject({ cancelled: 1, deadline: undefined })
})

test('an append that is being sent at its deadline is cancelled when all of it is sent: a part would look like the whole', async () => {
  const { client, state, finish } = fakeClient()
  const appending = await untilDeadline(client)
  state.peer = '127.0.0.1:2113'
  expect(await appending.pass()).toMatchObject({ type: 'deadline-exceeded' })
  expect(state).toMatchObject({ cancelled: 0, deadline: undefined })
  finish()
  expect(state.cancelled).toBe(1)
})

test.each(changes)('%s that was sent and not answered is cancelled at its deadline', async (change) => {
  const { client, state, finish } = fakeClient()
  const changing = await untilDeadline(client, change)
  state.peer = '127.0.0.1:2113'
  // What has one message tells of no end of it.
  if (change === 'appendToStream') finish()
  expect(await changing.pass()).toMatchObject({ type: 'deadline-exceeded' })
  expect(state.cancelled).toBe(1)
})

test.each(changes)(
  '%s is not handed to a channel that has yet to connect: at its deadline it was not sent, nor is it later',
  async (change) => {
    const { client, state, connect } = fakeClient()
    // What gRPC says of a call that it keeps, as of one that it has sent.
    Object.assign(state, { channel: connecting, peer: 'unknown' })
    const changing = await untilDeadline(client, change)
    expect(await changing.pass()).toMatchObject({ type: 'not-connected' })
    connect(ready)
    await new Promise((resolve) => setImmediate(resolve))
    expect(state.sent).toBe(0)
  },
)

test.each(changes)('%s that was handed over with a connection and is not answered may have been sent', async (change) => {
  const { client, state, connect } = fakeClient()
  Object.assign(state, { channel: connecting, peer: 'unknown' })
  const changing = await untilDeadline(client, change)
  connect(ready)
  await new Promise((resolve) => setImmediate(resolve))
  expect(state.sent).toBe(1)
  expect(await changing.pass()).toMatchObject({ type: 'deadline-exceeded' })
})

test.each(changes)('%s hears at the deadline too that gRPC had no connection: it says so a turn late', async (change) => {
  const { client, state } = fakeClient()
  const failure = new Error('14 UNAVAILABLE: No connection established')
  Object.assign(state, { channel: failing, peer: 'unknown', failure })
  const changing = await untilDeadline(client, change)
  expect(await changing.pass()).toBe(failure)
})
