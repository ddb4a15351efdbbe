import { InvalidArgumentError } from './errors.js'
import type { Position } from './event.js'

/** The positions of one store, `<letter><format digit>-<log id>-<body>`. */
export interface Positions {
  /** Which log it is, in each position; empty where a store has none, or has not said it yet. */
  logId: string
  /** The position of a place in the log. */
  of(body: string): Position
  /**
   * Takes a position apart and refuses what this store did not make.
   *
   * Errors: `invalid-argument` for a malformed one, and for one of another adapter, format or log. Cases: ALL-15.
   */
  bodyOf(position: unknown): string
}

const pattern = /^([a-z][0-9])-([0-9a-f]*)-([0-9A-Za-z./_]+)$/u

/**
 * Makes and reads positions. For adapter authors.
 *
 * @param format a letter of the adapter's own, and a digit that changes with what a body means.
 */
export function createPositions(format: string, logId = ''): Positions {
  let [own, prefix] = [logId, `${format}-${logId}-`]
  return {
    get logId() {
      return own
    },
    set logId(id) {
      ;[own, prefix] = [id, `${format}-${id}-`]
    },
    of: (body) => prefix + body,
    bodyOf(position) {
      const match = typeof position === 'string' ? pattern.exec(position) : null
      if (match === null) throw refused('The position is malformed.')
      const [, found, id, body = ''] = match
      if (found !== format) throw refused(`The position was made by another kind of store or another format ("${found}").`)
      if (id !== own) throw refused('The position belongs to another store: its log id differs.')
      return body
    },
  }
}

function refused(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { path: 'position' })
}

/** Orders decimal bodies of any length without converting them to numbers. */
export function compareDecimals(a: string, b: string): number {
  return a.length === b.length ? (a < b ? -1 : a > b ? 1 : 0) : a.length - b.length
}
