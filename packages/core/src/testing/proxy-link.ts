import { type Socket, connect } from 'node:net'
import type { FaultRules, Strike } from './fault-rule.js'
import { resetSocket } from './reset-socket.js'

/** One connection through the proxy. */
export interface ProxyLink {
  /** Resets both ends. */
  cut(): void
  /** Resolves when both ends are gone. */
  readonly gone: Promise<void>
}

/** Leads a client's connection to the server, as far as the rules let it. */
export function createProxyLink(
  client: Socket,
  target: { readonly host: string; readonly port: number },
  connection: number,
  rules: FaultRules,
): ProxyLink {
  const server = connect({ ...target, allowHalfOpen: true })
  const gone = Promise.all([closed(client), closed(server)]).then(() => undefined)
  let hung = false
  /** Set while an answer is being swallowed. */
  let swallowing: Strike | undefined

  function cut(): void {
    resetSocket(client)
    resetSocket(server)
  }
  for (const [socket, other] of [
    [client, server],
    [server, client],
  ] as const) {
    socket.setNoDelay(true)
    // One end that fails takes the other with it; with a connection that hangs neither hears of it.
    socket.on('error', () => {
      if (!hung) resetSocket(other)
    })
    socket.on('close', () => {
      if (!other.destroyed && !hung) other.destroySoon()
    })
  }

  /** Whether the connection goes on. A delay keeps the direction's later bytes waiting, so their order holds. */
  async function apply(strike: Strike | undefined, pass: () => Promise<void>): Promise<void> {
    switch (strike?.fault) {
      case undefined:
        return pass()
      case 'cut-before':
        return cut()
      case 'cut-after':
        if (strike.on === 'request') swallowing = strike
        await pass()
        if (strike.on === 'connect') cut()
        if (strike.on !== 'response') return
        // Not reset: that could take back what was passed on.
        client.end()
        resetSocket(server)
        return
      case 'delay':
        await waited(strike.ms, gone)
        return pass()
      case 'hang':
        hung = true
        return
      case 'half-close':
        await pass()
        client.end()
    }
  }
  async function toServer(bytes: Buffer): Promise<void> {
    await apply(rules.strike('request', bytes, connection), () => write(server, bytes))
  }
  async function toClient(bytes: Buffer): Promise<void> {
    if (swallowing !== undefined) {
      if (swallowing.answered(bytes)) cut()
      return
    }
    await apply(rules.strike('response', bytes, connection), () => (client.writable ? write(client, bytes) : Promise.resolve()))
  }

  /** Passes on what one end says, chunk by chunk, until that end has said all. */
  async function pump(from: Socket, to: Socket, pass: (bytes: Buffer) => Promise<void>): Promise<void> {
    try {
      for await (const bytes of from.iterator({ destroyOnReturn: false })) {
        if (!hung) await pass(bytes as Buffer)
      }
      if (!hung) to.end()
    } catch {
      // The end is gone; its 'error' has taken the other with it.
    }
  }

  void apply(rules.strike('connect', Buffer.alloc(0), connection), async () => undefined).then(() => {
    void pump(client, server, toServer)
    void pump(server, client, toClient)
  })
  return { cut, gone }
}

/** Resolves when the bytes are in the hands of the operating system, or the socket is gone. */
function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, () => resolve())
  })
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}

/** Waits, but not for a connection that is gone. */
async function waited(ms: number, gone: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  await Promise.race([
    gone,
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    }),
  ])
  clearTimeout(timer)
}
