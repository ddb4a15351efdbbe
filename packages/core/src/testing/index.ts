export { createFaultProxy } from './fault-proxy.js'
export type { FaultProxy, FaultProxyOptions } from './fault-proxy.js'
export type { FaultRecord, FaultRule, InjectedFault, ProxyFault } from './fault-rule.js'
