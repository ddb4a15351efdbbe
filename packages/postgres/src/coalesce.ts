import { type AppendSender, createCoalescer } from '@millrace/core'
import type { Appends } from './append.js'
import { classifyError } from './map-error.js'
import { DriverFailure, type Engine, pastDeadline } from './session.js'

export interface CoalescerOptions {
  /** Time that an append alone may wait for its stream; 0: what the session has. */
  readonly lockMs: number
  /** Time that a flush may wait for its streams: one that is held by an open transaction must not hold up the others. */
  readonly flushLockMs: number
}

/** Core's queue of appends over an engine that has connections to share. Source: postgres.md §4. */
export function coalesce(
  engine: Required<Pick<Engine, 'flush' | 'connections'>>,
  appends: Appends,
  { lockMs, flushLockMs }: CoalescerOptions,
): ReturnType<typeof createCoalescer> {
  async function each(pick: Parameters<AppendSender['each']>[0]): ReturnType<AppendSender['each']> {
    let picked: ReturnType<typeof pick>
    const rows = await engine.flush(() => {
      picked = pick()
      return picked && { statement: appends.each, parameters: appends.eachParameters(picked.requests, flushLockMs), call: picked.call }
    })
    return appends.readEach(rows, picked?.requests ?? [])
  }
  return createCoalescer({
    one: (request, call) => appends.one(request, lockMs, call),
    all: (requests, call) => appends.all(requests, lockMs, call),
    each,
    connections: engine.connections,
    rolledBack: (error) => error instanceof DriverFailure && error.phase === 'query' && classifyError(error)?.outcome === 'not-applied',
    pastDeadline,
  })
}
