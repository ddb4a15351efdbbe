import type { EventStoreAdapter, RecordedEvent } from '@millrace/core'
import { type Same, holds } from '../events.js'

declare const store: EventStoreAdapter

// Mistakes that must be found, each where the test expects it: what proves that the other files are looked at at all.
void store.appendToStream('a', [{ type: 'A', data: { at: new Date() } }])
// @ts-expect-error nothing is wrong in the next line
void store.appendToStream('a', [{ type: 'A', data: 1 }])
export const customer = (event: RecordedEvent<{ type: 'A'; data: { by: string } }>): number => event.data.by
holds<Same<string, string | undefined>>()
