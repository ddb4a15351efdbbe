import { type AddressInfo, createServer } from 'node:net'
import { type FaultRecord, type FaultRule, type InjectedFault, createFaultRules } from './fault-rule.js'
import { type ProxyLink, createProxyLink } from './proxy-link.js'
import { resetSocket } from './reset-socket.js'

export interface FaultProxyOptions {
  /** Where the server is. */
  readonly host: string
  readonly port: number
  /** Decides what rules with a `chance` or a range of `ms` do: the same connections with the same seed meet the same faults. Default 1. */
  readonly seed?: number | undefined
}

/** A TCP proxy that breaks connections on purpose. Without a rule it passes everything on. It keeps no process alive by itself. */
export interface FaultProxy extends AsyncDisposable {
  /** Where clients connect to, a loopback address and a free port. */
  readonly host: string
  readonly port: number
  /** What struck so far, in order. */
  readonly faults: readonly FaultRecord[]
  /** Connections that are open now. */
  readonly connections: number
  inject(rule: FaultRule): InjectedFault
  /** Resets every open connection. @returns how many. */
  cutAll(): Promise<number>
  /** Until `up()`: every open connection is reset, and new ones are as soon as they are made, as with a server that is down. */
  down(): Promise<void>
  up(): void
  /** Resets what is open and listens no more. */
  close(): Promise<void>
}

/**
 * Starts a proxy before a server, so that a test can lose a request, an answer or a connection where it hurts.
 *
 * @example
 * const proxy = await createFaultProxy({ host: '127.0.0.1', port: 5432 })
 * proxy.inject({ fault: 'cut-after', when: (bytes) => Buffer.from(bytes).includes('COMMIT') })
 *
 * Through TLS the bytes tell nothing: use a schedule (`skip`, `times`) or `chance`.
 */
export async function createFaultProxy({ host, port, seed = 1 }: FaultProxyOptions): Promise<FaultProxy> {
  const rules = createFaultRules(seed)
  const links = new Set<ProxyLink>()
  let [count, refusing] = [0, false]

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (refusing) {
      client.on('error', () => undefined)
      resetSocket(client)
      return
    }
    count += 1
    const link = createProxyLink(client, { host, port }, count, rules)
    links.add(link)
    void link.gone.then(() => links.delete(link))
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(0, '127.0.0.1', resolve)
  })
  listener.unref()
  const address = listener.address() as AddressInfo

  async function cutAll(): Promise<number> {
    const open = [...links]
    for (const link of open) link.cut()
    await Promise.all(open.map((link) => link.gone))
    return open.length
  }
  let closing: Promise<void> | undefined
  async function end(): Promise<void> {
    refusing = true
    const closed = new Promise<void>((resolve) => {
      listener.close(() => resolve())
    })
    await cutAll()
    await closed
  }
  const close = (): Promise<void> => (closing ??= end())

  return {
    host: address.address,
    port: address.port,
    faults: rules.records,
    get connections() {
      return links.size
    },
    inject: rules.inject,
    cutAll,
    async down() {
      refusing = true
      await cutAll()
    },
    up() {
      refusing = false
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
