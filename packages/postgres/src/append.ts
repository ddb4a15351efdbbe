import type { AppendOutcome, AppendRefusal, AppendRequest, AppendSender, EncodedEvent, StoredRange } from '@millrace/core'
import { classifyError } from './map-error.js'
import { type ElementName, binaryArray } from './parameters.js'
import { ConnectFailure, type Parameter, type Rows, type Store } from './store.js'

/**
 * Status, version and position of an append, as the server prints them. The status: 0 appended, 1 stored, 2 wrong version, 3 deleted,
 * 4 tombstoned, 5 settled.
 */
type Answer = readonly [status: string, version: string, position: string]

/**
 * What sends appends: by itself, or for core's queue.
 *
 * @param lockMs time that an append alone may wait for its stream; 0: what the session has.
 * @param flushLockMs time that several together may wait for theirs: one that is held by an open transaction must not hold up the others.
 */
export function createAppends({ engine, names, server, positions }: Store, lockMs: number, flushLockMs: number): AppendSender {
  const statements = {
    one: `SELECT ${names.append_v2}($1, $2, $3, $4, $5, $6, $7, $8, false, $9, 0, '')`,
    settle: `SELECT ${names.append_v2}($1, $2, $3, $4, $5, $6, $7, $8, true, $9, $10, $11)`,
    each: `SELECT ${names.append_many_v2}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    all: `SELECT ${names.append_all_v2}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
  }
  /** Highest position seen before the first attempt of a call was sent, by its events, which are the same in each attempt. */
  const before = new WeakMap<readonly EncodedEvent[], number>()
  function sent({ events }: AppendRequest): void {
    if (!before.has(events)) before.set(events, server.end)
  }
  /** What an attempt of this call stored lies above; where the server is still the one of then. */
  function bound(requests: readonly AppendRequest[]): Parameter[] {
    return [Math.min(...requests.map(({ events }) => before.get(events) ?? 0)), server.run]
  }

  /** Undefined: an attempt with these ids was settled, maybe of an earlier call, so that it may stand anywhere. */
  function readOutcome(request: AppendRequest, answer: Answer): AppendOutcome | undefined {
    const [status] = answer
    return status < '2' ? { status: status === '0' ? 'appended' : 'stored', ...readRange(request, answer) } : readRefusal(request, answer)
  }
  function readRefusal({ events }: AppendRequest, [status, version]: Answer): AppendRefusal | undefined {
    if (status === '2') return { status: 'wrong-version', actualVersion: Number(version), idsCompared: true }
    if (status !== '5') return { status: status === '3' ? 'deleted' : 'tombstoned' }
    before.set(events, 0)
    return undefined
  }
  function readRange({ events }: AppendRequest, [, last, position]: Answer): StoredRange {
    const version = Number(last)
    const known = position !== '' && position !== 'NULL'
    if (known) server.end = Math.max(server.end, Number(position))
    return { firstVersion: version - events.length + 1, version, position: known ? positions.of(position) : undefined }
  }

  const sender: AppendSender = {
    async one(request, call) {
      const { streamId, streamType, expected, events, settle } = request
      const parameters = [streamId, streamType ?? null, expectedNumber(expected), ...eventColumns(events), lockMs]
      sent(request)
      const more = settle ? bound([request]) : []
      const rows = await engine.change(settle ? statements.settle : statements.one, [...parameters, ...more], call)
      return readOutcome(request, readAnswer(rows)) ?? sender.one(settling(request), call)
    },
    async all(requests, call) {
      if (requests.length === 0) return { status: 'stored', results: [] }
      requests.forEach(sent)
      const settle = requests.some((request) => request.settle)
      const rows = await engine.change(statements.all, [...partColumns(requests), lockMs, settle, ...bound(requests)], call)
      const answers = readAnswers(rows, requests)
      const failed = answers.findIndex(([, [status]]) => status > '1')
      const [request, answer] = answers[failed] ?? []
      if (request === undefined || answer === undefined)
        return { status: answers[0]?.[1][0] === '0' ? 'appended' : 'stored', results: answers.map((one) => readRange(...one)) }
      const outcome = readRefusal(request, answer)
      return outcome === undefined ? sender.all(requests.map(settling), call) : { status: 'failed', index: failed, outcome }
    },
    async each(pick) {
      let requests: readonly AppendRequest[] = []
      const rows = await engine.flush?.(() => {
        const picked = pick()
        requests = picked?.requests ?? []
        requests.forEach(sent)
        return picked && { statement: statements.each, parameters: [...partColumns(requests), flushLockMs], call: picked.call }
      })
      return requests.length === 0 ? [] : readAnswers(rows ?? [], requests).map((one) => readOutcome(...one))
    },
    connections: () => engine.connections?.() ?? 1,
    rolledBack: (error) => !(error instanceof ConnectFailure) && classifyError(error)?.outcome === 'not-applied',
  }
  return sender
}

/** One value, `(status,version,position)`: to make columns of it costs the server a tenth of the whole append. */
export function readAnswer([row]: Rows): Answer {
  return checkAnswer(row?.[0]?.slice(1, -1).split(',') ?? [])
}

/** Of several, `("{status,…}","{version,…}","{position,…}")`, one answer for each. */
export function readAnswers<T>([row]: Rows, requests: readonly T[]): readonly [request: T, answer: Answer][] {
  const columns = row?.[0]?.slice(1, -1).replaceAll('"', '').slice(1, -1).split('},{') ?? []
  const cells = columns.map((column) => column.split(','))
  if (cells.length !== 3 || cells.some(({ length }) => length !== requests.length)) throw unreadable()
  return requests.map((request, part) => [request, checkAnswer(cells.map((column) => column[part] ?? ''))])
}

/** What is stored must be told without a doubt: a pool of the caller's may hand on what it likes. */
function checkAnswer([status = '', version = '', position = '', ...more]: readonly string[]): Answer {
  const told = status === '0' || status === '1' || status === '2'
  if (!/^[0-5]$/u.test(status) || (told && !/^\d+$/u.test(version)) || !/^(?:\d*|NULL)$/u.test(position) || more.length > 0)
    throw unreadable()
  return [status, version, position]
}
const unreadable = (): Error => new Error('the server gave an answer to an append that cannot be read')

const settling = (request: AppendRequest): AppendRequest => ({ ...request, settle: true })

const expectations = { any: -1, streamExists: -2, noStream: 0 } as const
const expectedNumber = (expected: AppendRequest['expected']): number => (typeof expected === 'number' ? expected : expectations[expected])

/** Streams, types, expectations, place and number of the events of each part; then of each event its part and its place there, and itself. */
function partColumns(requests: readonly AppendRequest[]): Parameter[] {
  const [starts, of, nth]: [number[], number[], number[]] = [[], [], []]
  requests.forEach(({ events }, part) => {
    starts.push(of.length + 1)
    events.forEach((_, index) => {
      of.push(part + 1)
      nth.push(index + 1)
    })
  })
  const list = (type: ElementName, read: (request: AppendRequest) => string | number | null) => binaryArray(type, requests.map(read))
  return [
    list('text', ({ streamId }) => streamId),
    list('text', ({ streamType }) => streamType ?? null),
    list('int8', ({ expected }) => expectedNumber(expected)),
    binaryArray('int4', starts),
    list('int4', ({ events }) => events.length),
    binaryArray('int4', of),
    binaryArray('int4', nth),
    ...eventColumns(requests.flatMap(({ events }) => events)),
  ]
}

/** Ids, types, data, bytes and metadata of events, a column each; one of the last three without a value is null as a whole. */
function eventColumns(events: readonly EncodedEvent[]): Parameter[] {
  const orNull = (type: ElementName, read: (event: EncodedEvent) => string | Uint8Array | null): Uint8Array | null => {
    const values = events.map(read)
    return values.some((value) => value !== null) ? binaryArray(type, values) : null
  }
  return [
    orNull('uuid', ({ id }) => id),
    orNull('text', ({ type }) => type),
    orNull('json', ({ data }) => ('text' in data ? data.text : null)),
    orNull('bytea', ({ data }) => ('bytes' in data ? data.bytes : null)),
    orNull('json', ({ metadata }) => metadata ?? null),
  ]
}
