/**
 * What an adapter can do, as data on the adapter: constant from construction to close and JSON-safe. What is not declared throws
 * `NotSupportedError`. A sentence of the contract that no member covers cannot be switched off. Source: contract §9.
 *
 * Cases: LIF-08, ERR-02 and the inverse test of every case that requires a capability.
 */
export interface Capabilities {
  /** Version of the contract this adapter keeps. */
  readonly contract: 1
  /** `readAll`, `subscribeToAll` and `comparePositions`: always one total order in which stream order holds. */
  readonly readAll: false | LogCapabilities
  /** Whether a waiting subscription is told of a change or looks for one. */
  readonly subscribe: 'push' | 'poll'
  readonly idempotency: {
    /** A retry with a number or `'noStream'` and the same ids is always recognised. */
    readonly exact: true
    /** How far a retry with `'any'` or `'streamExists'` is recognised by its ids. */
    readonly any: 'none' | 'recent' | 'strong'
  }
  /** A read that starts after an append resolved sees it, from any client. */
  readonly strongReads: boolean
  readonly deleteStream: boolean
  readonly tombstoneStream: boolean
  readonly truncateStream: boolean
  readonly streamMetadata: boolean
  readonly listStreams: boolean
  readonly multiStreamAppend: boolean
  /** `data` may be a `Uint8Array`. */
  readonly binary: boolean
  /** Another process can open the same data at the same time. */
  readonly sharedAcrossProcesses: boolean
  readonly limits: Limits
}

/** What the log promises beyond one total order. */
export interface LogCapabilities {
  /** An append that was acknowledged before another began has the lower position. */
  readonly realTimeOrder: boolean
  /** The events of one append are neighbours in the log and become visible together. */
  readonly contiguousBatches: boolean
}

/** Limits of an adapter, checked before any I/O. Bytes are UTF-8 bytes of type, data and metadata as stored. */
export interface Limits {
  /** Largest event, in bytes. */
  readonly eventBytes: number
  /** Largest append call, in bytes: the sum of its events. */
  readonly appendBytes: number
  /** Most events of one append call. */
  readonly appendEvents: number
  /** Most streams of one `appendToStreams`; 0 where it is not supported. */
  readonly appendStreams: number
}

const mebibyte = 1 << 20

/** What a server of many processes can do that lacks nothing; an adapter declares what is otherwise. For adapter authors. */
export const allCapabilities: Capabilities = freezeCapabilities({
  contract: 1,
  readAll: { realTimeOrder: true, contiguousBatches: true },
  subscribe: 'poll',
  idempotency: { exact: true, any: 'none' },
  strongReads: true,
  deleteStream: true,
  tombstoneStream: true,
  truncateStream: true,
  streamMetadata: true,
  listStreams: true,
  multiStreamAppend: true,
  binary: true,
  sharedAcrossProcesses: true,
  limits: { eventBytes: 8 * mebibyte, appendBytes: 32 * mebibyte, appendEvents: 10_000, appendStreams: 100 },
})

/** A copy that nobody changes. */
export function freezeCapabilities(given: Capabilities): Capabilities {
  return Object.freeze({
    ...given,
    readAll: given.readAll && Object.freeze({ ...given.readAll }),
    idempotency: Object.freeze({ ...given.idempotency }),
    limits: Object.freeze({ ...given.limits }),
  })
}

/** The name of a capability as it stands in `NotSupportedError` and in the conformance suite. */
export type CapabilityName =
  'readAll' | 'deleteStream' | 'tombstoneStream' | 'truncateStream' | 'streamMetadata' | 'listStreams' | 'multiStreamAppend' | 'binary'
