import { type BackendCall, CorruptStreamError } from '@millrace/core'
import { type Item, type Key, keyOf, textOf } from './items.js'
import { pause } from './state.js'
import type { Table } from './table.js'

/** An item of a commit that is known to be stored. */
export interface WantedBody extends Key {
  readonly streamId: string
  readonly commitId: string
}

/** Most keys of one request. */
const batchKeys = 100
/** How long an item of a commit may be missing before that is called damage. */
const missingMs = 2000

/**
 * Reads items by key, eventually first: one that is not of its commit yet (it may be older: a seal) is read again, strongly. What the
 * service leaves out is asked for again.
 */
export async function readBodies(table: Table, wanted: readonly WantedBody[], call: BackendCall): Promise<readonly Item[]> {
  const found = new Map<string, Item>()
  const startedAt = performance.now()
  for (let tries = 0; ; tries += 1) {
    const missing = wanted.filter((body) => !found.has(nameOf(body)))
    if (missing.length === 0) return wanted.map((body) => found.get(nameOf(body)) ?? {})
    if (tries > 1) {
      if (performance.now() - startedAt > missingMs) throw lost(missing[0])
      await pause(tries, call)
    }
    const valid = new Map(missing.map((body) => [nameOf(body), body.commitId]))
    for (let at = 0; at < missing.length; at += batchKeys)
      for (const item of await readBatch(table, missing.slice(at, at + batchKeys), tries > 0, call)) {
        const name = nameOf({ pk: textOf(item, 'PK') ?? '', sk: textOf(item, 'SK') ?? '' })
        if (textOf(item, 'commit_id') === valid.get(name)) found.set(name, item)
      }
  }
}

async function readBatch(table: Table, keys: readonly Key[], strong: boolean, call: BackendCall): Promise<readonly Item[]> {
  interface Answer {
    readonly Responses?: Readonly<Record<string, Item[]>>
    readonly UnprocessedKeys?: Readonly<Record<string, { readonly Keys?: readonly Item[] }>>
  }
  const items: Item[] = []
  let Keys: readonly Item[] = keys.map(keyOf)
  let tries = 0
  while (Keys.length > 0) {
    const input = { RequestItems: { [table.name]: { Keys, ConsistentRead: strong } } }
    const { Responses = {}, UnprocessedKeys = {} } = await table.requests.read<Answer>('BatchGetItem', input, call)
    items.push(...(Responses[table.name] ?? []))
    Keys = UnprocessedKeys[table.name]?.Keys ?? []
    if (Keys.length > 0) await pause((tries += 1), call)
  }
  return items
}

function nameOf({ pk, sk }: Key): string {
  return `${pk}\0${sk}`
}

function lost(body: WantedBody | undefined): CorruptStreamError {
  const streamId = body?.streamId ?? ''
  return new CorruptStreamError(`the log names an event of stream ${JSON.stringify(streamId)} that is not there.`, {
    adapter: 'dynamodb',
    streamId,
    hint: 'Was the table restored from a backup that was taken between two items? Restore it to another moment.',
  })
}
