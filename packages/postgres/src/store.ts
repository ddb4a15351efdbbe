import type { BackendCall, Position } from '@millrace/core'
import type { Names, Order } from './schema.js'
import type { QueryRunner, Session } from './sessions.js'

/** One row: each column as the text the server prints, or null. */
export type Row = readonly (string | null)[]

/** A parameter: text, or bytes in the server's binary format of the parameter's type. */
export type Parameter = string | number | boolean | null | Uint8Array

/**
 * What the backend needs of a PostgreSQL: the one thing that differs between a server (through `pg`) and PGlite. Errors of a driver are
 * thrown as {@link DriverFailure}.
 */
export interface Engine {
  /** One connection for all: what is visible is settled, and there is no pool to wait for. */
  readonly single: boolean
  /** Drops a leading U+FEFF of a text it returns. */
  readonly stripsByteOrderMark: boolean
  open(call: BackendCall): Promise<void>
  close(): Promise<void>
  /** A read: ends, and frees its connection, as soon as `call.signal` aborts. */
  read(statement: string, parameters: readonly Parameter[], call: BackendCall): Promise<readonly Row[]>
  /** A change: once sent it goes on until `call.deadline` aborts. */
  change(statement: string, parameters: readonly Parameter[], call: BackendCall): Promise<readonly Row[]>
  /** Only where appends are coalesced. Waits for a connection, and only then asks what to run on it: a change that nobody wants by then is not sent. */
  flush?(pick: () => Work | undefined): Promise<readonly Row[]>
  /** Most connections at a time. */
  connections?(): number
  /** Keeps a connection that hears a channel, until the function returned is called; `lost` when it ends before. */
  listen?(channel: string, heard: () => void, lost: () => void): Promise<() => void>
  /** Runs in one transaction; only for set-up. */
  transaction<T>(run: (runner: QueryRunner & Pick<Session, 'script'>) => Promise<T>): Promise<T>
  /** Runs several statements on one connection, to look at what is there. */
  session?<T>(run: (session: Session) => Promise<T>): Promise<T>
  /** Told when a connection was lost: what was concluded from it is void. */
  onConnectionLost(listener: () => void): void
}

/** What all parts of the backend work on. */
export interface Store {
  readonly engine: Engine
  readonly names: Names
  readonly order: Order
  /** Which run of the server this is, and the highest position seen in its log. */
  readonly server: { run: string; end: number }
  toPosition(body: string): Position
  fromPosition(position: Position): string
}

/** A statement to be run for a call. */
export interface Work {
  readonly statement: string
  readonly parameters: readonly Parameter[]
  readonly call: BackendCall
}

/** An error of the driver, and whether the statement had been sent. */
export class DriverFailure extends Error {
  readonly phase: 'connect' | 'query'
  readonly error: unknown
  readonly code: unknown

  constructor(phase: 'connect' | 'query', error: unknown) {
    super(error instanceof Error ? error.message : String(error))
    this.phase = phase
    this.error = error
    this.code = (error as { code?: unknown } | null)?.code
  }
}

/** For `catch`: throws what the driver threw as a {@link DriverFailure}. */
export function failed(phase: 'connect' | 'query'): (error: unknown) => never {
  return (error) => {
    throw new DriverFailure(phase, error)
  }
}

/** The failure of a change that was sent and had no answer when its time was up. */
export function pastDeadline(): DriverFailure {
  return new DriverFailure('query', new Error('connection error: deadline'))
}
