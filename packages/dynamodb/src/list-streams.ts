import type { Backend, StreamInfo } from '@millrace/core'
import { type Item, metaKey, sealOf, streamOf, textOf, versionKey } from './items.js'
import { type Meta, metaOf, readMeta, readTip } from './state.js'
import type { Table } from './table.js'

type ListStreams = NonNullable<Backend['listStreamsPage']>

/**
 * Scans the table for first versions, and META for their status: it costs the whole table, and gives the streams in the order of the
 * hashes of their ids. `next` is where the scan stands. Cases: RDS-17.
 */
export function createListStreams(table: Table): ListStreams {
  const base = {
    TableName: table.name,
    ConsistentRead: true,
    FilterExpression: 'begins_with(#pk, :prefix) AND #sk IN (:first, :meta)',
    ProjectionExpression: '#pk, #sk, #seal, #deleted_through, #tombstoned',
    ExpressionAttributeNames: {
      '#pk': 'PK',
      '#sk': 'SK',
      '#seal': 'seal',
      '#deleted_through': 'deleted_through',
      '#tombstoned': 'tombstoned',
    },
  }
  return async ({ prefix, after }, call) => {
    const input = {
      ...base,
      ExpressionAttributeValues: { ':prefix': { S: `STREAM#${prefix}` }, ':first': { S: versionKey(1) }, ':meta': { S: metaKey } },
      ...(after === undefined ? {} : { ExclusiveStartKey: JSON.parse(after) as Item }),
    }
    const { Items = [], LastEvaluatedKey } = await table.requests.read<{ Items?: Item[]; LastEvaluatedKey?: Item }>('Scan', input, call)
    const metas = new Map<string, Meta>()
    const streams: StreamInfo[] = []
    for (const item of Items) {
      const streamId = streamOf(item)
      if (streamId === undefined) continue
      if (textOf(item, 'SK') === metaKey) metas.set(streamId, metaOf(item))
      else {
        // META stands right before: only that of a page's first stream can have come with the page before.
        const meta = metas.get(streamId) ?? (streams.length === 0 ? await readMeta(table, streamId, call) : metaOf(undefined))
        const status = meta.tombstoned || sealOf(item) === 'tombstoned' ? 'tombstoned' : await statusOf(streamId, meta)
        streams.push({ streamId, status })
      }
    }
    return { streams, next: LastEvaluatedKey === undefined ? undefined : JSON.stringify(LastEvaluatedKey) }

    async function statusOf(streamId: string, { deletedThrough }: Meta): Promise<'live' | 'deleted'> {
      if (deletedThrough === 0) return 'live'
      return (await readTip(table, streamId, false, call)).version > deletedThrough ? 'live' : 'deleted'
    }
  }
}
