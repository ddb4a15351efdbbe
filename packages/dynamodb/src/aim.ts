import { type AppendRefusal, type AppendRequest, type BackendCall, type StoredRange, checkExpected } from '@millrace/core'
import type { ToPosition } from './decode-item.js'
import { readStored } from './read.js'
import type { SeenTips } from './seen-tips.js'
import { type Tip, readState, readTip } from './state.js'
import type { ConditionalPut, Table } from './table.js'

/** Where the events of a request go, or why they go nowhere. */
export type Aim =
  | { readonly status: 'slot'; readonly version: number; readonly when: ConditionalPut['when'] }
  | ({ readonly status: 'stored'; readonly actualVersion: number } & StoredRange)
  | AppendRefusal

/**
 * Chooses the slot of an append. The slot after n is only ever given out when n was seen as the end of a commit: by this process before,
 * or in a read now. A condition on the slot alone would leave a hole when n is too high. Source: dynamodb.md §3.
 *
 * @param sure read strongly: a slot that was given out before turned out to be taken.
 */
export async function aim(
  table: Table,
  seen: SeenTips,
  toPosition: ToPosition,
  request: AppendRequest,
  sure: boolean,
  call: BackendCall,
): Promise<Aim> {
  const { streamId, expected } = request
  const last = sure ? undefined : seen.last(streamId)
  const slot = (version: number): Aim => ({ status: 'slot', version, when: expected === 'streamExists' ? 'absent' : 'or-deleted' })

  if (expected === 'noStream') {
    // A first version has no predecessor: whether the stream exists is what the put itself finds out.
    if (!sure && last === undefined) return slot(1)
    const { head } = await readState(table, streamId, call)
    if (head.status === 'tombstoned') return { status: 'tombstoned' }
    return head.status === 'live' ? compare(head.baseVersion + 1, head.version) : slot(head.version + 1)
  }

  if (typeof expected === 'number' ? !sure && seen.isEnd(streamId, expected) : last !== undefined)
    return slot((typeof expected === 'number' ? expected : (last ?? 0)) + 1)
  // Known to be beyond: no put can succeed, only a retry can be recognised.
  const early = sure || last !== undefined ? undefined : await readTip(table, streamId, true, call)
  if (early !== undefined && answersAtOnce(early)) return slot(early.version + 1)
  const tip = await readTip(table, streamId, false, call)
  seen.saw(streamId, tip.version)
  if (tip.seal === 'tombstoned') return { status: 'tombstoned' }
  if (typeof expected === 'number') {
    if (tip.version === expected) return slot(expected + 1)
    return tip.version < expected ? conflict(tip.version) : compare(expected + 1, tip.version)
  }
  const status = tip.seal === 'deleted' ? 'deleted' : tip.version === 0 ? 'missing' : 'live'
  const check = checkExpected({ status, version: tip.version }, expected)
  return check === 'ok' ? slot(tip.version + 1) : check === 'deleted' ? { status: 'deleted' } : conflict(tip.version)

  /** Whether an eventual tip, which may be too low, is enough to try. */
  function answersAtOnce({ version, seal }: Tip): boolean {
    if (seal === 'tombstoned') return false
    if (typeof expected === 'number') return version === expected
    return expected === 'any' || (version > 0 && seal === undefined)
  }

  function conflict(actualVersion: number): Aim {
    return { status: 'wrong-version', actualVersion, idsCompared: true }
  }

  /** A retry is recognised by its ids, which stay stored when the events are hidden. */
  async function compare(first: number, actualVersion: number): Promise<Aim> {
    const { events } = request
    const end = first + events.length - 1
    if (end > actualVersion) return conflict(actualVersion)
    const found = await readStored(table, streamId, [first, end], toPosition, call)
    if (found.some(({ id }, index) => id !== events[index]?.id)) return conflict(actualVersion)
    return { status: 'stored', actualVersion, firstVersion: first, version: end, position: found.at(-1)?.position }
  }
}
