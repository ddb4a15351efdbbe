import { type Backend, type Capabilities, allCapabilities } from '@millrace/core'
import { createAppend } from './append.js'
import type { Session } from './client.js'
import { compareTokens } from './event-data.js'
import { readMetadata, removeStream, truncateStream, writeMetadata } from './head-changes.js'
import { classifyError } from './map-error.js'
import { readLogEnd, readLogPage } from './read-all.js'
import { readStream } from './read-events.js'
import { readPage } from './read.js'
import { explainUnopened } from './refused-append.js'
import { readHead } from './stream-head.js'
import { followLog, followStream } from './subscribe.js'

export function eventStoreDBBackend(session: Session): Backend {
  return {
    name: 'eventstoredb',
    capabilities,
    settles: true,
    pageSize,
    classifyError,

    async open(call) {
      await session.open()
      // Nothing connects before a call is made: this one tells a server that is not there, and credentials that are wrong.
      try {
        await readStream(session, opening, { direction: 'backwards', from: 'end', maxCount: 1 }, call)
      } catch (error) {
        throw await explainUnopened(session, opening, error, call)
      }
    },
    close: () => session.close(),

    append: createAppend(session),
    readHead: (streamId, call) => readHead(session, streamId, call),
    readStreamPage: (request, call) => readPage(session, request, call),
    readLogEnd: (_settled, call) => readLogEnd(session, call),
    readLogPage: (request, call) => readLogPage(session, request, call),
    comparePositions: compareTokens,
    followStream: (request, signal) => followStream(session, request, signal),
    followLog: (request, signal) => followLog(session, request, signal),

    deleteStream: (request, call) => removeStream(session, 'deleteStream', request, call),
    tombstoneStream: (request, call) => removeStream(session, 'tombstoneStream', request, call),
    truncateStream: (request, call) => truncateStream(session, request, call),
    readMetadata: (streamId, call) => readMetadata(session, streamId, call),
    writeMetadata: (request, call) => writeMetadata(session, request, call),
  }
}

/** A stream that nobody writes to. */
const opening = 'millrace-opening'
/** More than others take: each page is a call, which costs the clients more than the events of a small one. */
const pageSize = 5000
/** The server refuses 1 MiB and a byte; 24.2 counts the data only, so what is ours in the metadata fits beside it. */
const largestAppend = 1 << 20

const capabilities: Capabilities = {
  ...allCapabilities,
  subscribe: 'push',
  // Of ids that the leader still has in its memory. Known ids followed by new ones are a conflict, although no version was expected.
  idempotency: { exact: true, any: 'recent' },
  listStreams: false,
  multiStreamAppend: false,
  limits: { eventBytes: largestAppend, appendBytes: largestAppend, appendEvents: 10_000, appendStreams: 0 },
}
