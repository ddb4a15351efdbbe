import type { BackendCall, LogPage, LogPageRequest, Position } from '@millrace/core'
import { type Reading, type TextColumns, eventColumns, readEvent } from './read.js'
import type { Names } from './schema.js'
import type { Horizon } from './settled.js'
import type { Engine, Parameter, Row, Statement } from './session.js'

export type LogStatements = Readonly<Record<'forwards' | 'filtered' | 'backwards' | 'backwardsFiltered' | 'top', Statement>>

export function logStatements({ events }: Names, texts: TextColumns): LogStatements {
  const filters = `AND ($4::text[] IS NULL OR e.event_type = ANY ($4::text[])) AND ($5::text[] IS NULL OR e.stream_type = ANY ($5::text[]))
    AND ($6::text IS NULL OR starts_with(e.stream_id, $6::text))`
  const page = (more: string, order: string): Statement => ({
    text: `SELECT ${eventColumns(texts)} FROM ${events} AS e WHERE e.position > $1::bigint AND e.position <= $2::bigint ${more} ORDER BY e.position ${order} LIMIT $3`,
  })
  return {
    forwards: page('', 'ASC'),
    filtered: page(filters, 'ASC'),
    backwards: page('', 'DESC'),
    backwardsFiltered: page(filters, 'DESC'),
    top: { text: `SELECT max(position) FROM ${events}` },
  }
}

/** Positions that one filtered page looks at, so that a filter that matches nothing still gets on. */
const filterSpan = 20_000n
const endOfLog = 9_223_372_036_854_775_807n

export interface LogReader {
  end(settled: boolean, call: BackendCall): Promise<string | undefined>
  page(request: LogPageRequest, call: BackendCall): Promise<LogPage>
  /** The visible end and how far it is settled. As long as the one is behind the other each look is a probe of the horizon. */
  look(call: BackendCall): Promise<string>
}

/** Reads the log in position order, never past the settled {@link Horizon}. `horizon` undefined: what is visible is settled. */
export function logReader(
  engine: Engine,
  statements: LogStatements,
  horizon: Horizon | undefined,
  reading: Reading,
  token: { format(body: string): Position; parse(position: Position): string },
): LogReader {
  async function top(call: BackendCall): Promise<bigint | undefined> {
    const [row] = await engine.read(statements.top, [], call)
    return row?.[0] == null ? undefined : BigInt(row[0])
  }
  const place = (position: Position | undefined): bigint | undefined => (position === undefined ? undefined : BigInt(token.parse(position)))

  async function backwards(request: LogPageRequest, call: BackendCall): Promise<LogPage> {
    const [after, upTo] = [place(request.after), place(request.upTo) ?? endOfLog]
    const top = after === undefined || after > upTo ? upTo : after - 1n
    const floor = request.filter === undefined ? 0n : max(0n, top - filterSpan)
    const rows = await run(statements.backwards, statements.backwardsFiltered, floor, top, request, call)
    const next = rows.length === request.limit ? rows.at(-1)?.[0] : String(floor + 1n)
    return { events: events(rows), next: token.format(next ?? '1'), end: BigInt(next ?? '1') <= 1n }
  }

  async function forwards(request: LogPageRequest, call: BackendCall): Promise<LogPage> {
    const after = place(request.after) ?? 0n
    const upTo = place(request.upTo)
    if (upTo !== undefined) return bounded(after, upTo, request, call)
    if (horizon === undefined) return bounded(after, (await top(call)) ?? 0n, request, call)
    const { settled } = horizon
    if (settled !== undefined && settled > after) return bounded(after, settled, request, call)
    if (settled === after && request.filter === undefined) {
      // What follows the settled part without a hole is settled too: nothing can come between.
      const rows = await run(statements.forwards, statements.forwards, after, endOfLog, request, call)
      const whole = rows.findIndex((row, index) => BigInt(row[0] ?? '') !== after + BigInt(index) + 1n)
      const sure = whole === -1 ? rows : rows.slice(0, whole)
      const last = sure.at(-1)?.[0]
      if (last != null) {
        if (horizon.settled === settled) horizon.advance(BigInt(last))
        return { events: events(sure), next: token.format(last), end: whole === -1 && rows.length < request.limit }
      }
      if (rows.length === 0) return { events: [], next: request.after, end: true }
    }
    await horizon.look(call)
    const now = horizon.settled
    // Read again with a new snapshot: what was settled by that look may have become visible after the first.
    return now === undefined || now <= after ? { events: [], next: request.after, end: true } : bounded(after, now, request, call)
  }

  /** All of it is settled, so holes mean nothing. */
  async function bounded(after: bigint, upTo: bigint, request: LogPageRequest, call: BackendCall): Promise<LogPage> {
    if (upTo <= after) return { events: [], next: request.after, end: true }
    const bound = request.filter === undefined ? upTo : min(upTo, after + filterSpan)
    const rows = await run(statements.forwards, statements.filtered, after, bound, request, call)
    const next = rows.length === request.limit ? BigInt(rows.at(-1)?.[0] ?? '') : bound
    return { events: events(rows), next: token.format(String(next)), end: next >= upTo }
  }

  function run(
    plain: Statement,
    filtered: Statement,
    after: bigint,
    upTo: bigint,
    request: LogPageRequest,
    call: BackendCall,
  ): Promise<readonly Row[]> {
    const { filter, limit } = request
    const window: Parameter[] = [String(after), String(upTo), limit]
    if (filter === undefined) return engine.read(plain, window, call)
    return engine.read(filtered, [...window, list(filter.eventTypes), list(filter.streamTypes), filter.streamIdPrefix ?? null], call)
  }
  function events(rows: readonly Row[]): LogPage['events'] {
    return rows.map((row) => readEvent(row, 0, reading))
  }

  let behind = false
  return {
    async look(call) {
      const end = await (behind && horizon !== undefined ? horizon.look(call) : top(call))
      behind = horizon !== undefined && horizon.settled !== end
      return `${end} ${horizon?.settled}`
    },
    async end(settled, call) {
      const found = settled && horizon !== undefined ? await horizon.settle(call) : await top(call)
      return found === undefined ? undefined : token.format(String(found))
    },
    page: (request, call) => (request.direction === 'forwards' ? forwards(request, call) : backwards(request, call)),
  }
}

/** A text array in the server's own notation; every element quoted. */
function list(values: readonly string[] | undefined): string | null {
  return values === undefined ? null : `{${values.map((value) => `"${value.replaceAll(/["\\]/gu, '\\$&')}"`).join(',')}}`
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
