/** True where A and B are the same type, not only assignable to each other. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

export declare function holds<T extends true>(): T

/** As an application may declare its events: type aliases and interfaces, optional members, nested objects, tuples and lists. */
export type OrderPlaced = { type: 'OrderPlaced'; data: { customer: string; note?: string; lines: { sku: string; price: number }[] } }

export interface OrderShipped {
  readonly type: 'OrderShipped'
  readonly data: ShippedData
}

export interface ShippedData {
  readonly carrier?: string
  readonly weight?: number | undefined
  readonly route: readonly [from: string, to: string | null]
}

export interface OrderClosed {
  type: 'OrderClosed'
  data: null
}

export type OrderEvent = OrderPlaced | OrderShipped | OrderClosed

/** Events with metadata: required, optional, and of a type that has optional members. */
export interface Audited {
  type: 'Audited'
  data: { by: string }
  metadata: { actor: string; reason?: string }
}

export interface Traced {
  type: 'Traced'
  data: number
  metadata?: { traceId: string }
}

export type AuditEvent = Audited | Traced
