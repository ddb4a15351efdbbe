import type { EventStoreAdapter } from '../adapter.js'
import type { CapabilityName } from '../capabilities.js'
import type { CapabilityAtom } from './capability-term.js'
import type { Subject } from './assertions.js'
import type { CaseContext } from './case.js'

/** Every way to use what a capability covers. */
const uses: Readonly<Record<CapabilityName, (adapter: EventStoreAdapter, streamId: string) => readonly Subject[]>> = {
  readAll: (adapter) => [
    () => adapter.readAll(),
    () => adapter.readAll({ direction: 'backwards', limit: 1 }),
    () => adapter.subscribeToAll(),
    () => adapter.comparePositions('m1-0-1', 'm1-0-2'),
  ],
  deleteStream: (adapter, streamId) => [() => adapter.deleteStream(streamId), () => adapter.deleteStream(streamId, { expectedVersion: 2 })],
  tombstoneStream: (adapter, streamId) => [
    () => adapter.tombstoneStream(streamId),
    () => adapter.tombstoneStream(streamId, { expectedVersion: 2 }),
  ],
  truncateStream: (adapter, streamId) => [() => adapter.truncateStream(streamId, { before: 2 })],
  streamMetadata: (adapter, streamId) => [() => adapter.getStreamMetadata(streamId), () => adapter.setStreamMetadata(streamId, { a: 1 })],
  listStreams: (adapter) => [() => adapter.listStreams(), () => adapter.listStreams({ prefix: 'a', limit: 1 })],
  multiStreamAppend: (adapter, streamId) => [
    () =>
      adapter.appendToStreams([
        { streamId, events: [{ type: 'Part', data: 1 }] },
        { streamId: `${streamId}b`, events: [{ type: 'Part', data: 2 }] },
      ]),
  ],
  binary: (adapter, streamId) => [() => adapter.appendToStream(streamId, [{ type: 'Bytes', data: new Uint8Array([1, 2]) }])],
}

/** Whether methods depend on it, and not only what they promise. */
export function isMethodCapability(atom: CapabilityAtom): atom is CapabilityName {
  return Object.hasOwn(uses, atom)
}

/** What a capability covers, in the order of the contract. */
export const capabilityNames: readonly CapabilityName[] = [
  'readAll',
  'deleteStream',
  'tombstoneStream',
  'truncateStream',
  'streamMetadata',
  'listStreams',
  'multiStreamAppend',
  'binary',
]

/** The inverse of a capability: each use is a `NotSupportedError` that names it, changes nothing and leaves the adapter usable. */
export async function proveUnsupported(t: CaseContext, capability: CapabilityName): Promise<void> {
  const adapter = await t.adapter()
  const streamId = t.stream()
  const events = t.events(3)
  await adapter.appendToStream(streamId, events.slice(0, 2))
  const before = await adapter.getStreamState(streamId)
  for (const use of uses[capability](adapter, streamId))
    await t.rejects(
      use,
      'not-supported',
      { capability, retryable: false, outcome: 'not-applied' },
      `${capability} is not declared, so using it is refused by name`,
    )
  t.deepEqual(await adapter.getStreamState(streamId), before, `the refused ${capability} changes nothing`)
  await adapter.appendToStream(streamId, events.slice(2), { expectedVersion: 2 })
  await t.holds(adapter, streamId, events, { message: `the adapter is usable after the refused ${capability}` })
}

/** The inverse of a case that requires these capabilities: those that are not declared are refused. */
export function inverseOf(...capabilities: readonly CapabilityName[]): (t: CaseContext) => Promise<void> {
  return async (t) => {
    for (const capability of capabilities) if (!t.declares(capability)) await proveUnsupported(t, capability)
  }
}
