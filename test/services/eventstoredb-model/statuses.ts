import { Metadata, type StatusObject, status } from '@grpc/grpc-js'
import type { Expected } from './append.js'
import type { ModelRules } from './rules.js'

/** How a call ends, with the trailers that clients look at. */
export type CallEnd = Omit<StatusObject, 'metadata'> & { readonly metadata: Metadata }

function end(code: number, details: string, trailers: Readonly<Record<string, string>> = {}): CallEnd {
  const metadata = new Metadata()
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value)
  return { code, details, metadata }
}

/** An answer without a message is a response of headers only, and these say that there is no body. */
const noBody = { 'content-length': '0' }

export const ok = (): CallEnd => end(status.OK, '')
export const okWithoutMessages = (): CallEnd => end(status.OK, '', noBody)
export const handlerThrew = ({ codes }: ModelRules): CallEnd => end(codes.handlerThrew, 'Exception was thrown by handler.', noBody)
export const incompleteMessage = ({ codes }: ModelRules): CallEnd => end(codes.incompleteMessage, 'Incomplete message.', noBody)
export const unexpectedResult = (of: 'ReadStreamResult: Error' | 'ReadAllResult: InvalidPosition', { codes }: ModelRules): CallEnd =>
  end(codes.unexpectedResult, `Unexpected ${of}`, noBody)
export const notLeader = (host: string, port: number): CallEnd =>
  end(status.NOT_FOUND, 'Leader info available', {
    ...noBody,
    exception: 'not-leader',
    'leader-endpoint-host': host,
    'leader-endpoint-port': String(port),
  })
export const accessDenied = (): CallEnd => end(status.PERMISSION_DENIED, 'Access Denied', { ...noBody, exception: 'access-denied' })
export const unauthenticated = (): CallEnd => end(status.UNAUTHENTICATED, 'Unauthenticated', noBody)
export const unavailable = (): CallEnd => end(status.UNAVAILABLE, 'Server Is Not Ready', noBody)

export const tooLarge = (maximum: number, { codes }: ModelRules): CallEnd =>
  end(codes.tooLarge, `Maximum Append Size of ${maximum} Exceeded.`, {
    ...noBody,
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(maximum),
  })

/** Whether the server can send a name as a header. Where it cannot, its answer breaks off as HTTP 500. */
const fitsHeader = (name: string): boolean => /^[ -~]*$/.test(name)

/** @param afterMessages a subscription that had begun: the trailers follow its messages. */
export function streamDeleted(stream: string, rules: ModelRules, afterMessages = false): CallEnd {
  if (!fitsHeader(stream)) return brokenAnswer(rules)
  return end(rules.codes.streamDeleted, `Event stream '${stream}' is deleted.`, {
    ...(afterMessages ? {} : noBody),
    exception: 'stream-deleted',
    'stream-name': stream,
  })
}

export function wrongExpectedVersion(stream: string, expected: Expected, actual: bigint, rules: ModelRules): CallEnd {
  if (!fitsHeader(stream)) return brokenAnswer(rules)
  const number = expected.kind === 'revision' ? expected.revision : rules.deletes.expected[expected.kind]
  return end(
    rules.codes.wrongExpectedVersion,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${number}, Actual version: ${actual}`,
    {
      ...noBody,
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': number.toString(),
      'actual-version': actual.toString(),
    },
  )
}

const brokenAnswer = (rules: ModelRules): CallEnd => ({ ...handlerThrew(rules), metadata: new BrokenAnswer() })

/** Headers of a response that breaks off before gRPC has a say: plain HTTP 500, no status of gRPC. */
class BrokenAnswer extends Metadata {
  override clone(): BrokenAnswer {
    return new BrokenAnswer()
  }

  override toHttp2Headers(): Record<string, string | undefined> & Record<never, string> {
    return { ':status': '500', 'grpc-status': undefined, 'grpc-message': undefined, ...noBody }
  }
}
