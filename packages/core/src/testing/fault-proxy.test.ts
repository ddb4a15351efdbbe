import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type FaultProxy, createFaultProxy } from './fault-proxy.js'
import { resetSocket } from './reset-socket.js'

/** A server that answers each line with `done <line>`, and what it has done. */
interface LineServer {
  readonly port: number
  readonly done: string[]
  readonly ended: string[]
  readonly open: ReadonlySet<Socket>
}

/** A connection, what it heard, and how it ended. */
interface Client {
  readonly socket: Socket
  say(line: string): void
  heard(): string
  /** Resolves when this was heard. */
  hears(text: string): Promise<void>
  /** Resolves when the server will say no more. */
  readonly fin: Promise<void>
  readonly closed: Promise<'reset' | 'closed'>
}

const opened: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

/** As `once`, but an 'error' is not the end of it. */
function happens(socket: Socket, event: 'data' | 'end' | 'close'): Promise<void> {
  return new Promise((resolve) => {
    socket.once(event, () => resolve())
  })
}

async function lineServer(): Promise<LineServer> {
  const [done, ended, open]: [string[], string[], Set<Socket>] = [[], [], new Set()]
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    let rest = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        done.push(line)
        socket.write(`done ${line}\n`)
      }
    })
    socket.on('end', () => {
      ended.push('end')
      socket.end()
    })
    socket.on('error', () => ended.push('error'))
    socket.on('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, done, ended, open }
}

async function started(seed?: number): Promise<{ server: LineServer; proxy: FaultProxy }> {
  const server = await lineServer()
  const proxy = await createFaultProxy({ host: '127.0.0.1', port: server.port, seed })
  opened.push(() => proxy.close())
  return { server, proxy }
}

function client(proxy: FaultProxy): Client {
  const socket = connect({ host: proxy.host, port: proxy.port, allowHalfOpen: true })
  opened.push(() => void socket.destroy())
  let [heard, failed] = ['', false]
  socket.setEncoding('utf8').on('data', (text: string) => {
    heard += text
  })
  socket.on('error', () => {
    failed = true
  })
  return {
    socket,
    say: (line) => void socket.write(`${line}\n`),
    heard: () => heard,
    async hears(text) {
      while (!heard.includes(text)) await happens(socket, 'data')
    },
    fin: happens(socket, 'end'),
    closed: happens(socket, 'close').then(() => (failed ? 'reset' : 'closed')),
  }
}

const says = (text: string) => (bytes: Uint8Array) => Buffer.from(bytes).includes(text)

describe('createFaultProxy', () => {
  test('without a rule passes everything on, both ways and to the end', async () => {
    const { server, proxy } = await started()
    const one = client(proxy)
    const long = 'x'.repeat(3_000_000)
    one.say(long)
    one.say('b')
    await one.hears('done b\n')
    one.socket.end()
    expect(await one.closed).toBe('closed')
    expect(one.heard()).toBe(`done ${long}\ndone b\n`)
    expect(server.ended).toEqual(['end'])
    expect(proxy.faults).toEqual([])
  })
  test('cut-before: the request never arrives', async () => {
    const { server, proxy } = await started()
    proxy.inject({ fault: 'cut-before', when: says('commit') })
    const one = client(proxy)
    one.say('begin')
    await one.hears('done begin\n')
    one.say('commit')
    expect(await one.closed).toBe('reset')
    expect(server.done).toEqual(['begin'])
    expect(proxy.faults).toEqual([{ fault: 'cut-before', on: 'request', connection: 1 }])
  })
  test('cut-after: the request is done, its answer swallowed', async () => {
    const { server, proxy } = await started()
    const rule = proxy.inject({ fault: 'cut-after', when: says('commit') })
    const one = client(proxy)
    one.say('commit')
    expect(await one.closed).toBe('reset')
    await rule.struck
    expect([server.done, one.heard(), rule.strikes]).toEqual([['commit'], '', 1])
    // The rule is used up: the next one gets its answer.
    const two = client(proxy)
    two.say('commit')
    await two.hears('done commit\n')
  })
  test('cut-after: an answer in parts is swallowed to its end', async () => {
    const { server, proxy } = await started()
    proxy.inject({ fault: 'cut-after', when: says('one'), answered: says('two') })
    const one = client(proxy)
    one.say('one')
    while (server.done.length === 0) await new Promise((resolve) => setImmediate(resolve))
    one.say('two')
    expect(await one.closed).toBe('reset')
    expect([server.done, one.heard()]).toEqual([['one', 'two'], ''])
  })
  test('cut-before and cut-after of an answer', async () => {
    const { server, proxy } = await started()
    proxy.inject({ fault: 'cut-before', on: 'response' })
    const one = client(proxy)
    one.say('a')
    expect(await one.closed).toBe('reset')
    expect([server.done, one.heard()]).toEqual([['a'], ''])
    proxy.inject({ fault: 'cut-after', on: 'response' })
    const two = client(proxy)
    two.say('b')
    await two.fin
    expect(two.heard()).toBe('done b\n')
  })
  test('delay keeps the order', async () => {
    const { server, proxy } = await started()
    const startedAt = performance.now()
    proxy.inject({ fault: 'delay', ms: 60 })
    const one = client(proxy)
    one.say('a')
    await one.hears('done a\n')
    // Timers may come due a little early.
    expect(performance.now() - startedAt).toBeGreaterThan(55)
    one.say('b')
    await one.hears('done b\n')
    expect(server.done).toEqual(['a', 'b'])
  })
  test('hang: neither side hears from the other, until it is cut', async () => {
    const { server, proxy } = await started()
    const rule = proxy.inject({ fault: 'hang', when: says('b') })
    const one = client(proxy)
    one.say('a')
    await one.hears('done a\n')
    one.say('b')
    await rule.struck
    for (const socket of server.open) socket.write('unheard\n')
    const other = client(proxy)
    other.say('c')
    await other.hears('done c\n')
    expect([server.done, one.heard(), one.socket.destroyed]).toEqual([['a', 'c'], 'done a\n', false])
    expect(await proxy.cutAll()).toBe(2)
    expect(await one.closed).toBe('reset')
  })
  test('half-close: the server says no more, and still hears', async () => {
    const { server, proxy } = await started()
    proxy.inject({ fault: 'half-close', when: says('a') })
    const one = client(proxy)
    one.say('a')
    await one.fin
    one.say('b')
    while (server.done.length < 2) await new Promise((resolve) => setImmediate(resolve))
    one.socket.end()
    await one.closed
    expect(server.done).toEqual(['a', 'b'])
  })
  test('skip and times make a schedule; remove() ends it', async () => {
    const { server, proxy } = await started()
    const rule = proxy.inject({ fault: 'cut-before', skip: 1, times: 2 })
    const fates: string[] = []
    for (const line of ['a', 'b', 'c', 'd']) {
      const one = client(proxy)
      one.say(line)
      fates.push(await Promise.race([one.hears('done').then(() => 'done'), one.closed]))
    }
    expect(fates).toEqual(['done', 'reset', 'reset', 'done'])
    expect(rule.strikes).toBe(2)
    proxy.inject({ fault: 'cut-before', times: Infinity }).remove()
    const last = client(proxy)
    last.say('e')
    await last.hears('done e')
    expect(server.done).toEqual(['a', 'd', 'e'])
  })
  test('the same seed strikes the same requests, another seed others', async () => {
    const run = async (seed: number): Promise<string> => {
      const { proxy } = await started(seed)
      proxy.inject({ fault: 'cut-before', chance: 0.5, times: Infinity })
      let fates = ''
      for (let n = 0; n < 24; n += 1) {
        const one = client(proxy)
        one.say('a')
        fates += await Promise.race([one.hears('done').then(() => '.'), one.closed.then(() => 'x')])
      }
      return fates
    }
    const [first, again, other] = [await run(5), await run(5), await run(6)]
    expect(first).toBe(again)
    expect(first).not.toBe(other)
    expect(first).toMatch(/x.*\.|\..*x/u)
  })
  test('down: what is open is reset, new connections too; up: they are led on again', async () => {
    const { proxy } = await started()
    const one = client(proxy)
    one.say('a')
    await one.hears('done')
    await proxy.down()
    expect(await one.closed).toBe('reset')
    expect(proxy.connections).toBe(0)
    const refused = client(proxy)
    expect(await refused.closed).toBe('reset')
    proxy.up()
    const two = client(proxy)
    two.say('b')
    await two.hears('done b')
  })
  test('a fault on connecting: cut, or nothing ever heard', async () => {
    const { server, proxy } = await started()
    proxy.inject({ fault: 'cut-before', on: 'connect' })
    expect(await client(proxy).closed).toBe('reset')
    const hang = proxy.inject({ fault: 'hang', on: 'connect' })
    const one = client(proxy)
    one.say('a')
    await hang.struck
    const two = client(proxy)
    two.say('b')
    await two.hears('done b')
    expect([server.done, one.heard()]).toEqual([['b'], ''])
  })
  test('a server that is not there: the connection is reset', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const proxy = await createFaultProxy({ host: '127.0.0.1', port })
    opened.push(() => proxy.close())
    expect(await client(proxy).closed).toBe('reset')
  })
  test('close resets what is open, listens no more, and may be called twice', async () => {
    const { proxy } = await started()
    const one = client(proxy)
    one.say('a')
    await one.hears('done')
    await Promise.all([proxy.close(), proxy.close()])
    expect(await one.closed).toBe('reset')
    const late = connect({ host: proxy.host, port: proxy.port })
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
  })
})

test.each([0, 1, 2, 3])('a connection that is being shut down can be reset, %i turns later', async (turns) => {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [[Socket], unknown]
  peer.on('error', () => undefined).resume()
  const [closed, peerClosed] = [happens(socket, 'close'), happens(peer, 'close')]
  socket.on('error', () => undefined)
  peer.on('end', () => peer.end())
  socket.end('the last word')
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  resetSocket(socket)
  await Promise.all([closed, peerClosed])
  await new Promise((resolve) => server.close(resolve))
})
