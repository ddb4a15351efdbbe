export type {
  DriverAppendResult,
  DriverEvent,
  DriverPosition,
  DriverRecordedEvent,
  DriverResolvedEvent,
  DriverSubscription,
  EventStoreDBClient,
} from './driver.js'
export { eventStoreDB } from './eventstoredb.js'
export { byConnection, byMessage, byStatus, byType, classifyError } from './map-error.js'
export type { EventStoreDBOptions } from './options.js'
