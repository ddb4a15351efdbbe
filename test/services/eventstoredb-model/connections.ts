import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { resetSocket } from '../../../packages/core/src/testing/reset-socket.js'

/** The network before a node: what connections can suffer without a word from the node. */
export interface Connections {
  readonly port: number
  /** Breaks the connection that reaches the node from this local port. */
  cut(upstreamPort: number): void
  cutAll(): void
  /** Connections stay, and nothing passes: what a silent half-open connection looks like. */
  freeze(): void
  thaw(): void
  /** Nobody listens: connections are refused. */
  close(): Promise<void>
  open(): Promise<void>
}

/** Listens on a free port of 127.0.0.1, or on a given one, and passes everything on. */
export async function createConnections(targetPort: () => number, givenPort = 0): Promise<Connections> {
  const pairs = new Map<Socket, Socket>()
  let frozen = false
  let server: Server
  let port = givenPort
  const accept = (client: Socket): void => {
    const upstream = connect({ host: '127.0.0.1', port: targetPort(), noDelay: true })
    client.setNoDelay(true)
    pairs.set(client, upstream)
    const end = (): void => {
      pairs.delete(client)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
    if (frozen) return
    client.pipe(upstream)
    upstream.pipe(client)
  }
  const open = async (): Promise<void> => {
    server = createServer(accept)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
    port = (server.address() as AddressInfo).port
  }
  const cutAll = (): void => {
    for (const client of pairs.keys()) resetSocket(client)
  }
  await open()
  return {
    get port() {
      return port
    },
    cut(upstreamPort) {
      for (const [client, upstream] of pairs) if (upstream.localPort === upstreamPort) resetSocket(client)
    },
    cutAll,
    freeze() {
      frozen = true
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream)
        upstream.unpipe(client)
      }
    },
    thaw() {
      frozen = false
      for (const [client, upstream] of pairs) {
        client.pipe(upstream)
        upstream.pipe(client)
      }
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      cutAll()
      await closed
    },
    open,
  }
}
