import type { BackendCall } from '@millrace/core'
import { type Item, cellKey, keyOf, logPartition, numberOf, sequenceKey, textOf } from './items.js'
import type { CommitPart } from './encode-commit.js'
import { DriverFailure } from './driver-failure.js'
import type { ConditionalPut, Table } from './table.js'

/** One stream's share of a commit, as its cell of the log tells: first version, number of events, first version of each item. */
export interface CellEntry {
  readonly streamId: string
  readonly first: number
  readonly count: number
  readonly items: readonly number[]
}

/**
 * Takes the next cell of the log. It is younger than every cell of an append that has resolved, and than those of the versions that were
 * seen before: so the log keeps real-time order and the order of streams. An answer that is lost leaves a hole, which readers fill.
 */
export async function takeCell(table: Table, call: BackendCall): Promise<number> {
  const input = {
    TableName: table.name,
    Key: keyOf(sequenceKey),
    UpdateExpression: 'ADD #next_cell :one',
    ExpressionAttributeNames: { '#next_cell': 'next_cell' },
    ExpressionAttributeValues: { ':one': { N: '1' } },
    ReturnValues: 'UPDATED_NEW',
  }
  // Sent as a read: nothing of the append is applied by it, whatever becomes of the answer.
  const { Attributes } = await table.requests.read<{ Attributes?: Item }>('UpdateItem', input, call)
  const cell = numberOf(Attributes ?? {}, 'next_cell')
  if (cell === undefined) throw new Error('the table gave no cell')
  return cell
}

/** The claim of a cell: written in one transaction with the events, so both are there or none. */
export function claimOf(
  cell: number,
  commitId: string,
  parts: readonly CommitPart[],
  items: readonly (readonly Item[])[],
  bytes: number,
): ConditionalPut {
  const entries = parts.map(({ streamId, firstVersion, events }, index) => {
    const firsts = (items[index] ?? []).map((item) => Number((textOf(item, 'SK') ?? '').slice('VERSION#'.length)))
    // An item an event is the rule, and needs no list.
    return [streamId, firstVersion, events.length, ...(firsts.length === events.length ? [] : [firsts])]
  })
  const item: Item = {
    ...keyOf({ pk: logPartition, sk: cellKey(cell) }),
    commit_id: { S: commitId },
    entries: { S: JSON.stringify(entries) },
    event_bytes: { N: String(bytes) },
  }
  return { item, when: 'absent' }
}

/** Entries of a claimed cell; undefined: it was voided. */
export function entriesOf(item: Item): readonly CellEntry[] | undefined {
  const text = textOf(item, 'entries')
  if (text === undefined) return undefined
  return (JSON.parse(text) as [string, number, number, number[]?][]).map(([streamId, first, count, items]) => ({
    streamId,
    first,
    count,
    items: items ?? Array.from({ length: count }, (_, index) => first + index),
  }))
}

/**
 * Gives a cell up for ever, unless it is claimed. Whoever claims it later is refused and takes another; so readers need not wait for it.
 *
 * @returns the claim, if there is one.
 */
export async function voidCell(table: Table, cell: number, call: BackendCall): Promise<Item | undefined> {
  const key = { pk: logPartition, sk: cellKey(cell) }
  const put: ConditionalPut = { item: { ...keyOf(key), voided: { BOOL: true } }, when: 'absent' }
  const answer = await table.put([put], undefined, '', call)
  if (answer.done) return undefined
  const found = answer.refused[0]?.item ?? (await table.get(key, call))
  return found !== undefined && entriesOf(found) !== undefined ? found : undefined
}

/** As {@link voidCell}, of a cell that is left; that it is not reached leaves a hole, which readers fill. */
export async function leaveCell(table: Table, cell: number, call: BackendCall): Promise<void> {
  try {
    await voidCell(table, cell, call)
  } catch (error) {
    if (!(error instanceof DriverFailure)) throw error
  }
}
