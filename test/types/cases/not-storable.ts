import type { EventStoreAdapter } from '@millrace/core'

declare const store: EventStoreAdapter

class Money {
  constructor(
    readonly amount: number,
    readonly currency: string,
  ) {}
  plus(other: Money): Money {
    return new Money(this.amount + other.amount, this.currency)
  }
}

class Point {
  x = 1
  y = 2
}

// What JSON can hold, and what says so itself.
void store.appendToStream('a', [
  { type: 'A', data: { at: new Date().toISOString(), amount: String(1n), entries: [...new Map([['a', 1]])] } },
])
void store.appendToStream('a', [{ type: 'A', data: new Point() }])
void store.appendToStream('a', [{ type: 'A', data: { missing: undefined, maybe: Math.random() > 2 ? 1 : undefined } }])

// A value of a type that is not JSON: top, nested, in a list, in a tuple, behind an optional member.
// @ts-expect-error Date
void store.appendToStream('a', [{ type: 'A', data: new Date() }])
// @ts-expect-error Date in an object
void store.appendToStream('a', [{ type: 'A', data: { at: new Date() } }])
// @ts-expect-error Date in a list in an object
void store.appendToStream('a', [{ type: 'A', data: { at: [{ on: new Date() }] } }])
// @ts-expect-error bigint
void store.appendToStream('a', [{ type: 'A', data: { amount: 1n } }])
// @ts-expect-error Map
void store.appendToStream('a', [{ type: 'A', data: { prices: new Map([['a', 1]]) } }])
// @ts-expect-error Set
void store.appendToStream('a', [{ type: 'A', data: { tags: new Set(['a']) } }])
// @ts-expect-error function
void store.appendToStream('a', [{ type: 'A', data: { total: () => 1 } }])
// @ts-expect-error symbol
void store.appendToStream('a', [{ type: 'A', data: { kind: Symbol('a') } }])
// @ts-expect-error an instance with methods
void store.appendToStream('a', [{ type: 'A', data: { price: new Money(1, 'EUR') } }])
// @ts-expect-error bytes inside an object
void store.appendToStream('a', [{ type: 'A', data: { bytes: new Uint8Array(1) } }])
// @ts-expect-error undefined
void store.appendToStream('a', [{ type: 'A', data: undefined }])
// @ts-expect-error the second event only
void store.appendToStream('a', [{ type: 'A', data: 1 }, { type: 'B', data: { at: new Date() } }]) // prettier-ignore

// The same by a declared event type, alias or interface.
type Dated = { type: 'Dated'; data: { at?: Date } }
interface Priced {
  type: 'Priced'
  data: { price: Money }
}
interface Counted {
  type: 'Counted'
  data: { count: bigint | number }
}
declare const counted: Counted
interface Fine {
  type: 'Fine'
  data: { count?: number }
}
// @ts-expect-error Date behind an optional member
void store.appendToStream<Dated>('a', [{ type: 'Dated', data: { at: new Date() } }])
// @ts-expect-error class with methods
void store.appendToStream<Priced>('a', [{ type: 'Priced', data: { price: new Money(1, 'EUR') } }])
// @ts-expect-error a union with bigint
void store.appendToStream<Counted>('a', [counted])
// @ts-expect-error one member of the event union
void store.appendToStream<Dated | Fine>('a', [{ type: 'Dated', data: { at: new Date() } }])
void store.appendToStream<Dated | Fine>('a', [{ type: 'Fine', data: { count: 1 } }])

// The same in metadata and in each part of an append to several streams.
// @ts-expect-error Date in metadata
void store.appendToStream<{ type: 'A'; data: 1; metadata: { at: Date } }>('a', [{ type: 'A', data: 1, metadata: { at: new Date() } }])
// @ts-expect-error Date in a part
void store.appendToStreams([{ streamId: 'a', events: [{ type: 'A', data: { at: new Date() } }] }])
