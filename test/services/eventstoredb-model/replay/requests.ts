import empty from 'google-protobuf/google/protobuf/empty_pb.js'
import { features, shared, streams } from '../definitions.js'
import { type Plain, bytesOf } from './plain.js'

/** A message that can be sent. */
export interface Sendable {
  serializeBinary(): Uint8Array
}

interface RecordedExpectation {
  readonly streamIdentifier?: { readonly streamName?: Plain }
  readonly revision?: string
  readonly streamPosition?: string
  readonly any?: Plain
  readonly noStream?: Plain
  readonly streamExists?: Plain
}

interface RecordedProposal {
  readonly id: { readonly string: string }
  readonly metadataMap: readonly (readonly [string, string])[]
  readonly data?: Plain
  readonly customMetadata?: Plain
}

interface RecordedRead {
  readonly stream?: RecordedFrom & { readonly streamIdentifier?: { readonly streamName?: Plain } }
  readonly all?: RecordedFrom & { readonly position?: { readonly commitPosition?: string; readonly preparePosition?: string } }
  readonly readDirection?: 0 | 1
  readonly count?: string
  readonly subscription?: Plain
  readonly noFilter?: Plain
  readonly filter?: {
    readonly streamIdentifier?: RecordedExpression
    readonly eventType?: RecordedExpression
    readonly max?: number
    readonly count?: Plain
    readonly checkpointintervalmultiplier?: number
  }
  readonly controlOption?: { readonly compatibility?: number }
}
interface RecordedFrom {
  readonly revision?: string
  readonly start?: Plain
  readonly end?: Plain
}
interface RecordedExpression {
  readonly regex?: string
  readonly prefixList?: readonly string[]
}

/** Builds the messages of a recorded request again. */
export const requestOf: Readonly<Record<string, (recorded: never) => Sendable>> = {
  'streams.Streams/Append': ({ options, proposedMessage }: { options?: RecordedExpectation; proposedMessage?: RecordedProposal }) => {
    const request = new streams.AppendReq()
    if (options !== undefined) request.setOptions(expecting(new streams.AppendReq.Options(), options))
    if (proposedMessage !== undefined) request.setProposedMessage(proposal(new streams.AppendReq.ProposedMessage(), proposedMessage))
    return request
  },
  'streams.Streams/BatchAppend': (recorded: {
    correlationId: { string: string }
    options: RecordedExpectation
    proposedMessagesList?: readonly RecordedProposal[]
    isFinal: boolean
  }) => {
    const options = new streams.BatchAppendReq.Options().setStreamIdentifier(identifier(recorded.options))
    if (recorded.options.any !== undefined) options.setAny(new empty.Empty())
    else if (recorded.options.noStream !== undefined) options.setNoStream(new empty.Empty())
    else if (recorded.options.streamExists !== undefined) options.setStreamExists(new empty.Empty())
    else options.setStreamPosition(recorded.options.streamPosition ?? '0')
    return new streams.BatchAppendReq()
      .setCorrelationId(new shared.UUID().setString(recorded.correlationId.string))
      .setOptions(options)
      .setProposedMessagesList(
        (recorded.proposedMessagesList ?? []).map((one) => proposal(new streams.BatchAppendReq.ProposedMessage(), one)),
      )
      .setIsFinal(recorded.isFinal)
  },
  'streams.Streams/Delete': ({ options }: { options: RecordedExpectation }) =>
    new streams.DeleteReq().setOptions(expecting(new streams.DeleteReq.Options(), options)),
  'streams.Streams/Tombstone': ({ options }: { options: RecordedExpectation }) =>
    new streams.TombstoneReq().setOptions(expecting(new streams.TombstoneReq.Options(), options)),
  'streams.Streams/Read': ({ options }: { options: RecordedRead }) => new streams.ReadReq().setOptions(readOptions(options)),
  'server_features.ServerFeatures/GetSupportedMethods': () => new shared.Empty(),
}

/** Reads the messages of an answer. */
export const answerOf: Readonly<Record<string, { deserializeBinary(bytes: Uint8Array): { toObject(): object } }>> = {
  'streams.Streams/Append': streams.AppendResp,
  'streams.Streams/BatchAppend': streams.BatchAppendResp,
  'streams.Streams/Delete': streams.DeleteResp,
  'streams.Streams/Tombstone': streams.TombstoneResp,
  'streams.Streams/Read': streams.ReadResp,
  'server_features.ServerFeatures/GetSupportedMethods': features.SupportedMethods,
}

function identifier(options: {
  readonly streamIdentifier?: { readonly streamName?: Plain }
}): InstanceType<typeof shared.StreamIdentifier> {
  return new shared.StreamIdentifier().setStreamName(bytesOf(options.streamIdentifier?.streamName))
}

interface OptionsWithExpectation {
  setStreamIdentifier(value: InstanceType<typeof shared.StreamIdentifier>): unknown
  setAny(value: InstanceType<typeof shared.Empty>): unknown
  setNoStream(value: InstanceType<typeof shared.Empty>): unknown
  setStreamExists(value: InstanceType<typeof shared.Empty>): unknown
  setRevision(value: string): unknown
}

function expecting<Options extends OptionsWithExpectation>(options: Options, recorded: RecordedExpectation): Options {
  options.setStreamIdentifier(identifier(recorded))
  if (recorded.any !== undefined) options.setAny(new shared.Empty())
  else if (recorded.noStream !== undefined) options.setNoStream(new shared.Empty())
  else if (recorded.streamExists !== undefined) options.setStreamExists(new shared.Empty())
  else options.setRevision(recorded.revision ?? '0')
  return options
}

interface Proposal {
  setId(value: InstanceType<typeof shared.UUID>): unknown
  getMetadataMap(): { set(key: string, value: string): unknown }
  setData(value: Uint8Array): unknown
  setCustomMetadata(value: Uint8Array): unknown
}

function proposal<Message extends Proposal>(message: Message, recorded: RecordedProposal): Message {
  message.setId(new shared.UUID().setString(recorded.id.string))
  for (const [key, value] of recorded.metadataMap) message.getMetadataMap().set(key, value)
  message.setData(bytesOf(recorded.data))
  message.setCustomMetadata(bytesOf(recorded.customMetadata))
  return message
}

function readOptions(recorded: RecordedRead): InstanceType<typeof streams.ReadReq.Options> {
  const options = new streams.ReadReq.Options()
    .setReadDirection(recorded.readDirection ?? 0)
    .setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(new shared.Empty()))
  if (recorded.stream !== undefined) {
    const stream = new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(recorded.stream))
    if (recorded.stream.start !== undefined) stream.setStart(new shared.Empty())
    else if (recorded.stream.end !== undefined) stream.setEnd(new shared.Empty())
    else stream.setRevision(recorded.stream.revision ?? '0')
    options.setStream(stream)
  }
  if (recorded.all !== undefined) {
    const { position } = recorded.all
    const all = new streams.ReadReq.Options.AllOptions()
    if (recorded.all.start !== undefined) all.setStart(new shared.Empty())
    else if (recorded.all.end !== undefined) all.setEnd(new shared.Empty())
    else {
      const at = new streams.ReadReq.Options.Position()
      all.setPosition(at.setCommitPosition(position?.commitPosition ?? '0').setPreparePosition(position?.preparePosition ?? '0'))
    }
    options.setAll(all)
  }
  if (recorded.subscription === undefined) options.setCount(recorded.count ?? '0')
  else options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions())
  if (recorded.noFilter !== undefined) options.setNoFilter(new shared.Empty())
  if (recorded.filter !== undefined) options.setFilter(filter(recorded.filter))
  if (recorded.controlOption !== undefined) {
    options.setControlOption(new streams.ReadReq.Options.ControlOption().setCompatibility(recorded.controlOption.compatibility ?? 0))
  }
  return options
}

function filter(recorded: NonNullable<RecordedRead['filter']>): InstanceType<typeof streams.ReadReq.Options.FilterOptions> {
  const message = new streams.ReadReq.Options.FilterOptions()
  const expression = ({
    regex = '',
    prefixList = [],
  }: RecordedExpression): InstanceType<typeof streams.ReadReq.Options.FilterOptions.Expression> =>
    new streams.ReadReq.Options.FilterOptions.Expression().setRegex(regex).setPrefixList([...prefixList])
  if (recorded.streamIdentifier !== undefined) message.setStreamIdentifier(expression(recorded.streamIdentifier))
  if (recorded.eventType !== undefined) message.setEventType(expression(recorded.eventType))
  if (recorded.max !== undefined) message.setMax(recorded.max)
  else message.setCount(new shared.Empty())
  return message.setCheckpointintervalmultiplier(recorded.checkpointintervalmultiplier ?? 0)
}
