import type { BackendCall, Positions } from '@millrace/core'
import type { Names, Order } from './schema.js'
import type { QueryRunner, Session } from './sessions.js'

/** One row: each column as the text the server prints, or null. */
export type Row = readonly (string | null)[]
/** In the order of the server. */
export type Rows = readonly Row[]

/** A parameter: text, or bytes in the server's binary format of the parameter's type. */
export type Parameter = string | number | boolean | null | Uint8Array
/** Of one statement: `$1`, `$2` … */
export type Values = readonly Parameter[]

/**
 * What the backend needs of a PostgreSQL: the one thing that differs between a server (through `pg`) and PGlite. Errors of a driver are
 * thrown as they are, but for {@link ConnectFailure}.
 */
export interface Engine {
  /** One connection for all: what is visible is settled, and there is no pool to wait for. */
  readonly single: boolean
  /** Only where a driver does not return every text as it is: what is selected for a column that holds one, and what it means. */
  readonly texts?: { select(column: string): string; read(text: string): string }
  open?(call: BackendCall): Promise<void>
  close?(): Promise<void>
  /** A read: ends, and frees its connection, as soon as `call.signal` aborts. */
  read(statement: string, parameters: Values, call: BackendCall): Promise<Rows>
  /** A change: once sent it goes on until `call.deadline` aborts. */
  change(statement: string, parameters: Values, call: BackendCall): Promise<Rows>
  /** Only where appends are coalesced. Waits for a connection, and only then asks what to run on it: a change that nobody wants by then is not sent. */
  flush?(pick: () => Work | undefined): Promise<Rows>
  /** Most connections at a time. */
  connections?(): number
  /** Keeps a connection that hears a channel, until the function returned is called; `lost` when it ends before. */
  listen?(channel: string, heard: () => void, lost: () => void): Promise<() => void>
  /** Runs in one transaction; only for set-up. */
  transaction?<T>(run: (runner: QueryRunner & Pick<Session, 'script'>) => Promise<T>): Promise<T>
  /** Runs several statements on one connection, to look at what is there. */
  session?<T>(run: (session: Session) => Promise<T>): Promise<T>
  /** Told when a connection was lost: what was concluded from it is void. */
  onConnectionLost?(listener: () => void): void
}

/** What all parts of the backend work on. */
export interface Store {
  readonly engine: Engine
  readonly names: Names
  readonly order: Order
  /** Which run of the server this is, and the highest position seen in its log. */
  readonly server: { run: string; end: number }
  readonly positions: Positions
}

/** A statement to be run for a call. */
export interface Work {
  readonly statement: string
  readonly parameters: Values
  readonly call: BackendCall
}

/** No connection was to be had, so nothing was sent. */
export class ConnectFailure extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
