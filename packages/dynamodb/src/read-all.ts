import { type Backend, type BackendCall, type LogPage, type LogPageRequest, type Position, type StoredEvent } from '@millrace/core'
import { type CellEntry, entriesOf, voidCell } from './cells.js'
import { type ToPosition, decodeItem } from './decode-item.js'
import { type Item, cellKey, logPartition, numberInKey, numberOf, streamPartition, textOf, versionKey } from './items.js'
import { readBodies } from './read-bodies.js'
import { pause } from './state.js'
import type { Table } from './table.js'

type LogReader = { readonly end: NonNullable<Backend['readLogEnd']>; readonly page: NonNullable<Backend['readLogPage']> }

export interface LogReaderOptions {
  readonly toPosition: ToPosition
  readonly placeOf: (position: Position) => readonly [cell: number, index: number]
  readonly fillAfterMs: number
}

/** Cells of one look: voided ones are cheap. */
const cellsOfPage = 1000
const endOfLog = Number.MAX_SAFE_INTEGER

/**
 * Reads the log cell by cell, never past a hole: a cell that was taken and neither claimed nor voided. A hole below a later cell is
 * waited for, by this process's own monotonic clock, and then voided; a claim found there is delivered, and a writer who comes later is
 * refused and takes another cell. So nothing turns up below what was delivered, whatever clocks do. Cases: ALL, SUB.
 */
export function createLogReader(table: Table, { toPosition, placeOf, fillAfterMs }: LogReaderOptions): LogReader {
  /** Holes below a later cell, and when this process first saw them. */
  const holes = new Map<number, number>()

  async function lastCell(call: BackendCall): Promise<Item | undefined> {
    const window = { pk: logPartition, from: cellKey(0), to: cellKey(endOfLog), backwards: true, limit: 1 }
    return (await table.query(window, call)).items[0]
  }

  /** Position of the last event of a cell; of a voided one its place. */
  function endOfCell(cell: Item): Position {
    return toPosition(numberInKey(cell), Math.max(0, eventCount(entriesOf(cell)) - 1))
  }

  /** Fills a hole that has been waited for, or says how long it has to be waited for. */
  async function fill(
    hole: number,
    call: BackendCall,
  ): Promise<{ readonly filled: true } | { readonly filled: false; readonly waitMs: number }> {
    const now = performance.now()
    const since = holes.get(hole) ?? now
    holes.set(hole, since)
    const waitMs = since + fillAfterMs - now
    if (waitMs > 0) return { filled: false, waitMs }
    await voidCell(table, hole, call)
    holes.delete(hole)
    return { filled: true }
  }

  /** Every hole below a cell, filled. */
  async function settle(upTo: number, call: BackendCall): Promise<void> {
    let [next, tries] = [settledTo + 1, 0]
    while (next <= upTo) {
      const { items } = await table.query(
        { pk: logPartition, from: cellKey(next), to: cellKey(upTo), limit: cellsOfPage, attributes: ['SK'] },
        call,
      )
      const hole = firstHole(items, next)
      if (hole > next) settledTo = Math.max(settledTo, hole - 1)
      if (hole === next) {
        // All holes are watched from now on, so that they are waited for together.
        watchHoles(items, next)
        const { filled } = await fill(hole, call)
        tries = filled ? 0 : tries + 1
        if (!filled) await pause(tries, call)
      }
      next = hole
    }
  }
  /** Up to here no hole is left: they are never opened again. */
  let settledTo = 0

  function watchHoles(items: readonly Item[], next: number): void {
    const now = performance.now()
    let expected = next
    for (const item of items) {
      const cell = numberInKey(item)
      for (; expected < cell && holes.size < cellsOfPage; expected += 1) if (!holes.has(expected)) holes.set(expected, now)
      expected = cell + 1
    }
  }

  /** Events of cells, in their order. */
  async function eventsOf(cells: readonly Item[], call: BackendCall): Promise<StoredEvent[]> {
    const wanted = cells.flatMap((cell) =>
      (entriesOf(cell) ?? []).flatMap(({ streamId, items }) =>
        items.map((version) => ({
          pk: streamPartition(streamId),
          sk: versionKey(version),
          streamId,
          commitId: textOf(cell, 'commit_id') ?? '',
        })),
      ),
    )
    const bodies = await readBodies(table, wanted, call)
    return bodies.flatMap((item, index) => decodeItem(item, wanted[index]?.streamId ?? '', toPosition))
  }

  /** As many cells as fill a page, and at least one that holds events. */
  function takeCells(cells: readonly Item[], limit: number, maxBytes: number): readonly Item[] {
    let [events, bytes] = [0, 0]
    for (const [index, cell] of cells.entries()) {
      const own = numberOf(cell, 'event_bytes') ?? 0
      if (events > 0 && bytes + own > maxBytes) return cells.slice(0, index)
      events += eventCount(entriesOf(cell))
      bytes += own
      if (events >= limit) return cells.slice(0, index + 1)
    }
    return cells
  }

  async function forwards(request: LogPageRequest, call: BackendCall): Promise<LogPage> {
    const [cell, index] = request.after === undefined ? [1, -1] : placeOf(request.after)
    const [lastCellWanted, lastIndex] = request.upTo === undefined ? [endOfLog, endOfLog] : placeOf(request.upTo)
    const nothing: LogPage = { events: [], next: request.after, end: true }
    if (cell > lastCellWanted) return nothing
    const window = { pk: logPartition, from: cellKey(cell), to: cellKey(lastCellWanted), limit: Math.min(cellsOfPage, request.limit + 1) }
    const { items, next: more } = await table.query(window, call)
    const hole = firstHole(items, cell)
    const sure = items.filter((item) => numberInKey(item) < hole)
    for (const known of holes.keys()) if (known >= cell && known < hole) holes.delete(known)
    // More follows a hole: the tail alone is nobody's.
    if (sure.length < items.length) watchHoles(items, cell)
    const fresh = sure.filter((item) => numberInKey(item) > cell || eventCount(entriesOf(item)) - 1 > index)
    if (fresh.length === 0) {
      const filled = sure.length < items.length && (await fill(hole, call)).filled
      return { ...nothing, end: !filled && more === undefined }
    }
    const cells = takeCells(fresh, request.limit + index + 1, request.maxBytes)
    const inOrder = (place: readonly [number, number]): boolean =>
      (place[0] > cell || place[1] > index) && (place[0] < lastCellWanted || place[1] <= lastIndex)
    const events = (await eventsOf(cells, call)).filter(({ position }) => position !== undefined && inOrder(placeOf(position)))
    const page = events.slice(0, request.limit)
    const last = cells.at(-1)
    const whole = page.length === events.length && last !== undefined
    const end = whole && last === items.at(-1) && more === undefined
    return { events: page, next: whole ? endOfCell(last) : page.at(-1)?.position, end }
  }

  async function backwards(request: LogPageRequest, call: BackendCall): Promise<LogPage> {
    const top = placeOf(request.upTo ?? toPosition(endOfLog, endOfLog))
    const after = request.after === undefined ? undefined : placeOf(request.after)
    // Below `after`, or from `upTo` on.
    const below = after !== undefined && (after[0] < top[0] || (after[0] === top[0] && after[1] <= top[1]))
    const [cell, index] = below ? [after[0], after[1] - 1] : top
    const window = {
      pk: logPartition,
      from: cellKey(1),
      to: cellKey(cell),
      backwards: true,
      limit: Math.min(cellsOfPage, request.limit + 1),
    }
    const { items, next: more } = await table.query(window, call)
    // Counted from its end, of the first cell only a part is wanted.
    const cells = takeCells(items, request.limit + Math.max(0, eventCount(entriesOf(items[0] ?? {})) - index - 1), request.maxBytes)
    const events = (await eventsOf([...cells].reverse(), call))
      .filter(({ position }) => {
        const [place, offset] = placeOf(position ?? '')
        return place < cell || (place === cell && offset <= index)
      })
      .reverse()
    const page = events.slice(0, request.limit)
    const last = cells.at(-1)
    const whole = page.length === events.length
    const next = whole ? (last === undefined ? request.after : toPosition(numberInKey(last), 0)) : page.at(-1)?.position
    return { events: page, next, end: whole && cells.length === items.length && more === undefined }
  }

  return {
    async end({ settled }, call) {
      const last = await lastCell(call)
      if (last === undefined) return undefined
      if (settled) await settle(numberInKey(last), call)
      return endOfCell(last)
    },
    page: (request, call) => (request.direction === 'forwards' ? forwards(request, call) : backwards(request, call)),
  }
}

/** The first cell from `first` on that is not among the items, which are in order. */
function firstHole(items: readonly Item[], first: number): number {
  let expected = first
  for (const item of items) {
    if (numberInKey(item) !== expected) return expected
    expected += 1
  }
  return expected
}

function eventCount(entries: readonly CellEntry[] | undefined): number {
  return (entries ?? []).reduce((events, { count }) => events + count, 0)
}
