import type { LogFilter } from '../adapter.js'
import type { Position } from '../event.js'
import type { ExpectedVersion } from '../expected-version.js'

/** What a call came to: it succeeded; it failed and nothing was stored; or nobody knows, or it never ended. */
export type OperationOutcome = 'ok' | 'rejected' | 'unknown'

interface Timed {
  /** Who called. */
  readonly process: number
  /** When it was called, on the one clock of the history: whole numbers, no two the same. */
  readonly invoke: number
  /** When it returned. Absent: it never did, or said that its outcome is unknown, so it may take effect at any time. */
  readonly return?: number | undefined
  readonly outcome: OperationOutcome
}

/** An event as somebody saw it. */
export interface HistoryEvent {
  /** What tells it from every other event of its stream: its id, or what the recorder's `identify` made of it. */
  readonly id: string
  readonly streamId: string
  readonly version: number
  readonly position?: Position | undefined
  readonly type?: string | undefined
  readonly streamType?: string | undefined
}

/** One stream's share of an append. */
export interface HistoryAppendPart {
  readonly streamId: string
  readonly ids: readonly string[]
  readonly expected: ExpectedVersion
}

/** `appendToStream` (one part) and `appendToStreams`. Appends with the same ids are attempts at one append. */
export interface AppendOperation extends Timed {
  readonly op: 'append'
  readonly parts: readonly HistoryAppendPart[]
  /** Of an ok one, in the order of the parts. */
  readonly results?:
    readonly { readonly firstVersion: number; readonly version: number; readonly position?: Position | undefined }[] | undefined
  /** Of a rejected one that met another version. */
  readonly conflict?: { readonly streamId: string; readonly actualVersion?: number | undefined } | undefined
}

/** `readStream`: what was delivered. */
export interface ReadOperation extends Timed {
  readonly op: 'read'
  readonly streamId: string
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly direction: 'forwards' | 'backwards'
  readonly limit?: number | undefined
  /** The reader left, or the read broke off, before its end. */
  readonly cut: boolean
  readonly events: readonly HistoryEvent[]
}

/** `getStreamState`. */
export interface StateOperation extends Timed {
  readonly op: 'state'
  readonly streamId: string
  readonly status: 'missing' | 'live' | 'deleted' | 'tombstoned'
  readonly version?: number | undefined
  readonly firstVersion?: number | undefined
}

/** `readAll`: what was delivered. */
export interface ReadAllOperation extends Timed {
  readonly op: 'read-all'
  readonly after?: Position | undefined
  readonly direction: 'forwards' | 'backwards'
  readonly limit?: number | undefined
  readonly filter?: LogFilter | undefined
  readonly cut: boolean
  readonly events: readonly HistoryEvent[]
}

/** A subscription to one stream (`streamId`), or to the log: what was delivered. */
export interface SubscribeOperation extends Timed {
  readonly op: 'subscribe'
  readonly streamId?: string | undefined
  /** A version, a position, `'start'` or `'end'`. */
  readonly after: number | Position
  readonly filter?: LogFilter | undefined
  /** When `caughtUp` was first said. */
  readonly caughtUp?: number | undefined
  /** It was still followed when the history ended, after the last append: it has to have delivered everything. */
  readonly live: boolean
  readonly events: readonly HistoryEvent[]
}

/** What hides events of a stream: a checker of streams does not judge that stream. */
export interface HideOperation extends Timed {
  readonly op: 'delete' | 'tombstone' | 'truncate'
  readonly streamId: string
}

export type Operation = AppendOperation | ReadOperation | StateOperation | ReadAllOperation | SubscribeOperation | HideOperation

/** Everything that was called and answered, and what is stored in the end. Plain JSON: keep a bad one and check it again. */
export interface History {
  readonly format: 1
  /** What the store promises beyond the contract's minimum. */
  readonly declares: { readonly strongReads: boolean; readonly realTimeOrder: boolean; readonly contiguousBatches: boolean }
  readonly operations: readonly Operation[]
  /** Every stream that was touched, as it reads once all has come to rest; a stream that is not readable any more is left out. */
  readonly streams: Readonly<Record<string, readonly HistoryEvent[]>>
  /** The log likewise. Absent: the store has none. */
  readonly log?: readonly HistoryEvent[] | undefined
  /** The log was looked at after this position only. Absent: from its start. */
  readonly since?: Position | undefined
}

/** When it returned; never, for what may take effect at any time. */
export function returnOf({ return: returned }: Timed): number {
  return returned ?? Infinity
}
