import { randomUUID } from 'node:crypto'
import type { ServerWritableStream } from '@grpc/grpc-js'
import { faultAfter, faultBefore, opened, refusalOf, reset } from './calls.js'
import type { streams } from './definitions.js'
import type { Fault } from './faults.js'
import {
  caughtUpMessage,
  checkpointMessage,
  confirmationMessage,
  eventMessage,
  firstMessage,
  fromOfAll,
  fromOfStream,
  lastMessage,
  nameOf,
  notFoundMessage,
} from './messages.js'
import type { ModelNode } from './model-node.js'
import type { StoredEvent } from './node-data.js'
import { readAll, readStream } from './read.js'
import type { ModelRules } from './rules.js'
import { type CallEnd, handlerThrew, ok, okWithoutMessages, streamDeleted, unexpectedResult } from './statuses.js'
import { type Cursor, type SubscriptionMessage, followAll, followStream } from './subscription.js'

type ReadReq = InstanceType<typeof streams.ReadReq>
type ReadResp = InstanceType<typeof streams.ReadResp>
type Options = InstanceType<typeof streams.ReadReq.Options>
type ReadCall = ServerWritableStream<ReadReq, ReadResp>

/** What is still to be said; `undefined`: nothing for now. */
type Source = () => ReadResp | CallEnd | undefined

/** Reads and subscriptions: one call of the protocol, told apart by its options. */
export function handleRead(node: ModelNode, call: ReadCall): void {
  const closed = opened(node, call)
  call.on('finish', closed)
  const refused = refusalOf(node, call)
  if (refused !== undefined) return endCall(call, refused)
  const options = call.request.getOptions()
  if (options === undefined) return endCall(call, handlerThrew(node.data.rules))
  const stream = nameOf(options.getStream())
  const fault = node.faults.take({ method: options.hasSubscription() ? 'subscribe' : 'read', stream })
  const open = (): void => {
    const source = options.hasSubscription() ? subscriptionOf(node, options, stream) : readOf(node, options, stream)
    follow(node, call, source, fault, options.hasSubscription())
  }
  if ((fault?.afterMessages ?? 0) === 0) {
    const before = faultBefore(node, call, fault) ?? faultAfter(node, call, fault)
    if (before === 'no answer') return
    if (before !== undefined) return endCall(call, before)
    if (fault?.does === 'end') return endCall(call, okWithoutMessages())
  }
  if (fault?.does === 'delay') setTimeout(() => call.cancelled || open(), fault.ms ?? 50)
  else open()
}

/** Says what there is to say as fast as the reader takes it, and a subscription's news until it ends. */
function follow(node: ModelNode, call: ReadCall, source: Source, fault: Fault | undefined, live: boolean): void {
  let said = 0
  let blocked = false
  let over = false
  const stop = (): void => {
    over = true
    node.followers.delete(go)
    node.subscriptions.delete(endWithOk)
  }
  const end = (status: CallEnd): void => {
    stop()
    endCall(call, status, said > 0)
  }
  const endWithOk = (): void => end(ok())
  /** What a fault does in the middle. @returns whether that was the end. */
  const interrupted = (): boolean => {
    if (fault?.afterMessages === undefined || fault.afterMessages !== said) return false
    if (fault.does === 'end') {
      endWithOk()
      return true
    }
    const broken = faultBefore(node, call, fault) ?? faultAfter(node, call, fault)
    if (broken === undefined) return false
    stop()
    if (broken !== 'no answer') endCall(call, broken, said > 0)
    return true
  }
  const go = (): void => {
    while (!over && !blocked && !interrupted()) {
      const message = source()
      if (message === undefined) return
      if ('code' in message) return end(message)
      said += 1
      if (!call.write(message)) {
        blocked = true
        call.once('drain', () => {
          blocked = false
          go()
        })
      }
    }
  }
  call.on('cancelled', stop)
  if (live) {
    node.followers.add(go)
    node.subscriptions.add(endWithOk)
  }
  go()
}

function endCall(call: ReadCall, { code, details, metadata }: CallEnd, afterMessages = false): void {
  // Trailers that cannot be sent after messages break the call.
  if (afterMessages && metadata.toHttp2Headers()[':status'] !== undefined) return reset(call)
  if (code === 0) call.end(metadata)
  else call.emit('error', Object.assign(new Error(details), { code, details, metadata }))
}

function readOf(node: ModelNode, options: Options, stream: string): Source {
  const { data } = node
  const all = options.getAll()
  const ofStream = options.getStream()
  const count = BigInt(options.getCount())
  const backwards = options.getReadDirection() === 1
  if (all === undefined && stream === '' && data.rules.limits.emptyName === 'error') return () => handlerThrew(data.rules)
  const outcome =
    all === undefined || ofStream !== undefined
      ? readStream(data, {
          stream,
          from: ofStream === undefined ? { kind: 'start' } : fromOfStream(ofStream),
          backwards,
          count,
          wantsPositions: (options.getControlOption()?.getCompatibility() ?? 0) >= 1,
        })
      : readAll(data, { from: fromOfAll(all), backwards, count, matches: filterOf(options, data.rules) })
  if (outcome.kind === 'error') {
    return () => unexpectedResult(all === undefined ? 'ReadStreamResult: Error' : 'ReadAllResult: InvalidPosition', data.rules)
  }
  if (outcome.kind === 'deleted') return () => streamDeleted(stream, data.rules)
  const messages =
    outcome.kind === 'events'
      ? [
          ...(outcome.first === undefined ? [] : [firstMessage(outcome.first)]),
          ...outcome.events.map(eventMessage),
          ...(outcome.last === undefined ? [] : [lastMessage(outcome.last)]),
        ]
      : [notFoundMessage(stream)]
  let next = 0
  return () => messages[next++] ?? (messages.length === 0 ? okWithoutMessages() : ok())
}

function subscriptionOf({ data }: ModelNode, options: Options, stream: string): Source {
  const all = options.getAll()
  const ofStream = options.getStream()
  const id = randomUUID()
  let cursor: Cursor | 'deleted'
  if (all === undefined) cursor = followStream(data, stream, ofStream === undefined ? { kind: 'start' } : fromOfStream(ofStream))
  else {
    const filter = options.getFilter()
    const checkpointEvery =
      filter === undefined
        ? undefined
        : data.rules.subscriptions.checkpointEvery(filter.hasMax() ? filter.getMax() : undefined, filter.getCheckpointintervalmultiplier())
    cursor = followAll(data, fromOfAll(all), { matches: filterOf(options, data.rules), checkpointEvery })
  }
  let said = false
  return () => {
    const message = cursor === 'deleted' ? cursor : cursor.next()
    if (message === undefined) return undefined
    if (message === 'deleted') return streamDeleted(stream, data.rules, said)
    said = true
    return messageOf(message, id)
  }
}

function messageOf(message: SubscriptionMessage, id: string): ReadResp {
  switch (message.kind) {
    case 'confirmation':
      return confirmationMessage(id)
    case 'event':
      return eventMessage(message.event)
    case 'checkpoint':
      return checkpointMessage(message.position)
    case 'caughtUp':
      return caughtUpMessage()
  }
}

function filterOf(options: Options, { subscriptions }: ModelRules): (event: StoredEvent) => boolean {
  const filter = options.getFilter()
  if (filter === undefined) return () => true
  const expression = filter.getStreamIdentifier() ?? filter.getEventType()
  if (expression === undefined) return () => true
  const subject = filter.hasStreamIdentifier() ? 'stream' : 'type'
  const prefixes = expression.getPrefixList()
  const regex = expression.getRegex()
  // A pattern that is none fails the call, not the process when an event comes.
  subscriptions.regexMatches('', regex)
  return (event) =>
    regex === '' ? subscriptions.prefixMatches(event[subject], prefixes) : subscriptions.regexMatches(event[subject], regex)
}
