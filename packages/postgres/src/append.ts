import type { AppendManyOutcome, AppendOutcome, AppendRefusal, AppendRequest, BackendCall, EncodedEvent } from '@millrace/core'
import { binaryArray } from './parameters.js'
import type { Names } from './schema.js'
import type { Parameter, Row, Statement } from './session.js'

/** Sends a change and gives its rows. */
export type Change = (statement: Statement, parameters: readonly Parameter[], call: BackendCall) => Promise<readonly Row[]>

export interface AppendStatements {
  readonly one: Statement
  readonly many: Statement
}

export function appendStatements(names: Names): AppendStatements {
  return {
    // One value, `(status,first,version,position)`: to make a row of columns of it costs the server a tenth of the whole append.
    one: { text: `SELECT ${names.append_v1}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)` },
    many: {
      text: `SELECT part, status, first, version, log_position FROM ${names.append_many_v1}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    },
  }
}

/** What `append_v1` answers, by number. */
const statuses = ['appended', 'stored', 'wrong-version', 'deleted', 'tombstoned', 'settled'] as const

/** One round trip. An attempt that finds itself settled by another asks again, for then the truth is known. */
export async function append(
  { one }: AppendStatements,
  change: Change,
  request: AppendRequest,
  lockMs: number,
  toPosition: (body: string) => string,
  call: BackendCall,
): Promise<AppendOutcome> {
  const [row] = await change(one, appendParameters(request, lockMs), call)
  const columns = row?.[0]?.slice(1, -1).split(',') ?? []
  if (columns[0] === '5') return append({ one, many: one }, change, { ...request, settle: true }, lockMs, toPosition, call)
  return readOutcome(columns, toPosition)
}

export async function appendMany(
  statements: AppendStatements,
  change: Change,
  requests: readonly AppendRequest[],
  lockMs: number,
  toPosition: (body: string) => string,
  call: BackendCall,
): Promise<AppendManyOutcome> {
  const rows = await change(statements.many, manyParameters(requests, lockMs), call)
  if (rows.some((row) => row[1] === '5'))
    return appendMany(
      statements,
      change,
      requests.map((request) => ({ ...request, settle: true })),
      lockMs,
      toPosition,
      call,
    )
  const outcomes = rows.map((row) => readOutcome(row.slice(1), toPosition))
  const refused = outcomes.find((outcome): outcome is AppendRefusal => outcome.status !== 'appended' && outcome.status !== 'stored')
  if (refused !== undefined) return { status: 'failed', index: Number(rows[0]?.[0] ?? 1) - 1, outcome: refused }
  const results = outcomes.filter((outcome) => outcome.status === 'appended' || outcome.status === 'stored')
  return {
    status: results[0]?.status ?? 'stored',
    results: results.map(({ firstVersion, version, position }) => ({ firstVersion, version, position })),
  }
}

function readOutcome([status, first, version, position]: Row, toPosition: (body: string) => string): AppendOutcome {
  const name = statuses[Number(status)]
  switch (name) {
    case 'appended':
    case 'stored':
      return {
        status: name,
        firstVersion: Number(first),
        version: Number(version),
        position: position === null || position === undefined || position === '' ? undefined : toPosition(position),
      }
    case 'wrong-version':
      return { status: name, actualVersion: Number(version), idsCompared: true }
    case 'deleted':
    case 'tombstoned':
      return { status: name }
    default:
      throw new Error(`append_v1 gave the unknown status ${status ?? 'null'}`)
  }
}

function expectedNumber(expected: AppendRequest['expected']): number {
  if (typeof expected === 'number') return expected
  return expected === 'any' ? -1 : expected === 'streamExists' ? -2 : 0
}

function appendParameters({ streamId, streamType, expected, events, settle }: AppendRequest, lockMs: number): Parameter[] {
  return [streamId, streamType ?? null, expectedNumber(expected), ...columns(events), settle, lockMs]
}

function manyParameters(requests: readonly AppendRequest[], lockMs: number): Parameter[] {
  return [
    binaryArray(
      'text',
      requests.map(({ streamId }) => streamId),
    ),
    binaryArray(
      'text',
      requests.map(({ streamType }) => streamType ?? null),
    ),
    binaryArray(
      'int8',
      requests.map(({ expected }) => String(expectedNumber(expected))),
    ),
    binaryArray(
      'int4',
      requests.map(({ events }) => String(events.length)),
    ),
    ...columns(requests.flatMap(({ events }) => events)),
    requests[0]?.settle ?? false,
    lockMs,
  ]
}

/** Ids, types, data, bytes and metadata of events, a column each; a column without a value is null as a whole. */
function columns(events: readonly EncodedEvent[]): Parameter[] {
  const text = events.map(({ data }) => ('text' in data ? data.text : null))
  const bytes = events.map(({ data }) => ('bytes' in data ? data.bytes : null))
  const metadata = events.map((event) => event.metadata ?? null)
  return [
    binaryArray(
      'uuid',
      events.map(({ id }) => id),
    ),
    binaryArray(
      'text',
      events.map(({ type }) => type),
    ),
    binaryArray('json', text),
    bytes.some((value) => value !== null) ? binaryArray('bytea', bytes) : null,
    metadata.some((value) => value !== null) ? binaryArray('json', metadata) : null,
  ]
}
