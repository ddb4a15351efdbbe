/** Any JSON value. `data` of an event is this, or bytes. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** A JSON object: what metadata is. A member that is `undefined` is left out when stored. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined
}

/**
 * The least a caller's event type has to have. Give the adapter's methods your own union of these and `type` narrows
 * `data` from append to read to subscription:
 *
 * ```ts
 * type OrderEvent =
 *   | { type: 'OrderPlaced'; data: { customer: string; total: number } }
 *   | { type: 'OrderShipped'; data: { carrier?: string } }
 * ```
 *
 * Interfaces and optional members are fine; nothing needs an index signature or a class.
 */
export interface EventLike {
  readonly type: string
  readonly data: unknown
  readonly metadata?: object | undefined
}

/** The metadata type of an event: the one it declares, else any JSON object. */
export type MetadataOf<E> = 'metadata' extends keyof E
  ? E extends { readonly metadata?: infer M }
    ? // An event type that says no more than `object` says nothing of its members.
      object extends Exclude<M, undefined>
      ? JsonObject
      : Exclude<M, undefined>
    : never
  : JsonObject

/** What a value's type is replaced with where it could not be stored; its one member says why. */
export interface NotStorable<Why extends string> {
  readonly 'millrace: not storable': Why
}

/**
 * `T` where T can be stored as JSON, else a type nothing is assignable to.
 *
 * Source: contract §7. `Date`, `bigint`, `Map`, functions and classes with methods do not compile although `toJSON` is honoured
 * at run time: what is read back would not have the type that was written.
 */
export type Storable<T> = unknown extends T
  ? T
  : T extends JsonValue
    ? T
    : T extends undefined
      ? NotStorable<'undefined is not JSON'>
      : T extends bigint
        ? NotStorable<'a bigint is not JSON: store it as a string'>
        : T extends symbol
          ? NotStorable<'a symbol is not JSON'>
          : T extends (...args: never[]) => unknown
            ? NotStorable<'a function is not JSON'>
            : T extends Date
              ? NotStorable<'a Date is not JSON: store date.toISOString()'>
              : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
                ? NotStorable<'a Map or Set is not JSON: store its entries'>
                : T extends ArrayBufferView | ArrayBuffer
                  ? NotStorable<'bytes can only be the whole data of an event'>
                  : T extends readonly unknown[]
                    ? { [K in keyof T]: Storable<T[K]> }
                    : { [K in keyof T]: StorableMember<T[K]> }

/** As {@link Storable}, and `undefined` is allowed: a member that is undefined is left out. */
type StorableMember<T> = unknown extends T ? T : Storable<Exclude<T, undefined>> | Extract<T, undefined>

/** What `data` may be: JSON, or bytes. */
type StorableData<T> = unknown extends T ? T : T extends Uint8Array ? T : Storable<T>

/** Distributes over the union E and keeps each member whose payload can be stored; the others become unassignable. */
export type StorableEvent<E> = E extends EventLike
  ? E & { readonly data: StorableData<E['data']>; readonly metadata?: StorableMember<E['metadata']> }
  : never

/** Members of a new event that are not the caller's event type. */
export interface EventEnvelope {
  /** UUID of the event, in any letter case (kept lower-cased). Default: a random one, made once per call. */
  readonly id?: string | undefined
  /** JSON object kept beside `data`. Default: none. */
  readonly metadata?: object | undefined
}

/**
 * An event to be appended. Distributes over the union E.
 *
 * Use it for functions that make events: `function decide(state: Order): NewEvent<OrderEvent>[]`.
 */
export type NewEvent<E extends EventLike = EventLike> = E extends EventLike
  ? E & { readonly id?: string | undefined } & ('metadata' extends keyof E ? unknown : { readonly metadata?: JsonObject | undefined })
  : never

/** An event as it was stored. Distributes over the union E, so that `type` narrows `data`. */
export type RecordedEvent<E extends EventLike = EventLike> = E extends EventLike
  ? {
      /** UUID, lower-cased. */
      readonly id: string
      readonly type: E['type']
      /** The JSON value as it was appended (own copy), or `Uint8Array` where bytes were. */
      readonly data: E['data']
      /** The JSON object as it was appended, or undefined where none was. */
      readonly metadata: MetadataOf<E> | undefined
      readonly streamId: string
      /** The `streamType` given with the append that stored this event. */
      readonly streamType: string | undefined
      /** 1-based number of the event in its stream; contiguous, never reused. */
      readonly version: number
      /** Place in the whole log; defined on every event where the capability `readAll` is declared. */
      readonly position: Position | undefined
      /** The server's clock where it has one; never use it for order. */
      readonly createdAt: Date
    }
  : never

/**
 * Opaque place of an event in the whole log: `<adapter letter><format digit>-<log id>-<body>`. Store it as it is; compare with
 * `comparePositions`. Only positions delivered by `readAll` and `subscribeToAll` are safe to resume from.
 */
export type Position = string
