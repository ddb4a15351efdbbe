import { type Backend, type BackendCall, type LogPage, type LogPageRequest, type Position, compareDecimals } from '@millrace/core'
import { binaryArray } from './parameters.js'
import { eventColumns, eventReader } from './read.js'
import type { Rows, Store } from './store.js'
import type { Horizon } from './settled.js'

/** Positions that one filtered page looks at, so that a filter that matches nothing still gets on. */
const filterSpan = 20_000n
const endOfLog = 9_223_372_036_854_775_807n

type LogReads = Required<Pick<Backend, 'readLogEnd' | 'readLogPage' | 'comparePositions' | 'lookForChange'>>

/** Reads the log in position order, never past the settled {@link Horizon}. `horizon` undefined: what is visible is settled. */
export function logReads(store: Store, horizon: Horizon | undefined): LogReads {
  const { engine, names } = store
  const { of: toPosition, bodyOf: fromPosition } = store.positions
  const filters = `AND ($4::text[] IS NULL OR e.event_type = ANY ($4::text[])) AND ($5::text[] IS NULL OR e.stream_type = ANY ($5::text[]))
    AND ($6::text IS NULL OR starts_with(e.stream_id, $6::text))`
  const select = (more: string, order: string): string =>
    `SELECT ${eventColumns(store)} FROM ${names.events} AS e WHERE e.position > $1::bigint AND e.position <= $2::bigint ${more} ORDER BY e.position ${order} LIMIT $3`
  const statements = {
    forwards: { whole: select('', 'ASC'), filtered: select(filters, 'ASC') },
    backwards: { whole: select('', 'DESC'), filtered: select(filters, 'DESC') },
  }
  const topStatement = `SELECT max(position) FROM ${names.events}`
  const readEvent = eventReader(store)
  let behind = false

  /** 0: the log is empty. */
  const top = async (call: BackendCall): Promise<bigint> => BigInt((await engine.read(topStatement, [], call))[0]?.[0] ?? 0)
  const place = (position: Position | undefined) => (position === undefined ? undefined : BigInt(fromPosition(position)))
  const lastOf = (rows: Rows): bigint => BigInt(rows.at(-1)?.[0] ?? '0')

  function read({ direction, filter, limit }: LogPageRequest, after: bigint, upTo: bigint, call: BackendCall): Promise<Rows> {
    const { whole, filtered } = statements[direction]
    const window = [String(after), String(upTo), limit]
    const list = (texts?: readonly string[]) => (texts === undefined ? null : binaryArray('text', texts))
    if (filter === undefined) return engine.read(whole, window, call)
    return engine.read(filtered, [...window, list(filter.eventTypes), list(filter.streamTypes), filter.streamIdPrefix ?? null], call)
  }
  const page = (rows: Rows, next: bigint, end: boolean): LogPage => ({ events: rows.map(readEvent), next: toPosition(String(next)), end })

  async function backwards(request: LogPageRequest, call: BackendCall): Promise<LogPage> {
    const [after, upTo] = [place(request.after), place(request.upTo) ?? endOfLog]
    const first = after === undefined || after > upTo ? upTo : after - 1n
    const floor = request.filter === undefined || first < filterSpan ? 0n : first - filterSpan
    const rows = await read(request, floor, first, call)
    const next = rows.length === request.limit ? lastOf(rows) : floor + 1n
    return page(rows, next, next <= 1n)
  }

  async function forwards(request: LogPageRequest, call: BackendCall): Promise<LogPage> {
    const nothing = { events: [], next: request.after, end: true }
    const after = place(request.after) ?? 0n
    /** All of it is settled, so holes mean nothing. */
    async function upTo(last: bigint): Promise<LogPage> {
      if (last <= after) return nothing
      const bound = request.filter === undefined || last - after < filterSpan ? last : after + filterSpan
      const rows = await read(request, after, bound, call)
      const next = rows.length === request.limit ? lastOf(rows) : bound
      return page(rows, next, next >= last)
    }
    if (request.upTo !== undefined) return upTo(place(request.upTo) ?? 0n)
    if (horizon === undefined) return upTo(await top(call))
    const settled = horizon.settled()
    if (settled > after) return upTo(settled)
    // 0 may be what is left after a connection was lost: then nothing is known of the server.
    if (settled === after && settled > 0n && request.filter === undefined) {
      // What follows the settled part without a hole is settled too: nothing can come between.
      const rows = await read(request, after, endOfLog, call)
      if (rows.length === 0) return nothing
      const hole = rows.findIndex((row, index) => BigInt(row[0] ?? '') !== after + BigInt(index) + 1n)
      const sure = hole === -1 ? rows : rows.slice(0, hole)
      if (sure.length > 0) {
        horizon.advance(settled, lastOf(sure))
        return page(sure, lastOf(sure), hole === -1 && rows.length < request.limit)
      }
    }
    await horizon.look(call)
    // Read again with a new snapshot: what was settled by that look may have become visible after the first.
    return upTo(horizon.settled())
  }

  return {
    /** The visible end and how far it is settled. As long as the one is behind the other each look is a probe of the horizon. */
    async lookForChange(call) {
      const end = await (behind && horizon !== undefined ? horizon.look(call) : top(call))
      behind = horizon !== undefined && horizon.settled() !== end
      return `${end} ${horizon?.settled()}`
    },
    async readLogEnd({ settled }, call) {
      const found = settled && horizon !== undefined ? await horizon.settle(call) : await top(call)
      return found === 0n ? undefined : toPosition(String(found))
    },
    readLogPage: (request, call) => (request.direction === 'forwards' ? forwards(request, call) : backwards(request, call)),
    comparePositions: (a, b) => compareDecimals(fromPosition(a), fromPosition(b)),
  }
}
