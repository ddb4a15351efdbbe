import type { Http2Stream } from 'node:http2'
import type { Metadata } from '@grpc/grpc-js'
import { type CallEnd, accessDenied, notLeader, unauthenticated, unavailable } from './statuses.js'
import type { Fault, FaultyCall } from './faults.js'
import type { ModelNode } from './model-node.js'

/** What the calls of all kinds have in common. */
export interface AnyCall {
  readonly metadata: Metadata
  getPeer(): string
  on(event: 'cancelled', listener: () => void): unknown
}

/** Counts a call as open until it is answered or cancelled. @returns says that it is answered. */
export function opened({ openCalls }: ModelNode, call: AnyCall): () => void {
  openCalls.add(call)
  const close = (): void => void openCalls.delete(call)
  call.on('cancelled', close)
  return close
}

/** Why a caller may not do anything: nobody it says it is, or nobody. */
export function refusalOf({ users }: ModelNode, { metadata }: AnyCall): CallEnd | undefined {
  if (users === undefined) return undefined
  const [header] = metadata.get('authorization')
  if (header === undefined) return accessDenied()
  const [scheme, encoded = ''] = header.toString().split(' ')
  const [name = '', ...password] = Buffer.from(encoded, 'base64').toString().split(':')
  const known = scheme?.toLowerCase() === 'basic' && Object.hasOwn(users, name) && users[name] === password.join(':')
  return known ? undefined : unauthenticated()
}

/** What a fault does to a call that is not to be done; `undefined`: it is done all the same. */
export function faultBefore(node: ModelNode, call: AnyCall, fault: Fault | undefined): CallEnd | 'no answer' | undefined {
  switch (fault?.does) {
    case 'cut before':
      node.cut(call.getPeer())
      return 'no answer'
    case 'reset before':
      reset(call)
      return 'no answer'
    case 'hang':
      return 'no answer'
    case 'not leader': {
      const { host, port } = node.leader()
      return notLeader(host, fault.leaderPort ?? port)
    }
    case 'unavailable':
      return unavailable()
    case 'access denied':
      return accessDenied()
    default:
      return undefined
  }
}

/** What a fault makes of the answer to a call that was done. */
export function faultAfter(node: ModelNode, call: AnyCall, fault: Fault | undefined): CallEnd | 'no answer' | undefined {
  switch (fault?.does) {
    case 'cut after':
      node.cut(call.getPeer())
      return 'no answer'
    case 'reset after':
      reset(call)
      return 'no answer'
    case 'hang after':
      return 'no answer'
    case 'lose answer':
      return unavailable()
    default:
      return undefined
  }
}

/** Does one change under the faults of the moment, and answers. */
export function perform<Result>(
  node: ModelNode,
  call: AnyCall,
  what: FaultyCall,
  work: () => Result,
  answer: { readonly done: (result: Result) => void; readonly ended: (end: CallEnd) => void },
): void {
  const refused = refusalOf(node, call)
  if (refused !== undefined) return answer.ended(refused)
  const fault = node.faults.take(what)
  const before = faultBefore(node, call, fault)
  if (before !== undefined) return before === 'no answer' ? undefined : answer.ended(before)
  const act = (): void => {
    const result = work()
    const after = faultAfter(node, call, fault)
    if (after === undefined) answer.done(result)
    else if (after !== 'no answer') answer.ended(after)
  }
  if (fault?.does !== 'delay') return act()
  const { life } = node
  setTimeout(() => node.life === life && act(), fault.ms ?? 50)
}

/**
 * Whether a call whose requests are at their end was finished by its caller. A broken connection looks to grpc-js like such an end; the web host
 * of the server throws there, so nothing of what came before is done. A call that a client on Node.js cancels is different: the client itself
 * says first that this was all.
 */
export function isWhole(call: AnyCall): boolean {
  const { closed, destroyed } = streamOf(call)
  return !closed && !destroyed
}

/** Resets one call and leaves the connection alone: grpc-js has no word for it, HTTP/2 does. */
export function reset(call: AnyCall): void {
  const internalError = 2
  streamOf(call).close(internalError)
}

function streamOf(call: AnyCall): Http2Stream {
  return (call as unknown as { readonly call: { readonly stream: Http2Stream } }).call.stream
}
