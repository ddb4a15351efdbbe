import { type Backend, type Capabilities, allCapabilities, createPositions } from '@millrace/core'
import { createAppender } from './append.js'
import { createRequests } from './client.js'
import { createHeadChanges } from './head-changes.js'
import { createListStreams } from './list-streams.js'
import { classifyError } from './map-error.js'
import type { ParsedOptions } from './options.js'
import { createLogReader } from './read-all.js'
import { createStreamReader } from './read.js'
import { openTable } from './schema.js'
import { type SeenTips, createSeenTips } from './seen-tips.js'
import { readState } from './state.js'
import { createTableAccess } from './table.js'

/** @param seen ends of streams that are known; for tests of what rests on them. */
export function dynamodbBackend(options: ParsedOptions, seen: SeenTips = createSeenTips()): Backend {
  const { tableName, log, packing, transactions } = options
  const requests = createRequests(options, seen.clear)
  const table = createTableAccess(requests, tableName, transactions)
  const claimed = log === 'claimed'
  const positions = createPositions('d1')
  const toPosition = (cell: number, index: number): string => positions.of(`${cell}.${index}`)
  const placeOf = (position: string): readonly [cell: number, index: number] => {
    const [cell = 0, index = 0] = positions.bodyOf(position).split('.').map(Number)
    return [cell, index]
  }
  const appender = createAppender({ table, seen, toPosition, log: claimed, packing, transactions })
  const streams = createStreamReader(table, seen, toPosition)
  const changes = createHeadChanges(table)

  const base: Backend = {
    name: 'dynamodb',
    capabilities: capabilities(options),
    settles: true,
    classifyError,

    async open(call) {
      await requests.open()
      positions.logId = (await openTable(table, options, call)).logId
    },
    close() {
      requests.close()
      return Promise.resolve()
    },

    append: appender.append,
    readStreamPage: streams.page,
    readHead: async (streamId, call) => (await readState(table, streamId, call)).head,
    truncateStream: changes.truncateStream,
    readMetadata: changes.readMetadata,
    writeMetadata: changes.writeMetadata,
    listStreamsPage: createListStreams(table),
  }
  if (!transactions) return base
  const { deleteStream, tombstoneStream } = changes
  const whole: Backend = { ...base, appendMany: appender.appendMany, deleteStream, tombstoneStream }
  if (!claimed) return whole
  const reader = createLogReader(table, { toPosition, placeOf, fillAfterMs: options.fillAfterMs })
  return {
    ...whole,
    readLogEnd: reader.end,
    readLogPage: reader.page,
    comparePositions(a, b) {
      const [[cellA, indexA], [cellB, indexB]] = [placeOf(a), placeOf(b)]
      return cellA - cellB || indexA - indexB
    },
  }
}

function capabilities({ log, transactions }: ParsedOptions): Capabilities {
  const claimed = log === 'claimed'
  return {
    ...allCapabilities,
    readAll: claimed && allCapabilities.readAll,
    deleteStream: transactions,
    tombstoneStream: transactions,
    multiStreamAppend: transactions,
    limits: transactions
      ? { eventBytes: 400_000, appendBytes: 3_800_000, appendEvents: 2000, appendStreams: claimed ? 99 : 100 }
      : { eventBytes: 340_000, appendBytes: 340_000, appendEvents: 1000, appendStreams: 0 },
  }
}
