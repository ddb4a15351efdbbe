import { type BackendCall, ConfigurationError, loadPackage } from '@millrace/core'
import { DriverFailure } from './driver-failure.js'
import type { DynamoClient, ParsedOptions } from './options.js'
import { createRequestSignals } from './request-signals.js'

/** The part of an attempt that sending needs. */
export type SendCall = Pick<BackendCall, 'unlessAborted'>

/** An operation of DynamoDB, as the SDK calls its command without `Command`. */
type Operation =
  'BatchGetItem' | 'CreateTable' | 'DescribeTable' | 'GetItem' | 'PutItem' | 'Query' | 'Scan' | 'TransactWriteItems' | 'UpdateItem'

/** Sends one request; what the SDK throws becomes a {@link DriverFailure}. */
export interface Requests {
  /** A read: ends, and frees its connection, as soon as the caller gives up. Its failure says that nothing was applied. */
  read<T>(operation: Operation, input: object, call: SendCall): Promise<T>
  /** A change: once sent it goes on until the time is up. */
  change<T>(operation: Operation, input: object, call: SendCall): Promise<T>
  /** Makes the client and loads the SDK. */
  open(): Promise<void>
  /** Destroys the adapter's own client. */
  close(): void
}

type Commands = Readonly<Record<string, new (input: object) => unknown>>
type ClientOptions = Pick<ParsedOptions, 'client' | 'clientConfig' | 'region' | 'endpoint' | 'requestTimeoutMs'>
type OwnClient = DynamoClient & { destroy(): void }

/**
 * Requests through the caller's client, or one of our own. Clients live in closures: `util.inspect` of one shows its credentials.
 *
 * @param onTableGone told when the service says that there is no such table.
 */
export function createRequests(options: ClientOptions, onTableGone: () => void = () => undefined): Requests {
  let commands: Commands | undefined
  let client: DynamoClient | undefined
  let own: OwnClient | undefined
  const signals = createRequestSignals()

  async function open(): Promise<void> {
    commands ??= await loadPackage<Commands>('dynamodb', '@aws-sdk/client-dynamodb', () => import('@aws-sdk/client-dynamodb'))
    if (client !== undefined) return
    const { client: given } = options
    if (given === undefined) own = makeClient(commands, options)
    const made = own ?? (typeof given === 'function' ? given() : given)
    if (typeof made?.send !== 'function') throw new ConfigurationError('client is no DynamoDBClient.', { adapter: 'dynamodb' })
    client = made
  }

  /** What the SDK throws is looked at here, whether anybody still waits for it or not. */
  async function send(kind: DriverFailure['kind'], operation: Operation, input: object, abortSignal: AbortSignal): Promise<unknown> {
    const Command = commands?.[`${operation}Command`]
    if (client === undefined || Command === undefined) throw new Error('the client is not open')
    try {
      return await client.send(new Command(input) as never, { abortSignal })
    } catch (error) {
      const failure = new DriverFailure(kind, error)
      // A table made anew holds nothing of what was known of the old one.
      if (failure.code === 'ResourceNotFoundException') onTableGone()
      throw failure
    }
  }

  async function run<T>(operation: Operation, input: object, call: SendCall, kind: DriverFailure['kind']): Promise<T> {
    // Nothing is sent for a caller who has given up.
    await call.unlessAborted('signal', Promise.resolve())
    const request = signals.take()
    try {
      // A client of the caller's may not look at the signal before it has found credentials: the wait ends all the same.
      const sent = send(kind, operation, input, request.control.signal)
      const answer = await call.unlessAborted(kind === 'read' ? 'signal' : 'deadline', sent)
      signals.giveBack(request)
      return answer as T
    } catch (error) {
      if (error instanceof DriverFailure) signals.giveBack(request)
      else request.control.abort(error)
      throw kind === 'read' || error instanceof DriverFailure ? error : new DriverFailure(kind, error)
    }
  }

  return {
    read: (operation, input, call) => run(operation, input, call, 'read'),
    change: (operation, input, call) => run(operation, input, call, 'change'),
    open,
    close() {
      own?.destroy()
      own = undefined
      client = undefined
    },
  }
}

/** What we use of the adapter's own `DynamoDBClient`. */
interface SdkClient {
  readonly config: { readonly requestHandler: { handle(request: unknown, options: object): Promise<unknown> } }
  readonly middlewareStack: {
    add(middleware: () => (args: { readonly input: object; readonly request: unknown }) => Promise<unknown>, place: object): void
  }
  send(command: unknown): Promise<unknown>
  destroy(): void
}

/**
 * The SDK makes one attempt a request: core retries, with what it knows of the call and its deadline, and one loop is easier to bound
 * than two. A caller's client may retry by itself; what it repeated is settled. Without `throwOnRequestTimeout` the SDK only warns. Below 2 s
 * of `connectionTimeout` it loses the timer of a request that is aborted while it connects, and the process lives on until it fires.
 *
 * It puts its chain of middleware together once for each kind of command, a fifth of the time that a put takes here, but only where no
 * options come with the command. So the signal of a request goes beside it, to the last of the chain, which hands it to the handler.
 */
function makeClient(commands: Commands, { clientConfig, region, endpoint, requestTimeoutMs }: ClientOptions): OwnClient {
  const Client = commands.DynamoDBClient as unknown as new (config: object) => SdkClient
  const client = new Client({
    maxAttempts: 1,
    cacheMiddleware: true,
    requestHandler: {
      connectionTimeout: 2000,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: 200 },
      httpsAgent: { keepAlive: true, maxSockets: 200 },
    },
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...clientConfig,
  })
  const signals = new WeakMap<object, AbortSignal>()
  client.middlewareStack.add(
    () =>
      ({ input, request }) =>
        client.config.requestHandler.handle(request, { abortSignal: signals.get(input) }),
    { step: 'deserialize', priority: 'low', name: 'millraceSignal' },
  )
  return {
    send(command: { readonly input: object }, { abortSignal } = {}) {
      if (abortSignal !== undefined) signals.set(command.input, abortSignal)
      return client.send(command)
    },
    destroy: () => client.destroy(),
  }
}
