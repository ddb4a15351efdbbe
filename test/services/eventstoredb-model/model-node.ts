import type { KnownIds } from './known-ids.js'
import type { FaultTable } from './faults.js'
import type { NodeData } from './node-data.js'

/** A running node: what it stored, what it remembers, and who listens. */
export interface ModelNode {
  readonly data: NodeData
  /** Gone after a restart. */
  knownIds: KnownIds
  /** How often it went down: what was to be done later is not done by a node that was started again. */
  life: number
  readonly faults: FaultTable
  /** Calls whose answer is not finished. */
  readonly openCalls: Set<object>
  /** Told after each write. */
  readonly followers: Set<() => void>
  /** Ends a subscription with OK. */
  readonly subscriptions: Set<() => void>
  /** Names and passwords; undefined: everybody may do everything, as on a node without security. */
  readonly users: Readonly<Record<string, string>> | undefined
  /** Where clients are sent that look for the leader. */
  leader(): { readonly host: string; readonly port: number }
  /** Breaks the connection of a caller. */
  cut(peer: string): void
}

export function tellFollowers({ followers }: ModelNode): void {
  for (const follower of [...followers]) follower()
}
