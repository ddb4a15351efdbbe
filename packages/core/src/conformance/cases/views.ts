import type { EventStoreAdapter, ReadStreamOptions } from '../../adapter.js'
import type { CaseContext, TestEvent } from '../case.js'

/** Ids of the visible events of a stream, in the order read. */
export async function idsOf(adapter: EventStoreAdapter, streamId: string, options?: ReadStreamOptions): Promise<string[]> {
  return (await adapter.readStream(streamId, options).toArray()).map(({ id }) => id)
}

/** Versions of the visible events of a stream, in the order read. */
export async function versionsOf(adapter: EventStoreAdapter, streamId: string, options?: ReadStreamOptions): Promise<number[]> {
  return (await adapter.readStream(streamId, options).toArray()).map(({ version }) => version)
}

/** Whole numbers from a to b, whichever way. */
export function range(a: number, b: number): number[] {
  return Array.from({ length: Math.abs(b - a) + 1 }, (_, index) => (a <= b ? a + index : a - index))
}

/** A stream of `count` events, appended in a few batches. */
export async function filled(
  t: CaseContext,
  adapter: EventStoreAdapter,
  count: number,
): Promise<{ streamId: string; events: TestEvent[] }> {
  const streamId = t.stream()
  const events = t.events(count)
  for (let at = 0; at < count; at += 50) await adapter.appendToStream(streamId, events.slice(at, at + 50))
  return { streamId, events }
}

/** The same call gives the original versions and stores nothing. */
export async function storedOnce(
  t: CaseContext,
  adapter: EventStoreAdapter,
  streamId: string,
  call: () => Promise<{ firstVersion: number; version: number }>,
  [firstVersion, version]: readonly [number, number],
  stored: readonly string[],
  message: string,
): Promise<void> {
  const again = await t.resolves(call(), message)
  t.deepEqual([again.firstVersion, again.version], [firstVersion, version], `${message}: the original result`)
  t.deepEqual(await idsOf(adapter, streamId), stored, `${message}: nothing stored twice`)
}

export const eventIds = (events: readonly { readonly id: string }[]): string[] => events.map(({ id }) => id)

/** After a refused call the stream holds these events, and its version is theirs. */
export async function nothingStored(
  t: CaseContext,
  adapter: EventStoreAdapter,
  streamId: string,
  ids: readonly string[],
  version: number,
  message: string,
): Promise<void> {
  t.deepEqual(await idsOf(adapter, streamId), ids, `${message}: events of the stream`)
  t.equal((await adapter.getStreamState(streamId)).version, version, `${message}: version of the stream`)
}
