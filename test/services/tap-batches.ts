import { Client, Metadata, Server, ServerCredentials, type ServerDuplexStream, type StatusObject, credentials } from '@grpc/grpc-js'

/** Stands before a node and passes batch appends and the look-up of features on as they are, byte by byte. */
export interface BatchTap {
  readonly port: number
  /** The requests of batch appends, as they were sent. */
  readonly requests: readonly Buffer[]
  stop(): void
}

const asItIs = (bytes: Buffer): Buffer => bytes
const methods = {
  batchAppend: '/event_store.client.streams.Streams/BatchAppend',
  getSupportedMethods: '/event_store.client.server_features.ServerFeatures/GetSupportedMethods',
} as const

export async function tapBatches(nodePort: number): Promise<BatchTap> {
  const requests: Buffer[] = []
  const node = new Client(`127.0.0.1:${nodePort}`, credentials.createInsecure())
  const server = new Server()
  for (const [name, path] of Object.entries(methods)) {
    const definition = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    }
    server.addService(
      { [name]: definition },
      {
        [name](call: ServerDuplexStream<Buffer, Buffer>) {
          const onward = node.makeBidiStreamRequest<Buffer, Buffer>(path, asItIs, asItIs, new Metadata())
          call.on('data', (bytes: Buffer) => {
            if (path === methods.batchAppend) requests.push(bytes)
            onward.write(bytes)
          })
          call.on('end', () => onward.end())
          call.on('cancelled', () => onward.cancel())
          onward.on('data', (bytes: Buffer) => call.write(bytes))
          onward.on('error', () => undefined)
          onward.on('status', (status: StatusObject) => (status.code === 0 ? call.end() : call.emit('error', status)))
        },
      },
    )
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error)))
  })
  return {
    port,
    requests,
    stop() {
      server.forceShutdown()
      node.close()
    },
  }
}
