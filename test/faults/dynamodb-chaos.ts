import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { DeleteTableCommand, DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb'
import {
  type AppendOptions,
  type AppendResult,
  ConcurrencyError,
  type EventStoreAdapter,
  EventStoreError,
  createAdapter,
} from '@millrace/core'
import { type HistoryVerdict, checkHistory, recordHistory } from '@millrace/core/testing'
import { dynamodbBackend } from '../../packages/dynamodb/src/backend.js'
import { parseOptions } from '../../packages/dynamodb/src/options.js'
import { createSeenTips } from '../../packages/dynamodb/src/seen-tips.js'
import {
  type DynamoDBProxy,
  conflict,
  createDynamoDBProxy,
  delay,
  isChange,
  loseAnswer,
  loseRequest,
  refuse,
  staleTip,
  twice,
} from '../services/dynamodb-proxy.js'

const region = 'eu-west-1'
const credentials = { accessKeyId: 'millrace', secretAccessKey: 'millrace' }
const streams = ['a', 'b', 'c', 'd', 'e', 'f']

export interface ChaosOptions {
  /** The server itself. */
  readonly endpoint: string
  readonly seconds: number
  readonly seed: number
  readonly log: 'none' | 'claimed'
  /** A control: the adapters of this process take every version they are given for the end of its stream. */
  readonly withoutProof?: boolean
}

export interface ChaosOutcome {
  readonly verdict: HistoryVerdict
  /** What the final reading, or a reader of the log, failed with; a hole in a stream is found here. */
  readonly damage: string | undefined
  readonly appended: number
  readonly refused: number
  readonly crashes: number
  readonly faults: number
  /** Cells that readers gave up, of all. */
  readonly voided: number
  readonly cells: number
  /** What readers of the log got, each for itself. */
  readonly logs: readonly (readonly string[])[]
  /** Events that a reader who passes over holes did not get. */
  readonly lostByGapSkipper: number
}

/**
 * Two processes with four writers each on six streams, behind a proxy that loses, doubles, delays and refuses; the second process is
 * killed again and again, wherever it stands, and replaced. Three readers follow the log, and one passes over its holes.
 */
export async function runChaos({ endpoint, seconds, seed, log, withoutProof = false }: ChaosOptions): Promise<ChaosOutcome> {
  const tableName = `chaos_${seed}_${Math.random().toString(36).slice(2, 10)}`
  const proxy = await createDynamoDBProxy(endpoint, seed)
  const chance = random(seed)
  const direct = new DynamoDBClient({ endpoint, region, credentials })
  const opened: EventStoreAdapter[] = []
  const open = (): EventStoreAdapter => {
    const options = parseOptions({
      tableName,
      log,
      endpoint: proxy.endpoint,
      region,
      clientConfig: { credentials },
      setup: 'auto',
      fillAfterMs: 500,
    })
    const seen = createSeenTips()
    const adapter = createAdapter(dynamodbBackend(options, withoutProof ? { ...seen, isEnd: () => true } : seen), { pageSize: 200 })
    opened.push(adapter)
    return adapter
  }
  const recorder = recordHistory()
  const reader = open()
  await reader.open({ timeoutMs: 60_000 })
  const rival = await startRival({ endpoint: proxy.endpoint, region, credentials, tableName, log })
  const endFaults = injectFaults(proxy, chance)

  const endsAt = performance.now() + seconds * 1000
  const running = (): boolean => performance.now() < endsAt
  const counts = { appended: 0, refused: 0, crashes: 0 }
  const control = new AbortController()
  let damage: string | undefined
  const logs: string[][] = log === 'none' ? [] : [[], [], []]
  const following = logs.map(async (got) => {
    try {
      for await (const event of recorder.wrap(open()).subscribeToAll({ signal: control.signal })) got.push(event.id)
    } catch (error) {
      if (error !== control.signal.reason) damage ??= String(error)
    }
  })
  const skipper = log === 'none' ? undefined : followPastHoles(direct, tableName)

  const clients = [
    ...Array.from({ length: 4 }, () => recorder.wrap(open())),
    ...Array.from({ length: 4 }, () => recorder.wrap(rival.adapter)),
  ]
  const killing = (async () => {
    while (running()) {
      await pause(600 + chance() * 900)
      counts.crashes += 1
      await rival.crash()
    }
  })()
  await Promise.all(clients.map((client, index) => write(client, running, chance, counts, index < 4)))
  await killing
  // What is judged is what was stored, not how well the judge gets through.
  endFaults()
  await proxy.killConnections()
  const faults = proxy.struck
  let verdict: HistoryVerdict = { holds: false, anomalies: [], refused: [] }
  try {
    verdict = checkHistory(await recorder.history(reader))
  } catch (error) {
    damage ??= String(error)
  }
  const final = log === 'none' || damage !== undefined ? [] : (await reader.readAll().toArray()).map(({ id }) => id)
  control.abort(new Error('the run is over'))
  await Promise.all(following)
  const skipped = await skipper?.stop()
  const cells = log === 'none' ? [] : await queryCells(direct, tableName, '')
  await rival.stop()
  await Promise.all(opened.map((adapter) => adapter.close()))
  await direct.send(new DeleteTableCommand({ TableName: tableName }))
  direct.destroy()
  await proxy.close()
  return {
    ...counts,
    verdict,
    damage,
    faults,
    cells: cells.length,
    voided: cells.filter(({ entries }) => entries === undefined).length,
    logs: [final, ...logs],
    lostByGapSkipper: skipped === undefined ? 0 : cells.reduce((lost, { key, count }) => lost + (skipped.has(key) ? 0 : count), 0),
  }
}

function injectFaults(proxy: DynamoDBProxy, chance: () => number): () => void {
  const rules = [
    proxy.inject({ when: isChange, chance: 0.05, fault: loseAnswer }),
    proxy.inject({ when: isChange, chance: 0.02, fault: loseRequest }),
    proxy.inject({ when: isChange, chance: 0.04, fault: twice(40) }),
    proxy.inject({
      when: isChange,
      chance: 0.03,
      fault: (request, forward) => (request.operation === 'TransactWriteItems' ? conflict : loseRequest)(request, forward),
    }),
    proxy.inject({ chance: 0.02, fault: refuse('ThrottlingException') }),
    proxy.inject({ chance: 0.01, fault: refuse('InternalServerError', { status: 500 }) }),
    proxy.inject({ ...staleTip, chance: 0.5 }),
    proxy.inject({ chance: 0.3, fault: delay(() => chance() * 15) }),
  ]
  return () => rules.forEach((rule) => rule.end())
}

/** One writer: appends of all expectations, right and wrong ones, and reads of what it writes to. */
async function write(
  client: EventStoreAdapter,
  running: () => boolean,
  chance: () => number,
  counts: { appended: number; refused: number },
  reads: boolean,
): Promise<void> {
  const known = new Map<string, number>()
  while (running()) {
    const streamId = streams[Math.floor(chance() * streams.length)] ?? ''
    const size = chance() < 0.02 ? 120 : 1 + Math.floor(chance() * 4)
    const events = Array.from({ length: size }, () => ({ id: crypto.randomUUID(), type: 'Happened', data: size }))
    const version = known.get(streamId) ?? 0
    const dice = chance()
    // Now and then a version that is ahead of the stream, as an application with a wrong count would give it.
    const guess = chance() < 0.25 ? version + 1 + Math.floor(chance() * 3) : version
    const expectedVersion = dice < 0.6 ? guess : dice < 0.85 ? 'any' : dice < 0.95 ? 'streamExists' : 'noStream'
    for (let again = true; again;) {
      again = false
      try {
        const result = await client.appendToStream(streamId, events, { expectedVersion, timeoutMs: 8000 })
        known.set(streamId, result.version)
        counts.appended += 1
      } catch (error) {
        const { code, actualVersion, retryable } = error as { code?: string; actualVersion?: number; retryable?: boolean }
        if (code === 'concurrency') counts.refused += 1
        if (actualVersion !== undefined) known.set(streamId, actualVersion)
        // Whoever does not know sends the same again, where that is recognised.
        again = running() && code === 'outcome-unknown' && retryable === true
      }
    }
    if (chance() < 0.05 && reads)
      await client
        .readStream(streamId, { from: Math.max(1, version - 20) })
        .toArray()
        .catch(() => undefined)
  }
}

/** Another process that appends when told, and can be killed. A call it was killed at may have been done or not. */
async function startRival(config: object): Promise<{ readonly adapter: EventStoreAdapter; crash(): Promise<void>; stop(): Promise<void> }> {
  const program = fileURLToPath(new URL('dynamodb-chaos.child.mjs', import.meta.url))
  const waiting = new Map<number, { resolve(result: AppendResult): void; reject(error: unknown): void; readonly recognised: boolean }>()
  let calls = 0
  let child = await start()

  async function start(): Promise<ChildProcess> {
    const { NODE_OPTIONS: _options, VITEST: _vitest, ...env } = process.env
    const made = fork(program, [JSON.stringify(config)], { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    await new Promise<void>((resolve, reject) => {
      made.once('message', () => resolve())
      made.once('exit', (code) => reject(new Error(`the second process ended with ${code}`)))
    })
    made.on('message', ({ call, result, error }: { call: number; result?: AppendResult; error?: Told }) => {
      const one = waiting.get(call)
      waiting.delete(call)
      if (result !== undefined) one?.resolve(result)
      else one?.reject(told(error))
    })
    return made
  }
  async function end(): Promise<void> {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    const lost = [...waiting.values()]
    waiting.clear()
    for (const { reject, recognised: retryable } of lost)
      reject(new EventStoreError('outcome-unknown', 'the process was killed', { outcome: 'unknown', retryable }))
  }
  const adapter = {
    appendToStream: (streamId: string, events: unknown, options: AppendOptions) =>
      new Promise<AppendResult>((resolve, reject) => {
        calls += 1
        const { expectedVersion } = options
        waiting.set(calls, { resolve, reject, recognised: typeof expectedVersion === 'number' || expectedVersion === 'noStream' })
        // Whoever is not there any more does not answer; that call ends with the next crash.
        if (child.connected) child.send({ call: calls, streamId, events, options }, () => undefined)
      }),
  } as unknown as EventStoreAdapter
  return {
    adapter,
    async crash() {
      await end()
      child = await start()
      // What was asked meanwhile was asked of nobody.
      for (const [call, { reject }] of waiting) {
        waiting.delete(call)
        reject(new EventStoreError('unavailable', 'nobody was there', { outcome: 'not-applied' }))
      }
    },
    stop: end,
  }
}

interface Told {
  readonly code: EventStoreError['code']
  readonly outcome: EventStoreError['outcome']
  readonly retryable: boolean
  readonly message: string
  readonly streamId: string
  readonly expectedVersion: AppendOptions['expectedVersion']
  readonly actualVersion: number
}

function told(error: Told | undefined): Error {
  if (error?.code === 'concurrency') return new ConcurrencyError({ ...error, expectedVersion: error.expectedVersion ?? 'any' })
  return new EventStoreError(error?.code ?? 'backend', error?.message ?? '', {
    outcome: error?.outcome ?? 'unknown',
    retryable: error?.retryable ?? false,
  })
}

interface Cell {
  readonly key: string
  readonly entries: string | undefined
  readonly count: number
}

async function queryCells(direct: DynamoDBClient, tableName: string, after: string): Promise<Cell[]> {
  const cells: Cell[] = []
  for (let start: Record<string, never> | undefined, more = true; more; more = start !== undefined) {
    const page = await direct.send(
      new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: 'PK = :log AND SK > :after',
        ExpressionAttributeValues: { ':log': { S: 'LOG#0' }, ':after': { S: after === '' ? ' ' : after } },
        ConsistentRead: true,
        ExclusiveStartKey: start,
      }),
    )
    for (const { SK, entries } of page.Items ?? []) {
      const parsed = (entries?.S === undefined ? [] : JSON.parse(entries.S)) as [string, number, number][]
      cells.push({ key: SK?.S ?? '', entries: entries?.S, count: parsed.reduce((sum, [, , count]) => sum + count, 0) })
    }
    start = page.LastEvaluatedKey as Record<string, never> | undefined
  }
  return cells
}

/** What most people write: everything above the last cell seen. */
function followPastHoles(direct: DynamoDBClient, tableName: string): { stop(): Promise<ReadonlySet<string>> } {
  const seen = new Set<string>()
  let [last, reading] = ['', true]
  const work = (async () => {
    do {
      for (const { key } of await queryCells(direct, tableName, last)) {
        seen.add(key)
        last = key
      }
      await pause(2)
    } while (reading)
  })()
  return {
    async stop() {
      reading = false
      await work
      return seen
    },
  }
}

/** Small and seeded: the same choices again, if not in the same order. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
