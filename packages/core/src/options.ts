import type { Direction, LogFilter } from './adapter.js'
import { InvalidArgumentError } from './errors.js'

/** Checks of option members; each gives the member with its default. Errors: `invalid-argument` naming the member. */

export function parseTimeoutMs(value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value > 0 && value <= 2_147_483_647) return value
  throw new InvalidArgumentError('must be a number of milliseconds above 0 and below 2^31.', { path: 'timeoutMs' })
}

export function parseSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value) return value as AbortSignal
  throw new InvalidArgumentError('must be an AbortSignal.', { path: 'signal' })
}

export function parseDirection(value: unknown): Direction {
  if (value === undefined || value === 'forwards') return 'forwards'
  if (value === 'backwards') return 'backwards'
  throw new InvalidArgumentError("must be 'forwards' or 'backwards'.", { path: 'direction' })
}

/** Most items; infinite by default. */
export function parseLimit(value: unknown): number {
  return value === undefined ? Infinity : parseWhole(value, 'limit', 0)
}

export function parseVersion(value: unknown, path: string): number | undefined {
  return value === undefined ? undefined : parseWhole(value, path, 1)
}

export function parseWhole(value: unknown, path: string, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw new InvalidArgumentError(`must be a whole number from ${least} to 2^53 - 1.`, { path })
}

export function parsePrefix(value: unknown, path: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new InvalidArgumentError('must be a string.', { path })
}

/** Position to start after; the backend checks that it made it. */
export function parseAfter(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new InvalidArgumentError('must be a position of this store.', { path: 'after' })
}

/** Undefined where nothing would be filtered. A copy: the caller may change theirs. */
export function parseFilter(value: unknown): LogFilter | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null) throw new InvalidArgumentError('must be an object.', { path: 'filter' })
  const { eventTypes, streamTypes, streamIdPrefix } = value as Record<string, unknown>
  if (eventTypes === undefined && streamTypes === undefined && streamIdPrefix === undefined) return undefined
  return {
    eventTypes: parseStrings(eventTypes, 'filter.eventTypes'),
    streamTypes: parseStrings(streamTypes, 'filter.streamTypes'),
    streamIdPrefix: parsePrefix(streamIdPrefix, 'filter.streamIdPrefix'),
  }
}

function parseStrings(value: unknown, path: string): readonly string[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length === 0 || !value.every((item) => typeof item === 'string'))
    throw new InvalidArgumentError('must be a list of at least one string.', { path })
  return [...(value as string[])]
}
