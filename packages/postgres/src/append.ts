import type { AppendManyOutcome, AppendOutcome, AppendRefusal, AppendRequest, BackendCall, EncodedEvent } from '@millrace/core'
import { binaryArray } from './parameters.js'
import type { Names } from './schema.js'
import type { Engine, Parameter, Row, Statement } from './session.js'

/** What sends appends: each answers truly also when asked to settle. */
export interface Appends {
  /** One round trip. `lockMs` 0: what the session has. */
  one(request: AppendRequest, lockMs: number, call: BackendCall): Promise<AppendOutcome>
  /** To several streams, all or nothing. */
  all(requests: readonly AppendRequest[], lockMs: number, call: BackendCall): Promise<AppendManyOutcome>
  /** To several streams, each for itself, in one statement. */
  readonly each: Statement
  eachParameters(requests: readonly AppendRequest[], lockMs: number): Parameter[]
  /** Outcomes in the order of the requests; undefined: another attempt has settled it, so ask again with `settle`. */
  readEach(rows: readonly Row[], requests: readonly AppendRequest[]): (AppendOutcome | undefined)[]
  /** Which run of the server this is, and the end of its log, when opened. */
  onServer(run: string, end: number): void
}

/** What `append_v2` answers, by number. */
const statuses = ['appended', 'stored', 'wrong-version', 'deleted', 'tombstoned', 'settled'] as const
const settled = '5'
/** Attempts without an answer that are remembered; of one that was forgotten the whole stream is searched. */
const mostUnanswered = 1000

export function createAppends(engine: Engine, names: Names, toPosition: (body: string) => string): Appends {
  // One value, `(status,first,version,position)`: to make a row of columns of it costs the server a tenth of the whole append.
  const one = { text: `SELECT ${names.append_v2}($1, $2, $3, $4, $5, $6, $7, $8, false, $9, 0, '')` }
  const settle = { text: `SELECT ${names.append_v2}($1, $2, $3, $4, $5, $6, $7, $8, true, $9, $10, $11)` }
  const columns = 'SELECT part, status, first, version, log_position FROM'
  const each = { text: `${columns} ${names.append_many_v2}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)` }
  const all = { text: `${columns} ${names.append_all_v2}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)` }
  let [server, seen] = ['', 0]
  /** Highest position seen before the first of a call's attempts was sent, until one has an answer. */
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

  function readOutcome([status, first, version, position]: Row): AppendOutcome | undefined {
    const name = statuses[Number(status)]
    switch (name) {
      case 'appended':
      case 'stored': {
        const known = position !== null && position !== undefined && position !== ''
        if (known) seen = Math.max(seen, Number(position))
        return { status: name, firstVersion: Number(first), version: Number(version), position: known ? toPosition(position) : undefined }
      }
      case 'wrong-version':
        return { status: name, actualVersion: Number(version), idsCompared: true }
      case 'deleted':
      case 'tombstoned':
        return { status: name }
      case 'settled':
        return undefined
      default:
        throw new Error(`the server gave the unknown status ${status ?? 'null'} of an append`)
    }
  }

  async function appendOne(request: AppendRequest, lockMs: number, call: BackendCall): Promise<AppendOutcome> {
    const { streamId, streamType, expected, events } = request
    const parameters = [streamId, streamType ?? null, expectedNumber(expected), ...eventColumns(events), lockMs]
    sent(request)
    const [row] = await (request.settle
      ? engine.change(settle, [...parameters, ...bound(request)], call)
      : engine.change(one, parameters, call))
    answered(request)
    return readOutcome(row?.[0]?.slice(1, -1).split(',') ?? []) ?? appendOne({ ...request, settle: true }, lockMs, call)
  }

  async function appendAll(requests: readonly AppendRequest[], lockMs: number, call: BackendCall): Promise<AppendManyOutcome> {
    const [first] = requests
    if (first === undefined) return { status: 'stored', results: [] }
    sent(first)
    const rows = await engine.change(all, [...partColumns(requests), lockMs, first.settle, ...bound(first)], call)
    answered(first)
    if (rows.some((row) => row[1] === settled))
      return appendAll(
        requests.map((request) => ({ ...request, settle: true })),
        lockMs,
        call,
      )
    const outcomes = rows.map((row) => readOutcome(row.slice(1)))
    const refused = outcomes.find((outcome): outcome is AppendRefusal => outcome?.status !== 'appended' && outcome?.status !== 'stored')
    if (refused !== undefined) return { status: 'failed', index: Number(rows[0]?.[0] ?? 1) - 1, outcome: refused }
    const results = outcomes.filter((outcome) => outcome?.status === 'appended' || outcome?.status === 'stored')
    return {
      status: results[0]?.status ?? 'stored',
      results: results.map(({ firstVersion, version, position }) => ({ firstVersion, version, position })),
    }
  }

  return {
    one: appendOne,
    all: appendAll,
    each,
    eachParameters(requests, lockMs) {
      requests.forEach(sent)
      return [...partColumns(requests), lockMs]
    },
    readEach(rows, requests) {
      requests.forEach(answered)
      const outcomes = new Map(rows.map((row) => [Number(row[0]) - 1, readOutcome(row.slice(1))]))
      return requests.map((_, index) => outcomes.get(index))
    },
    onServer(run, end) {
      ;[server, seen] = [run, Math.max(seen, end)]
    },
  }
}

function expectedNumber(expected: AppendRequest['expected']): number {
  if (typeof expected === 'number') return expected
  return expected === 'any' ? -1 : expected === 'streamExists' ? -2 : 0
}

/** Streams, types, expectations, place and number of the events of each part; then of each event its part and its place there, and itself. */
function partColumns(requests: readonly AppendRequest[]): Parameter[] {
  const [starts, of, nth]: [string[], string[], string[]] = [[], [], []]
  requests.forEach(({ events }, part) => {
    starts.push(String(of.length + 1))
    events.forEach((_, index) => {
      of.push(String(part + 1))
      nth.push(String(index + 1))
    })
  })
  const column = (type: 'text' | 'int8' | 'int4', read: (request: AppendRequest) => string | null): Uint8Array =>
    binaryArray(type, requests.map(read))
  return [
    column('text', ({ streamId }) => streamId),
    column('text', ({ streamType }) => streamType ?? null),
    column('int8', ({ expected }) => String(expectedNumber(expected))),
    binaryArray('int4', starts),
    column('int4', ({ events }) => String(events.length)),
    binaryArray('int4', of),
    binaryArray('int4', nth),
    ...eventColumns(requests.flatMap(({ events }) => events)),
  ]
}

/** Ids, types, data, bytes and metadata of events, a column each; a column without a value is null as a whole. */
function eventColumns(events: readonly EncodedEvent[]): Parameter[] {
  const column = (type: 'bytea' | 'json', read: (event: EncodedEvent) => string | Uint8Array | null): Parameter => {
    const values = events.map(read)
    return values.some((value) => value !== null) ? binaryArray(type, values) : null
  }
  return [
    binaryArray(
      'uuid',
      events.map(({ id }) => id),
    ),
    binaryArray(
      'text',
      events.map(({ type }) => type),
    ),
    column('json', ({ data }) => ('text' in data ? data.text : null)),
    column('bytea', ({ data }) => ('bytes' in data ? data.bytes : null)),
    column('json', (event) => event.metadata ?? null),
  ]
}
