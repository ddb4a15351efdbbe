import type { ServerDuplexStream, ServerReadableStream, sendUnaryData } from '@grpc/grpc-js'
import { type AppendOutcome, type Expected, append } from './append.js'
import { isWhole, opened, perform } from './calls.js'
import { streams } from './definitions.js'
import { type DeleteOutcome, softDelete, tombstone } from './delete.js'
import { type BatchError, appendMessage, batchMessage, expectedOf, nameOf, newEventOf } from './messages.js'
import { type ModelNode, tellFollowers } from './model-node.js'
import type { NewEvent } from './node-data.js'
import { type CallEnd, handlerThrew, incompleteMessage, streamDeleted, tooLarge, wrongExpectedVersion } from './statuses.js'

type AppendReq = InstanceType<typeof streams.AppendReq>
type AppendResp = InstanceType<typeof streams.AppendResp>
type BatchAppendReq = InstanceType<typeof streams.BatchAppendReq>
type BatchAppendResp = InstanceType<typeof streams.BatchAppendResp>

/** Append as a call of its own: options, then events, then one answer. */
export function handleAppend(
  node: ModelNode,
  call: ServerReadableStream<AppendReq, AppendResp>,
  callback: sendUnaryData<AppendResp>,
): void {
  const closed = opened(node, call)
  const requests: AppendReq[] = []
  const ended = (end: CallEnd): void => {
    closed()
    callback(end)
  }
  call.on('data', (request: AppendReq) => requests.push(request))
  call.on('end', () => {
    if (!isWhole(call)) return
    const options = requests.find((request) => request.hasOptions())?.getOptions()
    if (options === undefined) return ended(incompleteMessage(node.data.rules))
    const stream = nameOf(options)
    const expected = expectedOf(options)
    const events = requests.flatMap((request) => request.getProposedMessage() ?? []).map((one) => newEventOf(one, node.data.rules))
    perform(node, call, { method: 'append', stream }, () => appendChecked(node, stream, expected, events), {
      ended,
      done(outcome) {
        if (outcome.kind === 'deleted') return ended(streamDeleted(stream, node.data.rules))
        if (outcome.kind === 'too large') return ended(tooLarge(outcome.maximum, node.data.rules))
        if (outcome.kind === 'bad request') return ended(handlerThrew(node.data.rules))
        closed()
        callback(null, appendMessage(outcome, expected))
      },
    })
  })
}

type Refused = Extract<BatchError, { kind: 'too large' | 'bad request' }>

/** What the server refuses before it looks at the stream, in the words of its exceptions. */
function refusalOf(node: ModelNode, stream: string, events: readonly NewEvent[]): Refused | undefined {
  const { limits } = node.data.rules
  if (stream === '' && limits.emptyName === 'error') return { kind: 'bad request', message: 'eventStreamId' }
  for (const { id, type } of events) {
    if (/^[0-]*$/.test(id) && limits.nilId === 'error') {
      return { kind: 'bad request', message: "Empty eventId provided. (Parameter 'eventId')" }
    }
    if (type === '' && limits.emptyType === 'error') {
      return { kind: 'bad request', message: "Empty eventType provided. (Parameter 'eventType')" }
    }
  }
  const size = events.reduce((sum, event) => sum + limits.sizeOf(event), 0)
  return size > limits.appendBytes ? { kind: 'too large', maximum: limits.appendBytes } : undefined
}

function appendChecked(node: ModelNode, stream: string, expected: Expected, events: readonly NewEvent[]): AppendOutcome | Refused {
  const refused = refusalOf(node, stream, events)
  if (refused !== undefined) return refused
  const outcome = append(node, stream, expected, events)
  tellFollowers(node)
  return outcome
}

/** Appends of many callers over one call: each is answered under its correlation id, when its last part is there. */
export function handleBatchAppend(node: ModelNode, call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
  const closed = opened(node, call)
  const pending = new Map<string, { readonly first: BatchAppendReq; readonly events: NewEvent[] }>()
  call.on('finish', closed)
  call.on('error', closed)
  call.on('data', (request: BatchAppendReq) => {
    const id = request.getCorrelationId()?.getString() ?? ''
    const entry = pending.get(id) ?? { first: request, events: [] }
    pending.set(id, entry)
    entry.events.push(...request.getProposedMessagesList().map((one) => newEventOf(one, node.data.rules)))
    if (!request.getIsFinal()) return
    pending.delete(id)
    const options = entry.first.getOptions()
    if (options === undefined) return
    const stream = nameOf(options)
    const expected = expectedOf(options)
    const answer = (outcome: Parameters<typeof batchMessage>[1]): void =>
      void call.write(batchMessage(entry.first, outcome, expected, node.data.rules))
    const deadline = options.getDeadline()?.toDate().getTime() ?? Infinity
    if (deadline <= Date.now()) return answer({ kind: 'timeout' })
    perform(node, call, { method: 'append', stream }, () => appendChecked(node, stream, expected, entry.events), {
      ended: (end) => call.destroy(Object.assign(new Error(end.details), end)),
      done: (outcome) => answer(outcome.kind === 'deleted' ? { kind: 'deleted', stream } : outcome),
    })
  })
  call.on('end', () => call.end())
}

interface DeleteRequest {
  getOptions(): (Parameters<typeof nameOf>[0] & Parameters<typeof expectedOf>[0]) | undefined
}
interface DeleteResponse<Position> {
  setPosition(position: Position): this
}
interface PositionMessage {
  setCommitPosition(value: string): this
  setPreparePosition(value: string): this
}

/** Delete and tombstone. A call that ends before its one message is answered too, so each is handled as a stream of requests. */
function deleteHandler<Request extends DeleteRequest, Position extends PositionMessage, Response extends DeleteResponse<Position>>(
  method: 'delete' | 'tombstone',
  work: (node: ModelNode, stream: string, expected: Expected) => DeleteOutcome,
  make: { readonly response: () => Response; readonly position: () => Position },
): (node: ModelNode, call: ServerReadableStream<Request, Response>, callback: sendUnaryData<Response>) => void {
  return (node, call, callback) => {
    const closed = opened(node, call)
    const ended = (end: CallEnd): void => {
      closed()
      callback(end)
    }
    let request: Request | undefined
    call.on('data', (message: Request) => (request = message))
    call.on('end', () => {
      if (!isWhole(call)) return
      const options = request?.getOptions()
      if (options === undefined) return ended(incompleteMessage(node.data.rules))
      const stream = nameOf(options)
      const expected = expectedOf(options)
      const act = (): DeleteOutcome => {
        const outcome = work(node, stream, expected)
        tellFollowers(node)
        return outcome
      }
      perform(node, call, { method, stream }, act, {
        ended,
        done(outcome) {
          if (outcome.kind === 'gone') return ended(streamDeleted(stream, node.data.rules))
          if (outcome.kind === 'wrong') return ended(wrongExpectedVersion(stream, expected, outcome.actual, node.data.rules))
          const position = outcome.position.toString()
          closed()
          callback(null, make.response().setPosition(make.position().setCommitPosition(position).setPreparePosition(position)))
        },
      })
    })
  }
}

export const handleDelete = deleteHandler<
  InstanceType<typeof streams.DeleteReq>,
  InstanceType<typeof streams.DeleteResp.Position>,
  InstanceType<typeof streams.DeleteResp>
>('delete', softDelete, { response: () => new streams.DeleteResp(), position: () => new streams.DeleteResp.Position() })

export const handleTombstone = deleteHandler<
  InstanceType<typeof streams.TombstoneReq>,
  InstanceType<typeof streams.TombstoneResp.Position>,
  InstanceType<typeof streams.TombstoneResp>
>('tombstone', tombstone, { response: () => new streams.TombstoneResp(), position: () => new streams.TombstoneResp.Position() })
