import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { handleAppend, handleBatchAppend, handleDelete, handleTombstone } from './change-calls.js'
import { createConnections } from './connections.js'
import { GossipService, ServerFeaturesService, StreamsService } from './definitions.js'
import { type Fault, type Faults, createFaults } from './faults.js'
import { createKnownIds } from './known-ids.js'
import type { ModelNode } from './model-node.js'
import { handleFeatures, handleGossip } from './node-calls.js'
import { createNodeData } from './node-data.js'
import { handleRead } from './read-calls.js'
import { type ModelRules, serverRules } from './rules.js'

export interface EventStoreModelOptions {
  /** What befalls calls from the first one on; `faults` of the running model takes more. */
  readonly faults?: readonly Fault[]
  /** Of the faults that befall a share of the calls; default 1. */
  readonly seed?: number
  /** Default: a free one. */
  readonly port?: number
  /** Names and passwords of those who may do something; default: everybody may, and nobody is asked. */
  readonly users?: Readonly<Record<string, string>>
  /** Certificate and key, PEM: TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string }
  /** Memory for ids of recent events; default 8 MiB, as on a real node. */
  readonly knownIdBytes?: number
  /** Other rules than the server's, for the test of the model. */
  readonly rules?: ModelRules
}

/** A model that serves. What it stored lives as long as it does, over restarts. */
export interface EventStoreModel {
  /** For a client: `esdb://127.0.0.1:<port>?tls=false`. */
  readonly url: string
  readonly port: number
  readonly faults: Faults
  /** Calls whose answer is not finished, of all clients. */
  readonly openCalls: number
  /** Breaks every connection. */
  killConnections(): void
  /** From now on nothing passes over any connection, in either direction, and no connection ends. */
  freeze(): void
  thaw(): void
  /** Ends every subscription with OK, as a node does that shuts down politely. */
  endSubscriptions(): void
  /** Breaks every connection and refuses new ones, until `up`. */
  down(): Promise<void>
  /** Listens again, on the same port. The node kept what was stored and forgot which ids are recent. */
  up(): Promise<void>
  /** `down`, then `up`. */
  restart(): Promise<void>
  stop(): Promise<void>
}

const mebibyte = 1024 * 1024

/**
 * Starts the protocol model of EventStoreDB: a node of one process and no disk that speaks the streams protocol (read, append, batch append,
 * delete, tombstone, subscriptions), server features and gossip. Recordings of a real node prove it, `rules.ts` says what it does.
 */
export async function startEventStoreModel(options: EventStoreModelOptions = {}): Promise<EventStoreModel> {
  const { rules = serverRules, tls } = options
  const data = createNodeData(rules)
  const faults = createFaults(options.faults, options.seed)
  let targetPort = 0
  const node: ModelNode = {
    data,
    knownIds: createKnownIds(rules, options.knownIdBytes),
    life: 0,
    faults,
    openCalls: new Set(),
    followers: new Set(),
    subscriptions: new Set(),
    users: options.users,
    leader: () => ({ host: '127.0.0.1', port: connections.port }),
    cut: (peer) => connections.cut(Number(peer.slice(peer.lastIndexOf(':') + 1))),
  }
  // A hundred calls of a connection at a time, as the server's web host has it: a client that leaves reads open runs into it.
  const server = new Server({
    'grpc.max_receive_message_length': 20 * mebibyte,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 100,
  })
  addServices(server, node)
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(tls.certificate), private_key: Buffer.from(tls.key) }])
  targetPort = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)))
  })
  const connections = await createConnections(() => targetPort, options.port)
  const down = async (): Promise<void> => {
    node.life += 1
    await connections.close()
    node.openCalls.clear()
    node.knownIds = createKnownIds(rules, options.knownIdBytes)
  }
  return {
    get url() {
      return `esdb://127.0.0.1:${connections.port}?tls=${tls !== undefined}`
    },
    get port() {
      return connections.port
    },
    faults,
    get openCalls() {
      return node.openCalls.size
    },
    killConnections: () => connections.cutAll(),
    freeze: () => connections.freeze(),
    thaw: () => connections.thaw(),
    endSubscriptions() {
      for (const end of [...node.subscriptions]) end()
    },
    down,
    up: () => connections.open(),
    async restart() {
      await down()
      await connections.open()
    },
    async stop() {
      await connections.close()
      server.forceShutdown()
    },
  }
}

function addServices(server: Server, node: ModelNode): void {
  const bind = <Call extends readonly unknown[]>(handle: (node: ModelNode, ...call: Call) => void) =>
    ((...call: Call) => handle(node, ...call)) as unknown as UntypedServiceImplementation[string]
  // A unary call that ends without its message has an answer too, which grpc-js leaves to handlers of request streams only.
  const asRequestStream = { requestStream: true }
  const streams: ServiceDefinition = {
    ...StreamsService,
    delete: { ...StreamsService.delete, ...asRequestStream },
    tombstone: { ...StreamsService.tombstone, ...asRequestStream },
  } as unknown as ServiceDefinition
  server.addService(streams, {
    read: bind(handleRead),
    append: bind(handleAppend),
    batchAppend: bind(handleBatchAppend),
    delete: bind(handleDelete),
    tombstone: bind(handleTombstone),
  })
  server.addService(ServerFeaturesService as unknown as ServiceDefinition, { getSupportedMethods: bind(handleFeatures) })
  server.addService(GossipService as unknown as ServiceDefinition, { read: bind(handleGossip) })
}
