import {
  type BackendCall,
  CorruptStreamError,
  type StoredEvent,
  type StreamHead,
  type StreamPage,
  type StreamPageRequest,
} from '@millrace/core'
import { type ToPosition, decodeItem } from './decode-item.js'
import { type Item, firstVersionKey, itemBytes, itemSpan, lastVersionKey, sealOf, streamPartition, versionKey } from './items.js'
import type { SeenTips } from './seen-tips.js'
import { headOf, pause, readMeta, readTip, tipOf } from './state.js'
import type { Table } from './table.js'

/** How long a commit that is seen in part, or a hole, is read again before it is called damage. */
const tornMs = 2000

export interface StreamReader {
  page(request: StreamPageRequest, call: BackendCall): Promise<StreamPage>
}

/** Items of a window, in the direction of reading, without the seal. */
interface Collected {
  readonly items: readonly Item[]
  /** The seal or the last item, if the window reached the end of the stream. */
  readonly end: Item | undefined
  /** The window holds no further item. */
  readonly exhausted: boolean
}

/**
 * Reads streams. A page is read strongly and META after it, so that a page is never of two lives of a stream; part of a transaction is
 * read again until all of it is there. Cases: RDS, DEL.
 */
export function createStreamReader(table: Table, seen: SeenTips, toPosition: ToPosition): StreamReader {
  /** Up to `limit` events from `start` on, or all of the first item. */
  async function collect(request: StreamPageRequest, start: number | undefined, call: BackendCall): Promise<Collected> {
    const { streamId, direction, to, limit, maxBytes } = request
    const pk = streamPartition(streamId)
    const backwards = direction === 'backwards'
    const window = backwards
      ? { pk, from: firstVersionKey, to: start === undefined ? lastVersionKey : versionKey(start), backwards }
      : { pk, from: versionKey(start ?? 1), to: to === undefined ? lastVersionKey : versionKey(to) }
    const found: Item[] = []
    let [events, bytes, exhausted] = [0, 0, false]
    let [seal, after]: (Item | undefined)[] = []
    while (!exhausted && events < limit && bytes < maxBytes) {
      // One more, since it may show that the stream ends here: that saves a request.
      const page = await table.query({ ...window, limit: limit - events + 1, after }, call)
      for (const item of page.items) {
        if (sealOf(item) !== undefined) seal = item
        else {
          found.push(item)
          const { first, last } = itemSpan(item)
          events += backwards && start !== undefined ? Math.min(last, start) - first + 1 : last - first + 1
          bytes += itemBytes(item)
          // A packed item below the window is of no use.
          if (backwards && to !== undefined && first <= to) exhausted = true
        }
      }
      after = page.next
      exhausted ||= after === undefined
    }
    const atEnd = backwards ? start === undefined : exhausted && to === undefined
    return { items: found, end: atEnd ? (seal ?? (backwards ? found[0] : found.at(-1))) : undefined, exhausted }
  }

  /** The item before a version: a packed one may hold it. Also the tip, when nothing stands from that version on. */
  async function itemBelow(streamId: string, version: number, call: BackendCall): Promise<Item | undefined> {
    const pk = streamPartition(streamId)
    const window = { pk, from: firstVersionKey, to: versionKey(version - 1), backwards: true, limit: 1 }
    return (await table.query(window, call)).items[0]
  }

  /** One look; undefined: it was of no one moment, or a commit was seen in part. */
  async function look(
    request: StreamPageRequest,
    start: number | undefined,
    call: BackendCall,
  ): Promise<{ readonly head: StreamHead; readonly events: StoredEvent[] } | 'torn' | { readonly restart: number }> {
    const { streamId, direction, to, limit } = request
    const forwards = direction === 'forwards'
    const collected = await collect(request, start, call)
    let { items, end } = collected
    const [nearest] = items
    if (forwards && start !== undefined && start > 1 && (nearest === undefined || itemSpan(nearest).first > start)) {
      const below = await itemBelow(streamId, start, call)
      if (below !== undefined && sealOf(below) === undefined && itemSpan(below).last >= start) items = [below, ...items]
      if (nearest === undefined && end === undefined && collected.exhausted && to === undefined) end = below
    }
    // After the page: what changed before it was read is seen.
    const [tip, meta] = await Promise.all([
      end === undefined ? readTip(table, streamId, false, call) : tipOf(end),
      readMeta(table, streamId, call),
    ])
    const head = headOf(tip, meta)
    if (head === undefined) return 'torn'
    seen.saw(streamId, tip.version)
    if (head.status !== 'live') return { head, events: [] }
    const lowest = Math.max(forwards ? (start ?? 1) : (to ?? 1), head.firstVersion)
    const highest = Math.min(forwards ? (to ?? head.version) : (start ?? head.version), head.version)
    if (lowest > highest) return { head, events: [] }
    const events = items
      .flatMap((item) => (forwards ? decodeItem(item, streamId, toPosition) : decodeItem(item, streamId, toPosition).reverse()))
      .filter(({ version }) => version >= lowest && version <= highest)
    if (forwards && events.length === 0 && (start ?? 1) < lowest) return { restart: lowest }
    const whole = wholePart(events, forwards ? lowest : highest, forwards ? 1 : -1)
    const reached = whole.at(-1)?.version
    // A page may end early only because it is full, or because the window does.
    const complete = whole.length === events.length && (!collected.exhausted || reached === (forwards ? highest : lowest))
    if (whole.length === 0 || !complete) return 'torn'
    return { head, events: whole.slice(0, limit) }
  }

  return {
    async page(request, call) {
      const { streamId, from, direction } = request
      if (request.eventual === true && from !== undefined && direction === 'forwards') {
        const still = await nothingNew(streamId, from, call)
        if (still !== undefined) return still
      }
      const startedAt = performance.now()
      let start = from
      for (let tries = 1; ; tries += 1) {
        const found = await look(request, start, call)
        if (found === 'torn') {
          if (performance.now() - startedAt > tornMs) throw torn(streamId)
          await pause(tries, call)
        } else if ('restart' in found) start = found.restart
        else return found
      }
    },
  }

  /** A follower's cheap look from behind the tip that it knows. A delete or a tombstone takes the slot there, so it is seen too. */
  async function nothingNew(streamId: string, from: number, call: BackendCall): Promise<StreamPage | undefined> {
    const window = {
      pk: streamPartition(streamId),
      from: versionKey(from),
      to: lastVersionKey,
      limit: 1,
      eventual: true,
      attributes: ['SK'],
    }
    if ((await table.query(window, call)).items.length > 0) return undefined
    const version = from - 1
    return { head: { status: version === 0 ? 'missing' : 'live', version, firstVersion: from, baseVersion: 0 }, events: [] }
  }
}

/**
 * Stored events from one version to another, hidden ones too; the stream is known to reach so far. Part of a transaction is read again
 * until all of it is there. Errors: `corrupt-stream`.
 */
export async function readStored(
  table: Table,
  streamId: string,
  [first, last]: readonly [first: number, last: number],
  toPosition: ToPosition,
  call: BackendCall,
): Promise<readonly StoredEvent[]> {
  const pk = streamPartition(streamId)
  const startedAt = performance.now()
  for (let tries = 1; ; tries += 1) {
    const below = await table.query({ pk, from: firstVersionKey, to: versionKey(first), backwards: true, limit: 1 }, call)
    const items = [...below.items]
    for (let after: Item | undefined, more = last > first; more; more = after !== undefined) {
      const page = await table.query({ pk, from: versionKey(first + 1), to: versionKey(last), after }, call)
      items.push(...page.items)
      after = page.next
    }
    const events = items
      .filter((item) => sealOf(item) === undefined)
      .flatMap((item) => decodeItem(item, streamId, toPosition))
      .filter(({ version }) => version >= first && version <= last)
    if (wholePart(events, first, 1).length === last - first + 1) return events
    if (performance.now() - startedAt > tornMs) throw torn(streamId)
    await pause(tries, call)
  }
}

/** The events from the beginning up to where one is missing. */
function wholePart(events: readonly StoredEvent[], first: number, step: number): StoredEvent[] {
  const missing = events.findIndex(({ version }, index) => version !== first + index * step)
  return missing === -1 ? [...events] : events.slice(0, missing)
}

function torn(streamId: string): CorruptStreamError {
  return new CorruptStreamError(`stream ${JSON.stringify(streamId)} has a hole, or a commit of which a part is missing.`, {
    adapter: 'dynamodb',
    streamId,
    hint: 'Was the table restored from a backup that was taken between two items? Restore it to another moment.',
  })
}
