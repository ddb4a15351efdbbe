import { type IncomingMessage, type ServerResponse, createServer, request as httpRequest, Agent } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { resetSocket } from '../../packages/core/src/testing/reset-socket.js'

/** A request as DynamoDB's protocol has it: an operation and a JSON body. */
export interface ProxyRequest {
  readonly operation: string
  readonly body: Json
}
export type Json = { [name: string]: Json } & { S?: string; N?: string }

/** An array where one is expected. */
export function listOf(value: Json | undefined): Json[] {
  return (value ?? []) as unknown as Json[]
}

interface ProxyAnswer {
  readonly status: number
  readonly body: Json
}

/** What becomes of a request: its answer, a connection that is reset, or silence. */
type Fate = ProxyAnswer | 'reset' | 'silence'

/** Meddles with a request; `forward` has the server do it (or another in its place) and gives what it answered. */
export type Fault = (request: ProxyRequest, forward: (request?: ProxyRequest) => Promise<ProxyAnswer>) => Promise<Fate>

export interface FaultRule {
  readonly fault: Fault
  /** Requests it looks at. Default: all. */
  readonly when?: (request: ProxyRequest) => boolean
  /** How often it strikes. Default: always. */
  readonly times?: number
  /** Share of the requests that are struck, 0 to 1. Default 1. */
  readonly chance?: number
}

/** An HTTP proxy before a DynamoDB, that speaks its protocol: the local servers write one after the other and never fail. */
export interface DynamoDBProxy {
  readonly endpoint: string
  /** Requests so far, by operation. */
  readonly counts: ReadonlyMap<string, number>
  /** Requests that a rule struck. */
  readonly struck: number
  inject(rule: FaultRule): { readonly struck: number; end(): void }
  /** The next change is done, and its answer lost. */
  dropNextResponse(): Promise<void>
  killConnections(): Promise<void>
  /** The next requests, so many, are refused; 0: none any more. */
  throttle(times: number): Promise<void>
  /** Resolves when connections are lost and new ones refused, as of a server that is down; so much later it is up again. */
  restart(downMs?: number): Promise<void>
  close(): Promise<void>
}

const changes = ['PutItem', 'TransactWriteItems', 'UpdateItem']

/** A change that a user asked for: not that a cell of the log was taken. */
export function isChange({ operation, body }: ProxyRequest): boolean {
  return changes.includes(operation) && body.Key?.PK?.S !== 'SEQ#0'
}

/** @param seed decides what rules with a chance strike. */
export async function createDynamoDBProxy(endpoint: string, seed = 1): Promise<DynamoDBProxy> {
  const target = new URL(endpoint)
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const sockets = new Set<Socket>()
  const counts = new Map<string, number>()
  const rules: { readonly rule: FaultRule; struck: number }[] = []
  let [state, struck, throttled] = [seed, 0, 0]
  let up: NodeJS.Timeout | undefined

  function random(): number {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }

  /** The first rule that strikes. */
  function strike(request: ProxyRequest): Fault | undefined {
    if (throttled > 0) {
      ;[throttled, struck] = [throttled - 1, struck + 1]
      return refuse('ProvisionedThroughputExceededException')
    }
    for (const entry of rules) {
      const { when, times = Infinity, chance = 1, fault } = entry.rule
      if (entry.struck >= times || when?.(request) === false || (chance < 1 && random() >= chance)) continue
      entry.struck += 1
      struck += 1
      return fault
    }
    return undefined
  }

  function forwardTo(headers: IncomingMessage['headers'], original: ProxyRequest, bytes: Buffer) {
    return async (other?: ProxyRequest): Promise<ProxyAnswer> => {
      const sent = other ?? original
      const payload = other === undefined ? bytes : Buffer.from(JSON.stringify(other.body))
      return new Promise((resolve, reject) => {
        const outgoing = httpRequest(
          {
            agent,
            host: target.hostname,
            port: target.port,
            method: 'POST',
            path: '/',
            headers: { ...headers, 'x-amz-target': `DynamoDB_20120810.${sent.operation}`, 'content-length': payload.length },
          },
          (incoming) => {
            collect(incoming).then(
              (answer) => resolve({ status: incoming.statusCode ?? 500, body: parse(answer) }),
              (error: unknown) => reject(error as Error),
            )
          },
        )
        outgoing.on('error', reject)
        outgoing.end(payload)
      })
    }
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await collect(incoming)
    const operation = String(incoming.headers['x-amz-target'] ?? '').split('.')[1] ?? ''
    counts.set(operation, (counts.get(operation) ?? 0) + 1)
    const request = { operation, body: parse(bytes) }
    const forward = forwardTo(incoming.headers, request, bytes)
    const fault = strike(request)
    const fate = await (fault === undefined ? forward() : fault(request, forward))
    if (fate === 'silence') return
    if (fate === 'reset') {
      resetSocket(incoming.socket)
      return
    }
    const text = Buffer.from(JSON.stringify(fate.body))
    response.writeHead(fate.status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': text.length })
    response.end(text)
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => resetSocket(incoming.socket))
  })
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  const listen = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(at, '127.0.0.1', resolve)
    })
  await listen(0)
  const { port } = server.address() as AddressInfo
  const killConnections = (): Promise<void> => {
    for (const socket of sockets) resetSocket(socket)
    return Promise.resolve()
  }
  function inject(rule: FaultRule): { readonly struck: number; end(): void } {
    const entry = { rule, struck: 0 }
    rules.push(entry)
    return {
      get struck() {
        return entry.struck
      },
      end: () => void rules.splice(rules.indexOf(entry), 1),
    }
  }

  return {
    endpoint: `http://127.0.0.1:${port}`,
    counts,
    get struck() {
      return struck
    },
    inject,
    killConnections,
    dropNextResponse() {
      inject({ when: isChange, times: 1, fault: loseAnswer })
      return Promise.resolve()
    },
    throttle(times) {
      throttled = times
      return Promise.resolve()
    },
    async restart(downMs = 100) {
      if (server.listening) {
        server.close()
        await killConnections()
        // Clients have to notice before they use what is gone.
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      clearTimeout(up)
      up = setTimeout(() => void listen(port).catch(() => undefined), downMs)
    },
    async close() {
      clearTimeout(up)
      const closed = new Promise((resolve) => server.close(resolve))
      await killConnections()
      await closed
      agent.destroy()
    },
  }
}

/** Done, and its answer lost. */
export const loseAnswer: Fault = async (_request, forward) => {
  await forward()
  return 'reset'
}
/** Not done: lost on its way. */
export const loseRequest: Fault = () => Promise.resolve('reset')
/** Not done, and never answered. */
export const hang: Fault = () => Promise.resolve('silence')
/** Done, and never answered. */
export const hangAfter: Fault = async (_request, forward) => {
  await forward()
  return 'silence'
}
/** Done twice: a copy arrives once more, later. */
export function twice(laterMs: number): Fault {
  return async (_request, forward) => {
    const answer = await forward()
    setTimeout(() => void forward().catch(() => undefined), laterMs)
    return answer
  }
}
/** Answered late; the next ones overtake it. */
export function delay(ms: () => number): Fault {
  return async (_request, forward) => {
    await new Promise((resolve) => setTimeout(resolve, ms()))
    return forward()
  }
}
/** Not done: refused with an exception of the service. */
export function refuse(name: string, { status = 400, ...more }: { readonly status?: number } & Record<string, unknown> = {}): Fault {
  const body = { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: `${name} of the proxy`, ...more }
  return () => Promise.resolve({ status, body: body as unknown as Json })
}
/** Done, and answered with an exception all the same. */
export function refuseAfter(name: string, options?: { readonly status?: number }): Fault {
  const refused = refuse(name, options)
  return async (request, forward) => {
    await forward()
    return refused(request, forward)
  }
}
/** A transaction that another one stood in the way of. */
export const conflict: Fault = (request, forward) => {
  const reasons = listOf(request.body.TransactItems).map((_item, index) => ({ Code: index === 0 ? 'TransactionConflict' : 'None' }))
  return refuse('TransactionCanceledException', { CancellationReasons: reasons })(request, forward)
}
/** The answer of a read, changed. */
export function changed(change: (answer: Json, request: ProxyRequest) => Json): Fault {
  return async (request, forward) => {
    const { status, body } = await forward()
    return { status, body: status === 200 ? change(body, request) : body }
  }
}
/** Part of a transaction is not visible yet: its newest items are not in the page. */
export const hideNewest: Fault = changed((answer) => {
  const items = listOf(answer.Items).filter((item) => item.commit_span === undefined || isFirstOfSpan(item))
  return { ...answer, Items: items, Count: items.length } as unknown as Json
})
function isFirstOfSpan(item: Json): boolean {
  return Number(item.SK?.S?.split('#')[1]) === Number(item.commit_span?.S?.split('-')[0])
}

const resumed = 'RESUMED'
/** Query and Scan: a page without items and a key to go on from, as after a filter or a large page. Inject {@link resumeEmptyPages} as well. */
export const emptyPage: Fault = ({ body }) => {
  const start = { PK: { S: resumed }, SK: { S: JSON.stringify(body.ExclusiveStartKey ?? null) } }
  return Promise.resolve({ status: 200, body: { Items: [], Count: 0, ScannedCount: 0, LastEvaluatedKey: start } as unknown as Json })
}
/** Takes a key that {@link emptyPage} made up for what it stands for. */
export const resumeEmptyPages: FaultRule = {
  when: ({ body }) => body.ExclusiveStartKey?.PK?.S === resumed,
  fault: ({ operation, body }, forward) => {
    const { ExclusiveStartKey, ...rest } = body
    const start = JSON.parse(ExclusiveStartKey?.SK?.S ?? 'null') as Json | null
    return forward({ operation, body: { ...rest, ...(start === null ? {} : { ExclusiveStartKey: start }) } as unknown as Json })
  },
}
/** An eventual look for the end of a stream gives what stood there before: one item, or nothing. */
export const staleTip: FaultRule = {
  when: ({ operation, body }) =>
    operation === 'Query' && body.ScanIndexForward !== undefined && !isTrue(body.ScanIndexForward) && !isTrue(body.ConsistentRead),
  fault: async ({ operation, body }, forward) => {
    const answer = await forward({ operation, body: { ...body, Limit: 2 } as unknown as Json })
    const items = listOf(answer.body.Items)
    return { ...answer, body: { ...answer.body, Items: items.slice(1), Count: Math.max(0, items.length - 1) } as unknown as Json }
  },
}
function isTrue(value: Json | undefined): boolean {
  return (value as unknown) === true
}
/** BatchGetItem: half of the keys are left for another request. */
export const leaveUnprocessed: Fault = async ({ operation, body }, forward) => {
  const [entry] = Object.entries(body.RequestItems ?? {})
  if (entry === undefined) return forward()
  const [table, wanted] = entry as unknown as [string, Json]
  const { Keys, ...rest } = wanted
  const keys = listOf(Keys)
  const half = Math.floor(keys.length / 2)
  const of = (some: Json[]): Json => ({ [table]: { ...rest, Keys: some } }) as unknown as Json
  const answer = await forward({ operation, body: { ...body, RequestItems: of(keys.slice(half)) } as unknown as Json })
  return { ...answer, body: { ...answer.body, UnprocessedKeys: half === 0 ? {} : of(keys.slice(0, half)) } as unknown as Json }
}

async function collect(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function parse(bytes: Buffer): Json {
  return (bytes.length === 0 ? {} : JSON.parse(bytes.toString())) as Json
}
