import type * as FastCheck from 'fast-check'
import type { CaseContext } from '../case.js'

/** A version, relative to the stream's when the command runs; or a word. */
export type RelativeVersion = 'any' | 'noStream' | 'streamExists' | -1 | 0 | 1

/** One call of one method, as data, so that a failing list of them shrinks to its least. */
export type Command = { readonly stream: number } & (
  | { readonly op: 'append'; readonly count: number; readonly expected: RelativeVersion }
  /** An earlier append of this stream again, as it was. */
  | { readonly op: 'resend'; readonly which: number }
  | { readonly op: 'append-many'; readonly expected: RelativeVersion; readonly other: RelativeVersion }
  | {
      readonly op: 'read'
      readonly from: number | undefined
      readonly to: number | undefined
      readonly direction: 'forwards' | 'backwards'
      readonly limit: number | undefined
    }
  | { readonly op: 'read-all'; readonly direction: 'forwards' | 'backwards'; readonly limit: number | undefined; readonly skip: number }
  | { readonly op: 'subscribe'; readonly after: number }
  | { readonly op: 'state' }
  | { readonly op: 'list' }
  | { readonly op: 'delete'; readonly expected: Exclude<RelativeVersion, 'noStream'> }
  | { readonly op: 'tombstone'; readonly expected: RelativeVersion }
  | { readonly op: 'truncate'; readonly beyond: number }
  | { readonly op: 'set-metadata'; readonly value: number; readonly expected: 'none' | 'current' | 'stale' }
  | { readonly op: 'get-metadata' }
)

export const streamCount = 2

/** Commands that the adapter can be given: those of a capability that it does not declare are left out. */
export function commandArbitrary(fc: typeof FastCheck, t: CaseContext): FastCheck.Arbitrary<Command> {
  const stream = fc.nat(streamCount - 1)
  const expected = fc.constantFrom<RelativeVersion[]>('any', 'any', 'noStream', 'streamExists', -1, 0, 0, 0, 1)
  const direction = fc.constantFrom<('forwards' | 'backwards')[]>('forwards', 'backwards')
  const version = fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined })
  const limit = fc.option(fc.nat(4), { nil: undefined })
  const op = <T extends string>(name: T) => fc.constant(name)
  // A tombstone ends what can be told of a stream, so it is rare.
  const weighted: (FastCheck.WeightedArbitrary<Command> & { readonly if?: boolean })[] = [
    { weight: 32, arbitrary: fc.record({ op: op('append'), stream, count: fc.nat(3), expected }) },
    { weight: 8, arbitrary: fc.record({ op: op('resend'), stream, which: fc.nat(5) }) },
    { weight: 12, arbitrary: fc.record({ op: op('read'), stream, from: version, to: version, direction, limit }) },
    { weight: 4, arbitrary: fc.record({ op: op('state'), stream }) },
    { weight: 4, arbitrary: fc.record({ op: op('subscribe'), stream, after: fc.nat(6) }) },
    { weight: 4, if: t.declares('multiStreamAppend'), arbitrary: fc.record({ op: op('append-many'), stream, expected, other: expected }) },
    { weight: 4, if: t.declares('readAll'), arbitrary: fc.record({ op: op('read-all'), stream, direction, limit, skip: fc.nat(4) }) },
    { weight: 4, if: t.declares('listStreams'), arbitrary: fc.record({ op: op('list'), stream }) },
    {
      weight: 8,
      if: t.declares('deleteStream'),
      arbitrary: fc.record({
        op: op('delete'),
        stream,
        expected: fc.constantFrom('any' as const, 'streamExists' as const, -1 as const, 0 as const),
      }),
    },
    { weight: 1, if: t.declares('tombstoneStream'), arbitrary: fc.record({ op: op('tombstone'), stream, expected }) },
    {
      weight: 8,
      if: t.declares('truncateStream'),
      arbitrary: fc.record({ op: op('truncate'), stream, beyond: fc.integer({ min: -3, max: 2 }) }),
    },
    {
      weight: 4,
      if: t.declares('streamMetadata'),
      arbitrary: fc.record({
        op: op('set-metadata'),
        stream,
        value: fc.nat(9),
        expected: fc.constantFrom('none' as const, 'current' as const, 'stale' as const),
      }),
    },
    { weight: 4, if: t.declares('streamMetadata'), arbitrary: fc.record({ op: op('get-metadata'), stream }) },
  ]
  return fc.oneof(...weighted.filter((one) => one.if !== false))
}
