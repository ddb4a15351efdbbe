/** A client of gRPC, and what its package generated for it. */
export interface BatchClient {
  batchAppend(metadata: unknown, options: object): BatchCall
  readonly service: {
    readonly batchAppend: { requestDeserialize(bytes: Uint8Array): unknown }
  }
}

interface BatchCall {
  write(request: unknown): unknown
  cancel(): void
  on(event: 'data', listener: (answer: BatchAnswer) => void): unknown
  on(event: 'error', listener: (error: Error & { readonly metadata?: ErrorMetadata }) => void): unknown
  on(event: 'end', listener: () => void): unknown
}
interface BatchAnswer {
  getError(): { getDetails(): { getTypeName(): string } | undefined } | undefined
}
interface ErrorMetadata {
  get(key: string): readonly unknown[]
}

/**
 * An append of no events with a revision that the stream does not have, as the one message of a batch call of its own, which is cancelled after the
 * answer. That names the refusal in a message, where other calls need a trailer, which takes not every name. The clients' own batch appends
 * will not do: all of a process wait in one list, and where one call breaks off, those of every client are rejected.
 *
 * Rejects as the clients do for other calls, with the refusal in `type`: `wrong-expected-version`, `stream-deleted`, or what the call broke off with.
 */
export function refusedBatch(
  grpc: BatchClient,
  [metadata, options]: readonly [unknown, object],
  streamName: string,
  revision: bigint,
): Promise<never> {
  return new Promise((_resolve, reject) => {
    const call = grpc.batchAppend(metadata, options)
    call.on('data', (answer) => {
      const name = answer.getError()?.getDetails()?.getTypeName() ?? ''
      reject(Object.assign(new Error(`refused: ${name}`), { type: typeNamed(name) }))
      call.cancel()
    })
    call.on('error', (error) => reject(Object.assign(error, { type: error.metadata?.get('exception')[0] })))
    call.on('end', () => reject(Object.assign(new Error('the call ended without an answer'), { type: 'unavailable' })))
    call.write(grpc.service.batchAppend.requestDeserialize(requestOf(streamName, revision)))
  })
}

/** `event_store.client.StreamDeleted`: `stream-deleted`, as the clients and the trailers of other calls call it. */
function typeNamed(name: string): string {
  return name
    .slice(name.lastIndexOf('.') + 1)
    .replaceAll(/\B[A-Z]/gu, '-$&')
    .toLowerCase()
}

/** A year, in seconds: what both clients make of a deadline of Infinity. The clocks of client and server need not agree then. */
const noDeadline = 31_536_000

/** The bytes of a `BatchAppendReq`: the classes that its parts need cannot be had from a client. */
function requestOf(streamName: string, revision: bigint): Buffer {
  const id = part(1, part(2, Buffer.from(crypto.randomUUID())))
  const stream = part(1, part(3, Buffer.from(streamName)))
  const now = Date.now()
  const deadline = part(
    6,
    Buffer.concat([number(1, BigInt(Math.floor(now / 1000) + noDeadline)), number(2, BigInt(now % 1000) * 1_000_000n)]),
  )
  const options = part(2, Buffer.concat([stream, number(2, revision), deadline]))
  const isFinal = number(4, 1n)
  return Buffer.concat([id, options, isFinal])
}

function part(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(BigInt((field << 3) | 2)), varint(BigInt(bytes.length)), bytes])
}

function number(field: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(field << 3)), varint(value)])
}

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
function varint(value: bigint): Buffer {
  const bytes: number[] = []
  for (let rest = value; rest > 0n || bytes.length === 0; rest >>= 7n) bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0))
  return Buffer.from(bytes)
}
