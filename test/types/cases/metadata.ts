import type { EventStoreAdapter, JsonObject, MetadataOf, NewEvent, RecordedEvent } from '@millrace/core'
import { type AuditEvent, type Audited, type OrderEvent, type Same, type Traced, holds } from './events.js'

declare const store: EventStoreAdapter

// The declared metadata type, else any JSON object; reading says undefined, since another program may have appended without.
holds<Same<MetadataOf<Audited>, { actor: string; reason?: string }>>()
holds<Same<MetadataOf<Traced>, { traceId: string }>>()
holds<Same<MetadataOf<{ type: 'A'; data: 1 }>, JsonObject>>()
holds<Same<RecordedEvent<Audited>['metadata'], { actor: string; reason?: string } | undefined>>()
holds<Same<RecordedEvent<OrderEvent>['metadata'], JsonObject | undefined>>()

void store.appendToStream<AuditEvent>('audit', [
  { type: 'Audited', data: { by: 'Ada' }, metadata: { actor: 'Ada' } },
  { type: 'Traced', data: 1 },
  { type: 'Traced', data: 1, metadata: { traceId: 'x' } },
])
const made: NewEvent<AuditEvent>[] = [{ type: 'Audited', data: { by: 'Ada' }, metadata: { actor: 'Ada', reason: 'test' }, id: undefined }]
void store.appendToStream<AuditEvent>('audit', made)

export async function narrowed(): Promise<string[]> {
  const found: string[] = []
  for await (const event of store.readStream<AuditEvent>('audit')) {
    if (event.type === 'Audited') found.push(event.metadata?.actor ?? 'nobody')
    else found.push(event.metadata?.traceId ?? 'none')
  }
  return found
}

// @ts-expect-error metadata is required by the event type
void store.appendToStream<AuditEvent>('audit', [{ type: 'Audited', data: { by: 'Ada' } }])
// @ts-expect-error metadata of another member
void store.appendToStream<AuditEvent>('audit', [{ type: 'Audited', data: { by: 'Ada' }, metadata: { traceId: 'x' } }])
// @ts-expect-error metadata is an object
void store.appendToStream<OrderEvent>('order-1', [{ type: 'OrderClosed', data: null, metadata: 'note' }])
// @ts-expect-error metadata of a new event is JSON
const wrong: NewEvent<OrderEvent> = { type: 'OrderClosed', data: null, metadata: { at: new Date() } }

// Metadata of a stream.
export async function ofStream(): Promise<number> {
  const { metadata, version } = await store.getStreamMetadata('order-1')
  holds<Same<typeof metadata, JsonObject | undefined>>()
  const set = await store.setStreamMetadata('order-1', { owner: 'Ada', tags: ['a'], gone: undefined }, { expectedMetadataVersion: version })
  // @ts-expect-error metadata of a stream is JSON
  await store.setStreamMetadata('order-1', { at: new Date() })
  return set.version + Object.keys(wrong).length
}
