export { createFaultProxy } from './fault-proxy.js'
export type { FaultProxy, FaultProxyOptions } from './fault-proxy.js'
export type { FaultRecord, FaultRule, InjectedFault, ProxyFault } from './fault-rule.js'
export { recordHistory } from './recorder.js'
export type { HistoryRecorder, RecorderOptions } from './recorder.js'
export { checkHistory } from './check-history.js'
export type { HistoryVerdict } from './check-history.js'
export type { Anomaly, AnomalyName, Refusal } from './anomaly.js'
export type {
  AppendOperation,
  HideOperation,
  History,
  HistoryAppendPart,
  HistoryEvent,
  Operation,
  OperationOutcome,
  ReadAllOperation,
  ReadOperation,
  StateOperation,
  SubscribeOperation,
} from './history.js'
export { describeAnomaly } from './describe-anomaly.js'
export { withFaults } from './with-faults.js'
export type { AdapterFault, FaultRates, WithFaultsOptions } from './with-faults.js'
