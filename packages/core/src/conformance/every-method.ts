import type { CallOptions, EventStoreAdapter } from '../adapter.js'
import type { CapabilityName } from '../capabilities.js'
import type { Subject } from './assertions.js'
import type { CaseContext } from './case.js'

interface Method {
  readonly name: string
  readonly capability?: CapabilityName
  call(options: CallOptions): Subject
}

/** One harmless call of each method that the adapter declares, with the given options: what holds for all methods is tried on all. */
export function everyMethod(t: CaseContext, adapter: EventStoreAdapter, streamId: string): readonly Method[] {
  const methods: readonly Method[] = [
    { name: 'open', call: (options) => () => adapter.open(options) },
    { name: 'appendToStream', call: (options) => () => adapter.appendToStream(streamId, t.events(1), options) },
    { name: 'readStream', call: (options) => () => adapter.readStream(streamId, options) },
    { name: 'readStream().toArray', call: (options) => () => adapter.readStream(streamId, options).toArray() },
    { name: 'getStreamState', call: (options) => () => adapter.getStreamState(streamId, options) },
    { name: 'subscribeToStream', call: (options) => () => adapter.subscribeToStream(streamId, options) },
    { name: 'readAll', capability: 'readAll', call: (options) => () => adapter.readAll(options) },
    { name: 'subscribeToAll', capability: 'readAll', call: (options) => () => adapter.subscribeToAll(options) },
    {
      name: 'appendToStreams',
      capability: 'multiStreamAppend',
      call: (options) => () => adapter.appendToStreams([{ streamId, events: t.events(1) }], options),
    },
    { name: 'listStreams', capability: 'listStreams', call: (options) => () => adapter.listStreams(options) },
    { name: 'deleteStream', capability: 'deleteStream', call: (options) => () => adapter.deleteStream(streamId, options) },
    { name: 'tombstoneStream', capability: 'tombstoneStream', call: (options) => () => adapter.tombstoneStream(streamId, options) },
    {
      name: 'truncateStream',
      capability: 'truncateStream',
      call: (options) => () => adapter.truncateStream(streamId, { ...options, before: 1 }),
    },
    { name: 'getStreamMetadata', capability: 'streamMetadata', call: (options) => () => adapter.getStreamMetadata(streamId, options) },
    {
      name: 'setStreamMetadata',
      capability: 'streamMetadata',
      call: (options) => () => adapter.setStreamMetadata(streamId, { a: 1 }, options),
    },
  ]
  return methods.filter(({ capability }) => capability === undefined || t.declares(capability))
}
