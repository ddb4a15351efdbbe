import empty from 'google-protobuf/google/protobuf/empty_pb.js'
import any from 'google-protobuf/google/protobuf/any_pb.js'
import type { AppendOutcome, Expected } from './append.js'
import { shared, status, streams } from './definitions.js'
import type { NewEvent, StoredEvent } from './node-data.js'
import type { From } from './read.js'
import type { ModelRules } from './rules.js'

type AppendResp = InstanceType<typeof streams.AppendResp>
type ReadResp = InstanceType<typeof streams.ReadResp>

/** A number of revisions or positions as protobuf's 64 bits without a sign carry it. */
const unsigned = (value: bigint): string => BigInt.asUintN(64, value).toString()

interface WithExpectation {
  hasNoStream(): boolean
  hasAny(): boolean
  hasStreamExists(): boolean
}

export function expectedOf(options: WithExpectation & ({ getRevision(): string } | { getStreamPosition(): string })): Expected {
  if (options.hasAny()) return { kind: 'any' }
  if (options.hasNoStream()) return { kind: 'noStream' }
  if (options.hasStreamExists()) return { kind: 'streamExists' }
  const revision = 'getRevision' in options ? options.getRevision() : options.getStreamPosition()
  return { kind: 'revision', revision: BigInt(revision) }
}

export function nameOf(options: { getStreamIdentifier(): { getStreamName_asU8(): Uint8Array } | undefined } | undefined): string {
  return Buffer.from(options?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()
}

interface ProposedMessage {
  getId(): InstanceType<typeof shared.UUID> | undefined
  getMetadataMap(): { get(key: string): string | undefined }
  getCustomMetadata_asU8(): Uint8Array
  getData_asU8(): Uint8Array
}

export function newEventOf(message: ProposedMessage, { limits }: ModelRules): NewEvent {
  const id = message.getId()?.getString() ?? ''
  return {
    id: limits.idCase === 'lower' ? id.toLowerCase() : id,
    type: message.getMetadataMap().get('type') ?? '',
    contentType: message.getMetadataMap().get('content-type') ?? '',
    // A copy: the bytes of a message lie in the buffer it came in.
    data: message.getData_asU8().slice(),
    metadata: message.getCustomMetadata_asU8().slice(),
  }
}

export function fromOfStream(options: InstanceType<typeof streams.ReadReq.Options.StreamOptions>): From {
  if (options.hasStart()) return { kind: 'start' }
  return options.hasEnd() ? { kind: 'end' } : { kind: 'at', at: BigInt(options.getRevision()) }
}

export function fromOfAll(options: InstanceType<typeof streams.ReadReq.Options.AllOptions>): From {
  const position = options.getPosition()
  if (position !== undefined) return { kind: 'at', at: BigInt(position.getCommitPosition()) }
  return { kind: options.hasEnd() ? 'end' : 'start' }
}

const identifierOf = (stream: string): InstanceType<typeof shared.StreamIdentifier> =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(stream))

export function eventMessage({ id, stream, revision, position, type, contentType, created, data, metadata }: StoredEvent): ReadResp {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(id))
    .setStreamIdentifier(identifierOf(stream))
    .setStreamRevision(unsigned(revision))
    .setCommitPosition(unsigned(position))
    .setPreparePosition(unsigned(position))
    .setData(data)
    .setCustomMetadata(metadata)
  recorded.getMetadataMap().set('type', type).set('created', created.toString()).set('content-type', contentType)
  return new streams.ReadResp().setEvent(new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(unsigned(position)))
}

export const notFoundMessage = (stream: string): ReadResp =>
  new streams.ReadResp().setStreamNotFound(new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream)))
export const firstMessage = (revision: bigint): ReadResp => new streams.ReadResp().setFirstStreamPosition(unsigned(revision))
export const lastMessage = (revision: bigint): ReadResp => new streams.ReadResp().setLastStreamPosition(unsigned(revision))
export const confirmationMessage = (id: string): ReadResp =>
  new streams.ReadResp().setConfirmation(new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(id))
export const caughtUpMessage = (): ReadResp => new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp())
export const checkpointMessage = (position: bigint): ReadResp =>
  new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint().setCommitPosition(unsigned(position)).setPreparePosition(unsigned(position)),
  )

/**
 * An answer in which no_stream was expected says 2^64 − 1 to old clients (field 3 of message 2), which a number of JavaScript cannot hold: the
 * bytes are put together here.
 */
function withExpectedNoStream(response: AppendResp, wrong: InstanceType<typeof streams.AppendResp.WrongExpectedVersion>): AppendResp {
  const inner = [...wrong.serializeBinary(), 0x18, ...Array<number>(9).fill(0xff), 0x01]
  response.serializeBinary = () => Uint8Array.from([0x12, inner.length, ...inner])
  return response
}

export function appendMessage(outcome: Exclude<AppendOutcome, { kind: 'deleted' }>, expected: Expected): AppendResp {
  const response = new streams.AppendResp()
  if (outcome.kind === 'appended') {
    const success = new streams.AppendResp.Success()
    if (outcome.revision < 0n) success.setNoStream(new shared.Empty())
    else success.setCurrentRevision(unsigned(outcome.revision))
    if (outcome.position === undefined) success.setNoPosition(new shared.Empty())
    else {
      const position = unsigned(outcome.position)
      success.setPosition(new streams.AppendResp.Position().setCommitPosition(position).setPreparePosition(position))
    }
    return response.setSuccess(success)
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion()
  if (outcome.actual < 0n) wrong.setCurrentNoStream(new shared.Empty()).setNoStream2060(new shared.Empty())
  else wrong.setCurrentRevision(unsigned(outcome.actual)).setCurrentRevision2060(Number(outcome.actual))
  response.setWrongExpectedVersion(wrong)
  if (expected.kind === 'any') wrong.setExpectedAny(new shared.Empty()).setAny2060(new shared.Empty())
  else if (expected.kind === 'streamExists') wrong.setExpectedStreamExists(new shared.Empty()).setStreamExists2060(new shared.Empty())
  else if (expected.kind === 'revision')
    wrong.setExpectedRevision(unsigned(expected.revision)).setExpectedRevision2060(Number(expected.revision))
  else {
    return withExpectedNoStream(response, wrong.setExpectedNoStream(new shared.Empty()))
  }
  return response
}

/** How a batch append says what went wrong: a code, a word and a message. */
export type BatchError =
  | { readonly kind: 'wrong'; readonly actual: bigint }
  | { readonly kind: 'deleted'; readonly stream: string }
  | { readonly kind: 'too large'; readonly maximum: number }
  | { readonly kind: 'bad request'; readonly message: string }
  | { readonly kind: 'timeout' }

export function batchMessage(
  request: InstanceType<typeof streams.BatchAppendReq>,
  outcome: Extract<AppendOutcome, { kind: 'appended' }> | BatchError,
  expected: Expected,
  rules: ModelRules,
): InstanceType<typeof streams.BatchAppendResp> {
  const response = new streams.BatchAppendResp()
    .setCorrelationId(request.getCorrelationId())
    .setStreamIdentifier(request.getOptions()?.getStreamIdentifier())
  if (outcome.kind !== 'appended') return response.setError(batchError(outcome, expected, rules))
  const success = new streams.BatchAppendResp.Success()
  if (outcome.revision < 0n) success.setNoStream(new empty.Empty())
  else success.setCurrentRevision(unsigned(outcome.revision))
  if (outcome.position === undefined) success.setNoPosition(new empty.Empty())
  else {
    const position = unsigned(outcome.position)
    success.setPosition(new shared.AllStreamPosition().setCommitPosition(position).setPreparePosition(position))
  }
  return response.setSuccess(success)
}

function batchError(error: BatchError, expected: Expected, { batchCodes }: ModelRules): InstanceType<typeof status.Status> {
  const of = (
    code: number,
    message: string,
    type: string,
    details: { serializeBinary(): Uint8Array },
  ): InstanceType<typeof status.Status> => {
    const packed = new any.Any()
    packed.setTypeUrl(`type.googleapis.com/event_store.client.${type}`)
    packed.setValue(details.serializeBinary())
    return new status.Status()
      .setCode(code as 0)
      .setMessage(message)
      .setDetails(packed)
  }
  switch (error.kind) {
    case 'wrong': {
      const wrong = new shared.WrongExpectedVersion()
      if (error.actual < 0n) wrong.setCurrentNoStream(new empty.Empty())
      else wrong.setCurrentStreamRevision(unsigned(error.actual))
      if (expected.kind === 'any') wrong.setExpectedAny(new empty.Empty())
      else if (expected.kind === 'streamExists') wrong.setExpectedStreamExists(new empty.Empty())
      else if (expected.kind === 'revision') wrong.setExpectedStreamPosition(unsigned(expected.revision))
      else wrong.setExpectedNoStream(new empty.Empty())
      return of(batchCodes.wrong, 'WrongExpectedVersion', 'WrongExpectedVersion', wrong)
    }
    case 'deleted':
      return of(
        batchCodes.deleted,
        'StreamDeleted',
        'StreamDeleted',
        new shared.StreamDeleted().setStreamIdentifier(identifierOf(error.stream)),
      )
    case 'too large':
      return of(
        batchCodes.tooLarge,
        'MaximumAppendSizeExceeded',
        'MaximumAppendSizeExceeded',
        new shared.MaximumAppendSizeExceeded().setMaxappendsize(error.maximum),
      )
    case 'bad request':
      return of(batchCodes.badRequest, 'BadRequest', 'BadRequest', new shared.BadRequest().setMessage(error.message))
    case 'timeout':
      return of(10, 'Timeout', 'Timeout', new shared.Timeout())
  }
}
