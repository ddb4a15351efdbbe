import { Client, type ClientDuplexStream, type Metadata, type StatusObject, credentials } from '@grpc/grpc-js'
import type { Plain } from './plain.js'
import { plainOf } from './plain.js'
import { type Sendable, answerOf, requestOf } from './requests.js'

/** A call on the wire: messages in, messages out, how it ended. */
export interface WireCall {
  readonly responses: readonly Plain[]
  /** Undefined until it has ended. */
  readonly end:
    { readonly trailers: Readonly<Record<string, string>>; readonly trailersOnly: boolean; readonly httpStatus?: number } | undefined
  send(recorded: Plain): void
  /** No more requests. */
  close(): void
  cancel(): void
  /** When it has ended. */
  readonly ended: Promise<void>
  /** When there are so many responses, or it has ended. */
  responded(count: number): Promise<void>
}

export interface Wire {
  open(method: string): WireCall
  /** A question and its answer on the same connection: what the server said before has arrived by then. */
  settle(): Promise<void>
  dispose(): void
}

/** Speaks gRPC to a server as any client does, without a client of EventStoreDB. */
export function connectWire(port: number): Wire {
  const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), unlimited)
  const open = (method: string): WireCall => {
    const answer = answerOf[method]
    const request = requestOf[method]
    if (answer === undefined || request === undefined) throw new Error(`nobody knows ${method}`)
    const call = client.makeBidiStreamRequest<Sendable, Plain>(
      `/event_store.client.${method}`,
      (message) => Buffer.from(message.serializeBinary()),
      (bytes) => plainOf(answer.deserializeBinary(bytes).toObject() as Plain) ?? {},
    )
    return watch(call, (recorded) => request(recorded as never))
  }
  return {
    open,
    async settle() {
      const call = open('server_features.ServerFeatures/GetSupportedMethods')
      call.send({})
      call.close()
      await call.ended
    },
    dispose: () => client.close(),
  }
}

function watch(call: ClientDuplexStream<Sendable, Plain>, build: (recorded: Plain) => Sendable): WireCall {
  const responses: Plain[] = []
  let hadHeaders = false
  let end: WireCall['end']
  let wake: () => void = () => undefined
  call.on('metadata', () => (hadHeaders = true))
  call.on('data', (message: Plain) => {
    responses.push(message)
    wake()
  })
  // The status says it all.
  call.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => {
    call.on('status', (status: StatusObject) => {
      end = { trailersOnly: !hadHeaders, ...trailersOf(status) }
      wake()
      resolve()
    })
  })
  return {
    responses,
    get end() {
      return end
    },
    send: (recorded) => void call.write(build(recorded)),
    close: () => call.end(),
    cancel: () => call.cancel(),
    ended,
    async responded(count) {
      while (responses.length < count && end === undefined) await new Promise<void>((resolve) => (wake = resolve))
    },
  }
}

/** Headers that every answer carries and nobody compares. */
const ofEveryAnswer = new Set(['content-type', 'date', 'server'])

function trailersOf({ code, details, metadata }: StatusObject & { metadata: Metadata }): {
  trailers: Record<string, string>
  httpStatus?: number
} {
  const trailers: Record<string, string> = {}
  for (const [key, value] of Object.entries(metadata.getMap())) if (!ofEveryAnswer.has(key)) trailers[key] = value.toString()
  const httpStatus = /^Received HTTP status code (\d+)$/.exec(details)?.[1]
  if (httpStatus !== undefined) return { trailers, httpStatus: Number(httpStatus) }
  trailers['grpc-status'] = String(code)
  // Beside OK it says nothing.
  if (code !== 0) trailers['grpc-message'] = details
  return { trailers }
}
