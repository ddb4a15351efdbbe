import { isTimeoutError, isUnavailableError, ownCall } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { schemaNames } from './schema.js'
import type { Engine, Row } from './store.js'
import { type Horizon, createHorizon } from './settled.js'

/** Never aborts. */
const open = new AbortController().signal

interface Look {
  readonly top: number | null
  readonly holders?: string
  readonly server?: string
  readonly standby?: boolean
}

/** A horizon over a server that shows one thing after the other; it goes on showing the last. */
function scene(looks: Look[], settleMs = 1000) {
  let [asked, lose] = [0, (): void => undefined]
  const engine = {
    read: (statement: string): Promise<readonly Row[]> => {
      if (statement.includes('pg_prepared_xacts')) return Promise.resolve([['pid 42 (app, idle in transaction, for 7 s)']])
      const { top, holders = '', server = 'a', standby = false } = looks[Math.min(asked, looks.length - 1)] ?? { top: null }
      asked += 1
      return Promise.resolve([[top === null ? null : String(top), server, holders, standby ? 't' : 'f']])
    },
    onConnectionLost: (listener: () => void) => (lose = listener),
  }
  const horizon = createHorizon({ engine: engine as unknown as Engine, names: schemaNames() }, open, settleMs)
  return { horizon, asked: () => asked, lose: () => lose() }
}

const look = (horizon: Horizon) => ownCall(open, (call) => horizon.look(call))

/** S after each look. */
async function settledAfter(looks: Look[]): Promise<bigint[]> {
  const { horizon } = scene(looks)
  const seen: bigint[] = []
  for (const _ of looks) {
    await look(horizon)
    seen.push(horizon.settled())
  }
  return seen
}

describe('the settled horizon', () => {
  it('is the end of the log while nobody has it open', async () => {
    expect(await settledAfter([{ top: null }, { top: 3 }, { top: 9 }])).toEqual([0n, 3n, 9n])
  })
  it('stays below a holder, and passes what was visible before the holder came', async () => {
    expect(
      await settledAfter([
        { top: 3 },
        { top: 5, holders: '1/1' },
        { top: 7, holders: '1/1 2/2' },
        // 1/1 is done: what was visible at its look is settled, what came later not yet.
        { top: 9, holders: '2/2' },
        { top: 9, holders: '3/3' },
        { top: 9 },
      ]),
    ).toEqual([3n, 3n, 3n, 5n, 9n, 9n])
  })
  it('goes on under writers that never leave the table all at once: several probes are open', async () => {
    const looks = Array.from({ length: 40 }, (_, n) => ({ top: n + 1, holders: `w/${n} w/${n + 1}` }))
    const seen = await settledAfter(looks)
    // Each look is settled two looks later, when both its writers are gone.
    expect(seen.slice(2)).toEqual(Array.from({ length: 38 }, (_, n) => BigInt(n + 1)))
  })
  it('keeps at most 16 probes, and never passes one that is open', async () => {
    const looks: Look[] = [{ top: 1 }, ...Array.from({ length: 30 }, (_, n) => ({ top: n + 2, holders: 'idle/1' }))]
    expect(new Set(await settledAfter(looks))).toEqual(new Set([1n]))
    expect((await settledAfter([...looks, { top: 99, holders: 'other/1' }])).at(-1)).toBe(17n)
  })
  it('waits for a prepared transaction, whose name in the list changes when it is prepared', async () => {
    expect(
      await settledAfter([
        { top: 3 },
        { top: 5, holders: '3/53611' },
        // It has no pid any more: it may be a holder of every open probe.
        { top: 5, holders: '-3/53611' },
        { top: 6, holders: '--1/812' },
        { top: 6 },
      ]),
    ).toEqual([3n, 3n, 3n, 3n, 6n])
  })
  it('begins anew on another server, or after a restart of it: what was settled there means nothing', async () => {
    expect(await settledAfter([{ top: 9 }, { top: 5, server: 'b', holders: '1/1' }, { top: 5, server: 'b' }])).toEqual([9n, 0n, 5n])
  })
  it('begins anew when a connection was lost', async () => {
    const { horizon, lose } = scene([{ top: 9 }, { top: 9, holders: '1/1' }])
    await look(horizon)
    lose()
    expect(horizon.settled()).toBe(0n)
    await look(horizon)
    expect(horizon.settled()).toBe(0n)
  })
  it('is not raised by rows that a reader saw before it began anew', async () => {
    const { horizon, lose } = scene([{ top: 9 }])
    await look(horizon)
    lose()
    horizon.advance(9n, 12n)
    expect(horizon.settled()).toBe(0n)
  })
  it('looks once for all who ask before a look begins', async () => {
    const { horizon, asked } = scene([{ top: 9 }])
    await Promise.all(Array.from({ length: 50 }, () => look(horizon)))
    expect(asked()).toBe(1)
  })
  it('is not found on a standby, which cannot see who appends', async () => {
    const { horizon } = scene([{ top: 9, standby: true }])
    const error: unknown = await look(horizon).catch((caught: unknown) => caught)
    expect(isUnavailableError(error) && error.hint).toContain("order: 'strict'")
    expect(horizon.settled()).toBe(0n)
  })
  it('that does not come in time is an error that names who holds it back', async () => {
    const { horizon } = scene([{ top: 9, holders: '1/1' }], 5)
    const error: unknown = await ownCall(open, (call) => horizon.settle(call)).catch((caught: unknown) => caught)
    expect(isTimeoutError(error) && error.hint).toContain('pid 42 (app, idle in transaction, for 7 s)')
  })
})
