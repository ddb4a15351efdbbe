import type { AppendManyOutcome, AppendOutcome, AppendRequest, AppendSender, BackendCall, EncodedEvent, StoredRange } from '@millrace/core'
import { classifyError } from './map-error.js'
import { type Element, type ElementName, binaryArray } from './parameters.js'
import type { Names } from './schema.js'
import { DriverFailure, type Engine, type Parameter, type Row, pastDeadline } from './session.js'

/** What sends appends: by itself, or for core's queue. */
export interface Appends extends AppendSender {
  /** Which run of the server this is, and the end of its log, when opened. */
  onServer(run: string, end: number): void
}

export interface AppendOptions {
  /** Time that an append alone may wait for its stream; 0: what the session has. */
  readonly lockMs: number
  /** Time that several together may wait for their streams: one that is held by an open transaction must not hold up the others. */
  readonly flushLockMs: number
}

/** Status, version and position of an append, as the server prints them. */
type Answer = readonly [status: string, version: string, position: string]

/** What `append_v2` answers, by number. */
const statuses = ['appended', 'stored', 'wrong-version', 'deleted', 'tombstoned', 'settled'] as const
/** Attempts without an answer that are remembered; of one that was forgotten the whole stream is searched. */
const mostUnanswered = 1000

export function createAppends(
  engine: Engine,
  names: Names,
  toPosition: (body: string) => string,
  { lockMs, flushLockMs }: AppendOptions,
): Appends {
  const statements = {
    one: `SELECT ${names.append_v2}($1, $2, $3, $4, $5, $6, $7, $8, false, $9, 0, '')`,
    settle: `SELECT ${names.append_v2}($1, $2, $3, $4, $5, $6, $7, $8, true, $9, $10, $11)`,
    each: `SELECT ${names.append_many_v2}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    all: `SELECT ${names.append_all_v2}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
  }
  let [server, seen] = ['', 0]
  /** Highest position seen before the first of a call's attempts was sent, until one has an answer that can be read. */
  const unanswered = new Map<string, number>()

  function sent({ attemptId }: AppendRequest): void {
    if (!unanswered.has(attemptId)) unanswered.set(attemptId, seen)
    if (unanswered.size > mostUnanswered) unanswered.delete(unanswered.keys().next().value ?? '')
  }
  function answered({ attemptId }: AppendRequest): void {
    unanswered.delete(attemptId)
  }
  /** What an attempt of this call stored lies above; where the server is still the one of then. */
  const bound = ({ attemptId }: AppendRequest): Parameter[] => [unanswered.get(attemptId) ?? 0, server]

  function readOutcome({ events }: AppendRequest, [status, version, position]: Answer): AppendOutcome | undefined {
    const name = statuses[Number(status)]
    if (name === undefined || name === 'settled') return undefined
    if (name === 'wrong-version') return { status: name, actualVersion: Number(version), idsCompared: true }
    if (name === 'deleted' || name === 'tombstoned') return { status: name }
    return { status: name, ...readRange(events.length, Number(version), position) }
  }
  function readRange(count: number, version: number, position: string): StoredRange {
    const known = position !== '' && position !== 'NULL'
    if (known) seen = Math.max(seen, Number(position))
    return { firstVersion: version - count + 1, version, position: known ? toPosition(position) : undefined }
  }

  async function one(request: AppendRequest, call: BackendCall): Promise<AppendOutcome> {
    const { streamId, streamType, expected, events } = request
    const parameters = [streamId, streamType ?? null, expectedNumber(expected), ...eventColumns(events), lockMs]
    sent(request)
    const rows = await (request.settle
      ? engine.change(statements.settle, [...parameters, ...bound(request)], call)
      : engine.change(statements.one, parameters, call))
    const answer = readAnswer(rows)
    answered(request)
    return readOutcome(request, answer) ?? one({ ...request, settle: true }, call)
  }

  async function all(requests: readonly AppendRequest[], call: BackendCall): Promise<AppendManyOutcome> {
    const [first] = requests
    if (first === undefined) return { status: 'stored', results: [] }
    sent(first)
    const rows = await engine.change(statements.all, [...partColumns(requests), lockMs, first.settle, ...bound(first)], call)
    const answers = readAnswers(rows, requests.length)
    answered(first)
    const index = answers.findIndex(([status]) => Number(status) > 1)
    const [failed, answer] = [requests[index], answers[index]]
    if (failed !== undefined && answer !== undefined) {
      const outcome = readOutcome(failed, answer)
      if (outcome !== undefined && outcome.status !== 'appended' && outcome.status !== 'stored') return { status: 'failed', index, outcome }
      const settling = requests.map((request) => ({ ...request, settle: true }))
      return all(settling, call)
    }
    const results = answers.map(([, version, position], part) => readRange(requests[part]?.events.length ?? 0, Number(version), position))
    return { status: answers[0]?.[0] === '0' ? 'appended' : 'stored', results }
  }

  return {
    one,
    all,
    async each(pick) {
      let requests: readonly AppendRequest[] = []
      let sorted: readonly AppendRequest[] = []
      const rows = await engine.flush?.(() => {
        const picked = pick()
        if (picked === undefined) return undefined
        requests = picked.requests
        requests.forEach(sent)
        // Nearly always the order in which the server locks them.
        sorted = [...requests].sort((a, b) => (a.streamId < b.streamId ? -1 : 1))
        return { statement: statements.each, parameters: [...partColumns(sorted), flushLockMs], call: picked.call }
      })
      const answers = sorted.length === 0 ? [] : readAnswers(rows ?? [], sorted.length)
      requests.forEach(answered)
      const outcomes = new Map(sorted.map((request, part) => [request, answers[part] && readOutcome(request, answers[part])]))
      return requests.map((request) => outcomes.get(request))
    },
    connections: () => engine.connections?.() ?? 1,
    rolledBack: (error) => error instanceof DriverFailure && error.phase === 'query' && classifyError(error)?.outcome === 'not-applied',
    pastDeadline,
    onServer(run, end) {
      ;[server, seen] = [run, Math.max(seen, end)]
    },
  }
}

/** One value, `(status,version,position)`: to make columns of it costs the server a tenth of the whole append. */
export function readAnswer([row]: readonly Row[]): Answer {
  return checkAnswer(row?.[0]?.slice(1, -1).split(',') ?? [])
}

/** Of several, `("{status,…}","{version,…}","{position,…}")`, one answer for each. */
export function readAnswers([row]: readonly Row[], count: number): readonly Answer[] {
  const columns = row?.[0]?.slice(1, -1).replaceAll('"', '').slice(1, -1).split('},{') ?? []
  const cells = columns.map((column) => column.split(','))
  if (cells.length !== 3 || cells.some(({ length }) => length !== count)) throw unreadable()
  return Array.from({ length: count }, (_, part) => checkAnswer(cells.map((column) => column[part] ?? '')))
}

/** What is stored must be told without a doubt: a pool of the caller's may hand on what it likes. */
function checkAnswer([status = '', version = '', position = '', ...more]: readonly string[]): Answer {
  const told = status === '0' || status === '1' || status === '2'
  if (!/^[0-5]$/u.test(status) || (told && !/^\d+$/u.test(version)) || !/^(?:\d*|NULL)$/u.test(position) || more.length > 0)
    throw unreadable()
  return [status, version, position]
}
function unreadable(): Error {
  return new Error('the server gave an answer to an append that cannot be read')
}

function expectedNumber(expected: AppendRequest['expected']): number {
  if (typeof expected === 'number') return expected
  return expected === 'any' ? -1 : expected === 'streamExists' ? -2 : 0
}

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
  return [
    column('text', requests, ({ streamId }) => streamId),
    column('text', requests, ({ streamType }) => streamType ?? null),
    column('int8', requests, ({ expected }) => expectedNumber(expected)),
    binaryArray('int4', starts),
    column('int4', requests, ({ events }) => events.length),
    binaryArray('int4', of),
    binaryArray('int4', nth),
    ...eventColumns(requests.flatMap(({ events }) => events)),
  ]
}

/** Ids, types, data, bytes and metadata of events, a column each; one of the last three without a value is null as a whole. */
function eventColumns(events: readonly EncodedEvent[]): Parameter[] {
  const texts = events.map(({ data }) => ('text' in data ? data.text : null))
  const bytes = events.map(({ data }) => ('bytes' in data ? data.bytes : null))
  const metadata = events.map((event) => event.metadata ?? null)
  return [
    column('uuid', events, ({ id }) => id),
    column('text', events, ({ type }) => type),
    orNull('json', texts),
    orNull('bytea', bytes),
    orNull('json', metadata),
  ]
}

function column<T>(type: ElementName, items: readonly T[], read: (item: T) => Element): Uint8Array {
  return binaryArray(type, items.map(read))
}
function orNull(type: ElementName, values: readonly (string | Uint8Array | null)[]): Uint8Array | null {
  return values.some((value) => value !== null) ? binaryArray(type, values) : null
}
