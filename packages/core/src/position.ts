import { InvalidArgumentError } from './errors.js'
import type { Position } from './event.js'

/** A position taken apart: `<letter><format digit>-<log id>-<body>`. The log id is empty where a store has none. */
export interface PositionToken {
  readonly letter: string
  readonly format: number
  readonly logId: string
  readonly body: string
}

const pattern = /^([a-z])([0-9])-([0-9a-f]*)-([0-9A-Za-z./_]+)$/u

/** The token of a place in the log. */
export function formatPosition(token: PositionToken): Position {
  return `${token.letter}${token.format}-${token.logId}-${token.body}`
}

/**
 * Takes a position apart and refuses what this store did not make.
 *
 * Errors: `invalid-argument` for a malformed token and for one of another adapter, format or log. Cases: ALL-15.
 */
export function parsePosition(position: unknown, own: Omit<PositionToken, 'body'>): string {
  const match = typeof position === 'string' ? pattern.exec(position) : null
  if (match === null) throw new InvalidArgumentError('The position is malformed.', { path: 'position' })
  const [, letter, format, logId, body] = match
  if (letter !== own.letter || Number(format) !== own.format)
    throw new InvalidArgumentError(`The position was made by another kind of store or another format ("${letter}${format}").`, {
      path: 'position',
    })
  if (logId !== own.logId)
    throw new InvalidArgumentError('The position belongs to another store: its log id differs.', { path: 'position' })
  return body ?? ''
}

/** Orders decimal bodies of any length without converting them to numbers. */
export function compareDecimals(a: string, b: string): number {
  return a.length === b.length ? (a < b ? -1 : a > b ? 1 : 0) : a.length - b.length
}
