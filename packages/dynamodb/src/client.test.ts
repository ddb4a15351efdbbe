import { type Server, createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createRequests } from './client.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

/** A server that answers as long as it is told to; `asked` resolves with the connection of the next request that it leaves open. */
async function server(): Promise<{ readonly endpoint: string; answering: boolean; asked(): Promise<Socket> }> {
  let onAsked: (socket: Socket) => void = () => undefined
  const own = { endpoint: '', answering: true, asked: () => new Promise<Socket>((resolve) => (onAsked = resolve)) }
  const http = createServer((request, response) => {
    if (own.answering) response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}')
    else onAsked(request.socket)
  })
  servers.push(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  own.endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return own
}

const credentials = { accessKeyId: 'millrace', secretAccessKey: 'millrace' }
const input = { TableName: 't', Key: { PK: { S: 'a' }, SK: { S: 'b' } } }
const patient = { unlessAborted: <T>(_which: 'signal' | 'deadline', work: Promise<T>): Promise<T> => work }

test('a request that is given up frees its connection at once, and the next one is sent', async () => {
  const own = await server()
  const requests = createRequests({ endpoint: own.endpoint, region: 'eu-west-1', requestTimeoutMs: 60_000, clientConfig: { credentials } })
  await requests.open()
  for (const [kind, which] of [
    ['read', 'signal'],
    ['change', 'deadline'],
  ] as const) {
    // Warm: the chain of this command is made, and its signal was used before.
    await requests[kind]('GetItem', input, patient)
    own.answering = false
    const asked = own.asked()
    const reason = new Error('enough')
    let giveUp = (): void => undefined
    const aborted = new Promise<never>((_resolve, reject) => (giveUp = () => reject(reason)))
    const work = requests[kind]('GetItem', input, {
      unlessAborted: (until, waiting) => (until === which ? Promise.race([waiting, aborted]) : waiting),
    }).catch((error: unknown) => error)
    const socket = await asked
    const closed = new Promise((resolve) => socket.once('close', resolve))
    giveUp()
    const failure = await work
    if (kind === 'read') expect(failure).toBe(reason)
    else expect(failure).toMatchObject({ kind: 'change', message: 'enough' })
    await closed
    own.answering = true
    await requests[kind]('GetItem', input, patient)
  }
  requests.close()
})

test('a caller who has given up sends nothing', async () => {
  let sent = 0
  const requests = createRequests({ client: { send: () => Promise.resolve((sent += 1)) }, requestTimeoutMs: 1000 })
  await requests.open()
  const reason = new Error('enough')
  for (const kind of ['read', 'change'] as const)
    await expect(requests[kind]('GetItem', input, { unlessAborted: () => Promise.reject(reason) })).rejects.toBe(reason)
  expect(sent).toBe(0)
})

test('requests at once have signals of their own, ten in turn may share one, and one that was aborted is never used again', async () => {
  const used = new Map<AbortSignal, number>()
  let busy = new Set<AbortSignal>()
  const client = {
    async send(_command: never, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<unknown> {
      if (abortSignal === undefined) throw new Error('a signal is missing')
      expect([abortSignal.aborted, busy.has(abortSignal)]).toEqual([false, false])
      used.set(abortSignal, (used.get(abortSignal) ?? 0) + 1)
      busy.add(abortSignal)
      await Promise.resolve()
      busy.delete(abortSignal)
      return {}
    },
  }
  const requests = createRequests({ client, requestTimeoutMs: 1000 })
  await requests.open()
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let n = 0; n < 30; n += 1) await requests.read('GetItem', input, patient)
    }),
  )
  expect(Math.max(...used.values())).toBe(10)
  expect(used.size).toBeLessThanOrEqual(32)
  busy = new Set()
  for (let n = 0; n < 20; n += 1) {
    let waits = 0
    const impatient = {
      unlessAborted: <T>(_which: unknown, work: Promise<T>): Promise<T> =>
        (waits += 1) === 1 ? work : Promise.reject(new Error('enough')),
    }
    await expect(requests.read('GetItem', input, impatient)).rejects.toThrow('enough')
    await Promise.resolve()
  }
  expect([...used.keys()].filter(({ aborted }) => aborted).length).toBe(20)
})
