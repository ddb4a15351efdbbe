import { EventEmitter } from 'node:events'
import type { BackendCall } from '@millrace/core'
import { expect, test } from 'vitest'
import { createSession } from './client.js'
import type { EventStoreDBClient } from './driver.js'

/** As gRPC numbers it. */
const [connecting, ready, failing] = [1, 2, 3]
const target = 'dns:127.0.0.1:2113'

/** A client as far as appending goes, over a call of gRPC whose state a test sets; it never answers. */
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
    append(_metadata: unknown, options: { readonly deadline?: unknown }) {
      state.deadline = options.deadline
      state.sent += 1
      return call
    },
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
    appendToStream(this: Told): Promise<unknown> {
      return this.execute(undefined, 'append', (one) => {
        one.append(...this.callArguments())
        return new Promise((_, reject) => {
          if (state.failure !== undefined) setImmediate(reject, state.failure)
        })
      })
    },
  }
  const connect = (channel: number): void => {
    state.channel = channel
    watchers.emit('state')
  }
  return { client: client as unknown as EventStoreDBClient, state, connect, finish: () => call.emit('finish') }
}

/** Appends over it, until the deadline. */
async function appendUntilDeadline(client: EventStoreDBClient): Promise<{ pass(): Promise<unknown> }> {
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
  const appended = session.append('s', [], 'any', call).catch((error: unknown) => error)
  return {
    pass() {
      ending.abort()
      return appended
    },
  }
}

test('an append that waits for a connection at its deadline is cancelled, and was not sent', async () => {
  const { client, state } = fakeClient()
  const appending = await appendUntilDeadline(client)
  expect(await appending.pass()).toMatchObject({ type: 'not-connected' })
  expect(state).toMatchObject({ cancelled: 1, deadline: undefined })
})

test('an append that is being sent at its deadline is cancelled when all of it is sent: a part would look like the whole', async () => {
  const { client, state, finish } = fakeClient()
  const appending = await appendUntilDeadline(client)
  state.peer = '127.0.0.1:2113'
  expect(await appending.pass()).toMatchObject({ type: 'deadline-exceeded' })
  expect(state).toMatchObject({ cancelled: 0, deadline: undefined })
  finish()
  expect(state.cancelled).toBe(1)
})

test('an append that was sent and not answered is cancelled at its deadline', async () => {
  const { client, state, finish } = fakeClient()
  const appending = await appendUntilDeadline(client)
  state.peer = '127.0.0.1:2113'
  finish()
  expect(await appending.pass()).toMatchObject({ type: 'deadline-exceeded' })
  expect(state.cancelled).toBe(1)
})

test('an append is not handed to a channel that has yet to connect: at its deadline it was not sent, nor is it later', async () => {
  const { client, state, connect } = fakeClient()
  // What gRPC says of a call that it keeps, as of one that it has sent.
  Object.assign(state, { channel: connecting, peer: 'unknown' })
  const appending = await appendUntilDeadline(client)
  expect(await appending.pass()).toMatchObject({ type: 'not-connected' })
  connect(ready)
  await new Promise((resolve) => setImmediate(resolve))
  expect(state.sent).toBe(0)
})

test('an append that was handed over with a connection and is not answered may have been sent', async () => {
  const { client, state, connect } = fakeClient()
  Object.assign(state, { channel: connecting, peer: 'unknown' })
  const appending = await appendUntilDeadline(client)
  connect(ready)
  await new Promise((resolve) => setImmediate(resolve))
  expect(state.sent).toBe(1)
  expect(await appending.pass()).toMatchObject({ type: 'deadline-exceeded' })
})

test('that gRPC had no connection is heard at the deadline too: it says so a turn late', async () => {
  const { client, state } = fakeClient()
  const failure = new Error('14 UNAVAILABLE: No connection established')
  Object.assign(state, { channel: failing, peer: 'unknown', failure })
  const appending = await appendUntilDeadline(client)
  expect(await appending.pass()).toBe(failure)
})
