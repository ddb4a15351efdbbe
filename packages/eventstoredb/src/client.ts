import { type BackendCall, ConfigurationError, missingPackage } from '@millrace/core'
import type { ConnectionUrl } from './connection-url.js'
import type { DriverAppendResult, DriverEvent, DriverPosition, EventStoreDBClient } from './driver.js'
import { typeOf } from './map-error.js'
import type { ParsedOptions } from './options.js'
import { type BatchClient, refusedBatch } from './refused-batch.js'

/** What a call may be given; each client reads its own name of the expectation. */
export type Expectation = 'any' | 'no_stream' | 'stream_exists' | bigint

export interface NewDriverEvent {
  readonly id: string
  readonly type: string
  readonly contentType: 'application/json' | 'application/octet-stream'
  readonly data: unknown
  readonly metadata?: object | undefined
}

/** The client of an adapter. It lives in a closure: `util.inspect` of a client shows the password. */
export interface Session {
  /** The client, made on first use. Errors: `configuration`. */
  client(): EventStoreDBClient
  /** Who reads: the client, or one that took over from it. */
  reader(): EventStoreDBClient
  /**
   * Is told how a read failed, and whose it was. The native code of 1.3.1 goes where a node says that the leader is, and never leaves there, even when
   * nobody is there: every read fails at once, for ever. Then another client of the same URL takes over; one handed in cannot be made again.
   */
  readFailed(reader: EventStoreDBClient, error: unknown): void
  /** One call of its own per append, with a deadline; see {@link unary}. */
  append(streamName: string, events: readonly NewDriverEvent[], expected: Expectation, call: BackendCall): Promise<DriverAppendResult>
  /** An append of no events that is refused, in the same way but as a batch: see {@link refusedBatch}. */
  appendNothing(streamName: string, revision: bigint, call: BackendCall): Promise<unknown>
  /** Soft delete or tombstone, in the same way. */
  remove(how: 'deleteStream' | 'tombstoneStream', streamName: string, expected: Expectation, call: BackendCall): Promise<unknown>
  /** The highest position that this adapter has seen: what is sent now gets a higher one. */
  seen: DriverPosition | undefined
  /** 1.3.1 reads by native code: calls that nothing cancels, and whole seconds of `created` where it follows milliseconds. */
  readonly nativeReads: boolean
  /** The adapter's own: how long the server may take to confirm a subscription. */
  readonly timeoutMs: number
  open(): Promise<void>
  close(): Promise<void>
}

/** Members of both clients that are not public. They are functions bound to the client, so they work on another `this`. */
interface Internals {
  execute?(kind: unknown, name: string, action: (grpc: GrpcClient) => unknown): Promise<unknown>
  callArguments?(options: object): readonly [metadata: unknown, options: object]
  handleError?(...args: readonly unknown[]): Promise<void>
  getChannel?(): Promise<GrpcChannel>
}
interface GrpcClient {
  getChannel(): GrpcChannel
  append(metadata: unknown, options: object, answer: unknown): GrpcCall
  delete(request: unknown, metadata: unknown, options: object, answer: unknown): GrpcCall
  tombstone(request: unknown, metadata: unknown, options: object, answer: unknown): GrpcCall
  batchAppend(metadata: unknown, options: object): GrpcCall & ReturnType<BatchClient['batchAppend']>
  readonly constructor: unknown
}
/** What a client does with its client of gRPC to change something. */
type Action = (grpc: Pick<GrpcClient, 'append' | 'delete' | 'tombstone'>) => unknown
interface BatchClientClass {
  readonly service: BatchClient['service']
}
interface GrpcCall {
  /** The target of the channel, until the call is put on a connection. */
  getPeer(): string
  cancel(): void
  once(event: 'finish', listener: () => void): unknown
}
interface GrpcChannel {
  getTarget(): string
  getConnectivityState(connect: boolean): number
  /** Calls back when the state is another one, and at the deadline. */
  watchConnectivityState(state: number, deadline: Date, listener: () => void): void
  close(): void
}
/** States of a channel, as gRPC numbers them. */
const [idle, connecting, shutDown] = [0, 1, 4] as const

export function createSession(options: ParsedOptions): Session {
  let client: EventStoreDBClient | undefined
  let change: Unary | undefined
  let channel: Promise<GrpcChannel> | undefined
  const own = options.connection !== undefined
  let remake: (() => EventStoreDBClient) | undefined
  let successor: EventStoreDBClient | undefined
  /** Clients that were sent to another node. */
  const sentOn = new WeakSet<EventStoreDBClient>()

  function use(made: EventStoreDBClient): void {
    if (typeof made?.appendToStream !== 'function' || typeof made.readStream !== 'function')
      throw new ConfigurationError('client is no client of @eventstore/db-client or @kurrent/kurrentdb-client.', {
        adapter: 'eventstoredb',
      })
    takeIntoUse(packageOf(made))
    guardErrors(made)
    change = unary(made)
    client = made
  }
  /** `dispose()` ends the streams of a client and leaves its connection open; the channel in use is remembered, so that it can be closed. */
  function rememberChannel(made: EventStoreDBClient): void {
    const internals = made as Internals
    const { getChannel } = internals
    if (getChannel === undefined) return
    internals.getChannel = () => (channel = getChannel())
  }

  function opened(): EventStoreDBClient {
    if (client === undefined) throw new Error('the client is not open')
    return client
  }

  function send<T>(by: Change<T>, expected: Expectation, call: BackendCall, asBatch?: AsBatch): Promise<T> {
    if (change === undefined) throw new Error('the client is not open')
    const deadline = Math.ceil(call.remainingMs())
    const { sent, giveUp } = change(by, { expectedRevision: expected, streamState: expected, requiresLeader: true, deadline }, asBatch)
    return answered(call, sent, giveUp)
  }

  return {
    seen: undefined,
    timeoutMs: options.timeoutMs ?? 10_000,
    get nativeReads() {
      return client !== undefined && packageOf(client) === 'kurrentdb'
    },
    async open() {
      if (client !== undefined) return
      const { connection, client: given } = options
      if (connection === undefined) {
        use(typeof given === 'function' ? given() : (given as EventStoreDBClient))
        return
      }
      remake = await loadClient(connection)
      const made = remake()
      rememberChannel(made)
      use(made)
    },
    client: opened,
    reader: () => successor ?? opened(),
    readFailed(reader, error) {
      if (client === undefined || packageOf(client) !== 'kurrentdb') return
      if (typeOf(error) === 'not-leader') sentOn.add(reader)
      // Others may have found out before.
      else if (typeOf(error) === 'unavailable' && sentOn.has(reader) && reader === (successor ?? client)) successor = remake?.()
    },
    append: (streamName, events, expected, call) =>
      send((client, options) => client.appendToStream(streamName, events as unknown as DriverEvent[], options), expected, call),
    appendNothing: (streamName, revision, call) =>
      send(
        (client, options) => client.appendToStream(streamName, [], options),
        revision,
        call,
        (grpc, its) => refusedBatch(grpc, its, streamName, revision),
      ),
    remove: (how, streamName, expected, call) => send((client, options) => client[how](streamName, options), expected, call),
    async close() {
      const ending = client
      client = undefined
      // It has no connection but of its reads, which are over.
      successor = undefined
      change = undefined
      if (!own || ending === undefined) return
      // It cancels at once, and then waits for the ends of its streams, of which one that nobody takes from has none.
      await Promise.race([ending.dispose(), twoTurns()])
      await channel?.then(
        (one) => one.close(),
        () => undefined,
      )
    },
  }
}

/**
 * The answer to a change, or an error of ours at the deadline, whose own reason does not tell what was sent from what was not. What is under way
 * in this process by then still counts: an answer, or gRPC's word, two turns late, that it had no connection.
 *
 * @param giveUp says whether nothing was sent, and sees to it that nothing will be.
 */
async function answered<T>(call: BackendCall, sent: Promise<T>, giveUp: () => boolean): Promise<T> {
  try {
    return await call.unlessAborted('deadline', sent)
  } catch (error) {
    if (!call.deadline.aborted || error !== call.deadline.reason) throw error
    const late = await Promise.race([sent.then((answer) => ({ answer })), twoTurns()])
    if (late !== undefined) return late.answer
    if (giveUp()) throw notConnected()
    throw Object.assign(new Error('no answer until the deadline'), { type: 'deadline-exceeded' })
  }
}

async function twoTurns(): Promise<undefined> {
  for (let turn = 1; turn <= 2; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

function notConnected(): Error {
  return Object.assign(new Error('no connection until the deadline'), { type: 'not-connected' })
}

/** Only 1.3.1 reads by native code. What a caller has wrapped around a client, without the members that are not public, does not say: undefined. */
function packageOf(client: EventStoreDBClient): keyof typeof packages | undefined {
  if ('rustClient' in client) return 'kurrentdb'
  return 'execute' in client ? 'esdb' : undefined
}

interface ChangeOptions {
  readonly expectedRevision: Expectation
  readonly streamState: Expectation
  readonly requiresLeader: true
  /** Milliseconds. */
  readonly deadline: number
}

/** What is asked of a client. */
type Change<T> = (
  client: Pick<EventStoreDBClient, 'appendToStream' | 'deleteStream' | 'tombstoneStream'>,
  options: ChangeOptions,
) => Promise<T>

/** What is done instead of what the client would do. */
type AsBatch = (grpc: BatchClient, its: readonly [metadata: unknown, options: object]) => Promise<never>

type Unary = <T>(by: Change<T>, options: ChangeOptions, asBatch?: AsBatch) => OngoingChange<T>

interface OngoingChange<T> {
  readonly sent: Promise<T>
  /** Ends it where that tears nothing. @returns whether nothing of it was sent, nor will be. */
  giveUp(): boolean
}

/**
 * Changes by a call of its own each. Left to themselves both clients send all appends of a process through one long call, where one failure
 * rejects those of everybody, without a deadline, after a look-up of the server's features that may hang. They take the other way
 * when the server does not support that, which is what they are told here; the credentials of the client are used as they are.
 *
 * On that way a channel that was closed a moment ago throws where nobody can catch it: it is looked at before. And the deadline is not left to
 * gRPC: Node.js ends the requests of a call that is cancelled before it resets it, so what was sent of a batch until then would look to the
 * server like all of it. Such a call is cancelled before its first event is sent or after its last.
 *
 * Nor is a call handed to a channel that has yet to connect: gRPC keeps it, and does not tell whether it is still there or was sent and not
 * answered. So what has no connection at its deadline was not sent, for certain.
 */
function unary(client: EventStoreDBClient): Unary {
  const { appendToStream, deleteStream, tombstoneStream } = client
  const { execute, callArguments } = client as Internals
  if (execute === undefined || callArguments === undefined) return (by, options) => ({ sent: by(client, options), giveUp: () => false })
  return (by, options, asBatch) => {
    const endsAt = Date.now() + options.deadline
    const its = callArguments(options)
    let ongoing: GrpcCall | undefined
    let [target, isWhole, isGivenUp] = ['', false, false]
    function started<Call extends GrpcCall>(call: Call, whole: boolean): Call {
      isWhole = whole
      call.once('finish', () => {
        isWhole = true
        if (isGivenUp) call.cancel()
      })
      ongoing = call
      return call
    }
    function handOver(grpc: GrpcClient, action: Action): unknown {
      const channel = grpc.getChannel()
      if (isGivenUp || channel.getConnectivityState(false) === shutDown) throw new Error('Channel has been shut down')
      target = channel.getTarget()
      if (asBatch !== undefined) {
        const batchAppend: BatchClient['batchAppend'] = (metadata, own) =>
          started(grpc.batchAppend(metadata, { ...own, deadline: undefined }), true)
        return asBatch({ batchAppend, service: (grpc.constructor as BatchClientClass).service }, its)
      }
      return action({
        append: (metadata, its, answer) => started(grpc.append(metadata, { ...its, deadline: undefined }, answer), false),
        // Of one message, so nothing of it can be torn.
        delete: (request, metadata, its, answer) => started(grpc.delete(request, metadata, { ...its, deadline: undefined }, answer), true),
        tombstone: (request, metadata, its, answer) =>
          started(grpc.tombstone(request, metadata, { ...its, deadline: undefined }, answer), true),
      })
    }
    const told = {
      appendToStream,
      deleteStream,
      tombstoneStream,
      supports: () => Promise.resolve(false),
      throwOnAppendFailure: true,
      callArguments,
      execute: (kind: unknown, name: string, action: Action) =>
        execute(kind, name, (grpc) => {
          const channel = grpc.getChannel()
          return isConnecting(channel) ? untilConnected(channel, endsAt).then(() => handOver(grpc, action)) : handOver(grpc, action)
        }),
    }
    return {
      sent: by(told, options),
      giveUp() {
        isGivenUp = true
        const isUnsent = ongoing === undefined || ongoing.getPeer() === target
        if (isUnsent || isWhole) ongoing?.cancel()
        return isUnsent
      },
    }
  }
}

function isConnecting(channel: GrpcChannel): boolean {
  const state = channel.getConnectivityState(false)
  return state === idle || state === connecting
}

/** Until there is a connection, or none can be made. Rejects at the deadline. */
async function untilConnected(channel: GrpcChannel, endsAt: number): Promise<void> {
  while (isConnecting(channel)) {
    if (Date.now() >= endsAt) throw notConnected()
    const state = channel.getConnectivityState(true)
    await new Promise<void>((resolve) => channel.watchConnectivityState(state, new Date(endsAt), resolve))
  }
}

const guarded = new WeakSet<EventStoreDBClient>()

/** After a failed call both clients look whether to connect anew, in a promise that nobody holds: it rejects when no node is found. */
function guardErrors(client: EventStoreDBClient): void {
  const internals = client as Internals
  const { handleError } = internals
  if (handleError === undefined || guarded.has(client)) return
  guarded.add(client)
  internals.handleError = (...args) => handleError(...args).catch(() => undefined)
}

const packages = { esdb: '@eventstore/db-client', kurrentdb: '@kurrent/kurrentdb-client' } as const

interface ClientModule {
  readonly EventStoreDBClient?: { connectionString(url: string): EventStoreDBClient }
  readonly KurrentDBClient?: { connectionString(url: string): EventStoreDBClient }
}

/** The one package of this process, also where its client was handed in: the protobuf registries of the two overwrite each other. */
let inUse: keyof typeof packages | undefined

/** Errors: `configuration`, when the other one is in use. */
function takeIntoUse(wanted: typeof inUse): void {
  inUse ??= wanted
  if (wanted === undefined || wanted === inUse) return
  throw new ConfigurationError(`the client is of "${packages[wanted]}", and "${packages[inUse ?? wanted]}" is in use in this process.`, {
    adapter: 'eventstoredb',
    hint: 'Use one of the two packages in a process: what they register with protobuf overwrites each other.',
  })
}

let loaded: Promise<{ readonly scheme: 'esdb' | 'kurrentdb'; readonly module: ClientModule }> | undefined

/** What makes a client of the URL. */
async function loadClient({ scheme, discover, rest }: ConnectionUrl): Promise<() => EventStoreDBClient> {
  loaded ??= loadPackage(scheme).catch((error: unknown) => {
    loaded = undefined
    throw error
  })
  const { scheme: spoken, module } = await loaded
  takeIntoUse(spoken)
  const Client = module.EventStoreDBClient ?? module.KurrentDBClient
  if (Client === undefined)
    throw new ConfigurationError(`the package "${packages[spoken]}" exports no client.`, { adapter: 'eventstoredb' })
  return () => {
    try {
      return Client.connectionString(`${spoken}${discover ? '+discover' : ''}://${rest}`)
    } catch (error) {
      // The message may repeat the URL, and with it a password.
      const missing = error instanceof Error && error.message.includes('File was not found')
      throw new ConfigurationError(
        missing ? 'a certificate or key file of the connection URL was not found.' : 'the client refuses the connection URL.',
        { adapter: 'eventstoredb', hint: 'Check hosts and parameters.' },
      )
    }
  }
}

async function loadPackage(wanted: 'esdb' | 'kurrentdb'): NonNullable<typeof loaded> {
  const other = wanted === 'esdb' ? 'kurrentdb' : 'esdb'
  for (const scheme of inUse === undefined ? ([wanted, other] as const) : [inUse]) {
    const name: string = packages[scheme]
    try {
      const module = (await import(name)) as ClientModule & { readonly default?: ClientModule }
      return {
        scheme,
        module: module.EventStoreDBClient === undefined && module.KurrentDBClient === undefined ? (module.default ?? {}) : module,
      }
    } catch (error) {
      const { code } = error as { readonly code?: unknown }
      if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND')
        throw new ConfigurationError(`the package "${name}" could not be loaded.`, { adapter: 'eventstoredb', cause: error })
    }
  }
  throw missingPackage('eventstoredb', [packages[inUse ?? wanted]])
}
