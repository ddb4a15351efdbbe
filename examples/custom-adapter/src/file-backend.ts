import { type FileHandle, open, readFile } from 'node:fs/promises'
import {
  type AppendOutcome,
  type AppendRequest,
  type Backend,
  type Capabilities,
  type StoredEvent,
  type StreamHead,
  checkExpected,
} from '@millrace/core'

/** One append as a line of the file: what is on a line is stored, all of it or nothing. */
interface Line {
  readonly stream: string
  readonly streamType?: string
  readonly at: number
  readonly events: readonly { readonly id: string; readonly type: string; readonly data: string; readonly metadata?: string }[]
}

const kibibyte = 1 << 10

/** What this store can do. Everything else is refused by core, and the suite checks that it is. */
const capabilities: Capabilities = {
  contract: 1,
  readAll: false,
  subscribe: 'poll',
  idempotency: { exact: true, any: 'none' },
  strongReads: true,
  deleteStream: false,
  tombstoneStream: false,
  truncateStream: false,
  streamMetadata: false,
  listStreams: true,
  multiStreamAppend: false,
  binary: false,
  sharedAcrossProcesses: false,
  limits: { eventBytes: 256 * kibibyte, appendBytes: 1024 * kibibyte, appendEvents: 1000, appendStreams: 0 },
}

/**
 * A backend over one append-only file, for one process: the template for a new adapter.
 *
 * It has what every backend must have, and wire code only. Arguments, limits, ids, retries, deadlines, paging, subscriptions and errors
 * are core's. A retry is recognised by core too, since an append here answers `wrong-version` without comparing ids.
 */
export function fileBackend(path: string): Backend {
  const streams = new Map<string, StoredEvent[]>()
  let file: FileHandle | undefined
  let writing: Promise<unknown> = Promise.resolve()

  function remember({ stream, streamType, at, events }: Line): void {
    const stored = streams.get(stream) ?? []
    streams.set(stream, stored)
    for (const { id, type, data, metadata } of events)
      stored.push({
        id,
        type,
        data: { text: data },
        metadata: metadata === undefined ? undefined : { text: metadata },
        streamId: stream,
        streamType,
        version: stored.length + 1,
        position: undefined,
        createdAt: new Date(at),
      })
  }

  function headOf(streamId: string): StreamHead {
    const version = streams.get(streamId)?.length ?? 0
    return { status: version === 0 ? 'missing' : 'live', version, firstVersion: 1, baseVersion: 0 }
  }

  /** Appends come one after the other, so check and write are one step. */
  async function append({ streamId, streamType, expected, events }: AppendRequest): Promise<AppendOutcome> {
    const { status, version } = headOf(streamId)
    if (checkExpected({ status, version }, expected) !== 'ok') return { status: 'wrong-version', actualVersion: version }
    const result = { firstVersion: version + 1, version: version + events.length, position: undefined }
    if (events.length === 0) return { status: 'stored', ...result }
    const line: Line = {
      stream: streamId,
      ...(streamType === undefined ? {} : { streamType }),
      at: Date.now(),
      events: events.map(({ id, type, data, metadata }) => ({
        id,
        type,
        data: textOf(data),
        ...(metadata === undefined ? {} : { metadata }),
      })),
    }
    await file?.appendFile(`${JSON.stringify(line)}\n`)
    // Acknowledged means on the disk.
    await file?.datasync()
    remember(line)
    return { status: 'appended', ...result }
  }

  return {
    name: 'file',
    capabilities,

    async open() {
      const text = await readFile(path, 'utf8').catch((error: { code?: string }) => {
        if (error.code === 'ENOENT') return ''
        throw error
      })
      // What stands behind the last line break was never acknowledged: the process died while it wrote.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1)
      streams.clear()
      for (const line of whole.split('\n')) if (line !== '') remember(JSON.parse(line) as Line)
      file = await open(path, 'a')
      if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole))
    },
    close: async () => file?.close(),

    append(request, call) {
      const turn = writing.then(() => {
        // Nothing is written yet: a caller who gave up meanwhile gets the reason back.
        call.signal.throwIfAborted()
        return append(request)
      })
      writing = turn.catch(() => undefined)
      return turn
    },

    readHead: (streamId) => Promise.resolve(headOf(streamId)),
    readStreamPage({ streamId, direction, from, to, limit }) {
      const head = headOf(streamId)
      const events = streams.get(streamId) ?? []
      const window =
        direction === 'forwards'
          ? events.slice((from ?? 1) - 1, to ?? head.version)
          : events.slice((to ?? 1) - 1, Math.min(from ?? head.version, head.version)).reverse()
      return Promise.resolve({ head, events: window.slice(0, limit).map((event) => ({ ...event, createdAt: new Date(event.createdAt) })) })
    },
    listStreamsPage({ prefix, after, limit }) {
      const rest = [...streams.keys()].filter((id) => id.startsWith(prefix) && (after === undefined || id > after)).sort()
      const page = rest.slice(0, limit).map((streamId) => ({ streamId, status: 'live' as const }))
      return Promise.resolve({ streams: page, next: rest.length > limit ? page.at(-1)?.streamId : undefined })
    },

    classifyError(error) {
      const { code } = error as { code?: string }
      if (code === 'EACCES' || code === 'EPERM')
        return { code: 'access-denied', outcome: 'not-applied', message: 'the file may not be opened.' }
      if (code === 'ENOENT') return { code: 'configuration', outcome: 'not-applied', message: 'the folder of the file does not exist.' }
      return undefined
    },
  }
}

function textOf(data: { readonly text: string } | { readonly bytes: Uint8Array }): string {
  // Without the capability `binary` core lets no bytes through.
  if ('bytes' in data) throw new TypeError('bytes reached a backend without the capability binary')
  return data.text
}
