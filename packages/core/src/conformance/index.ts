export type { Assertions, Subject } from './assertions.js'
export type { CapabilityAtom, CapabilityTerm } from './capability-term.js'
export { type CaseContext, type ConformanceCase, type ContractVersion, type Needs, type TestEvent, raceCase } from './case.js'
export { type Badge, badgeOf, renderBadge } from './badge.js'
export { allCases } from './cases/index.js'
export type { CaseId, ConformanceHarness, HarnessContext, HarnessInstance, HookName, InstanceOption, Profile } from './harness.js'
export { renderMatrix } from './matrix.js'
export { HarnessError } from './outcome.js'
export { renderPage } from './page.js'
export type { RaceResult } from './race.js'
export type { Random } from './random.js'
export {
  type CaseFailure,
  type CaseReport,
  type CaseStatus,
  type ConformanceReport,
  type PartReport,
  type StableReport,
  type UnderClaim,
  type Versions,
  stableReport,
} from './report.js'
export { type ConformanceOptions, type ConformanceSession, createSession, runConformance } from './run-conformance.js'
