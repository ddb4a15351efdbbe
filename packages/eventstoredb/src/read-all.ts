import type { BackendCall, LogPage, LogPageRequest, Position, StoredEvent } from '@millrace/core'
import type { Session } from './client.js'
import { compareTokens, fromToken } from './event-data.js'
import { collect } from './read-events.js'

/** Events of the server's own, by their names: users cannot use such names. */
export function isSystemEvent({ type, streamId }: Pick<StoredEvent, 'type' | 'streamId'>): boolean {
  return type.startsWith('$') || streamId.startsWith('$')
}

/** Position of the last record, whoever wrote it. Everything on the leader is settled: what is visible has its place. */
export async function readLogEnd(session: Session, call: BackendCall): Promise<Position | undefined> {
  const read = session.reader().readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1, requiresLeader: true })
  return (await collect(session, read, Infinity, call)).events[0]?.position
}

/**
 * A page of the log, without events of the server's own. Forwards the server begins with the record at the position given, which is left out
 * here; backwards with the one before. It is core that filters, with both clients: a filtered read of the server says nothing until it has
 * found a page full, so a rare event would never be reached within the time of one `next()`.
 */
export async function readLogPage(session: Session, request: LogPageRequest, call: BackendCall): Promise<LogPage> {
  const { direction, after, upTo, limit, maxBytes } = request
  const forwards = direction === 'forwards'
  const maxCount = limit + (forwards && after !== undefined ? 1 : 0)
  const fromPosition = after === undefined ? (forwards ? 'start' : 'end') : fromToken(after)
  const read = session.reader().readAll({ direction, fromPosition, maxCount, requiresLeader: true, resolveLinkTos: false })
  const { events, cut } = await collect(session, read, maxBytes, call)
  const beyond = (event: StoredEvent): boolean => upTo !== undefined && compareTokens(event.position ?? '', upTo) > 0
  const within = events.filter((event) => event.position !== after && !beyond(event))
  const wanted = within.filter((event) => !isSystemEvent(event))
  const last = events.at(-1)
  const ended = !cut && events.length < maxCount
  return { events: wanted, next: last?.position ?? after, end: ended || (forwards && last !== undefined && beyond(last)) }
}
