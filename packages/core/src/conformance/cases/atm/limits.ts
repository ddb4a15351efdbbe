import type { Limits } from '../../../capabilities.js'
import type { CaseContext, ConformanceCase, TestEvent } from '../../case.js'

/** More than a case can send in reasonable time. */
const tooMuch = 128 << 20

export const atm03: ConformanceCase = {
  id: 'ATM-03',
  title: 'an append at appendEvents and at appendBytes passes; one above is a LimitExceededError before any I/O',
  section: 'ATM',
  since: 1,
  level: 'must',
  profile: 'standard',
  rationale: 'A declared limit that the server does not hold, or a batch silently split at the server’s own limit.',
  async run(t) {
    const adapter = await t.adapter()
    const { limits } = t.capabilities
    const after: TestEvent[] = []
    const last = t.stream()

    const small = (count: number): TestEvent[] => t.events(count, { data: 0 })
    t.step('appendEvents at the limit')
    const many = t.stream()
    const result = await t.resolves(
      adapter.appendToStream(many, small(limits.appendEvents), { timeoutMs: 60_000 }),
      'a call of appendEvents events passes',
    )
    t.equal(result.version, limits.appendEvents, 'it is stored in one piece')
    const stored = await adapter.readStream(many, { direction: 'backwards', limit: 1 }).toArray()
    t.equal(stored[0]?.version, limits.appendEvents, 'its last event is stored')
    t.step('appendEvents above the limit')
    await exceeds(t, small(limits.appendEvents + 1), {
      limit: 'appendEvents',
      actual: limits.appendEvents + 1,
      maximum: limits.appendEvents,
    })
    after.push(...(await usable(t, last, after)))

    t.step('appendBytes at the limit')
    if (limits.appendBytes > tooMuch) t.notProven(`appendBytes of ${limits.appendBytes} is too much to try`)
    const full = filling(t, limits, limits.appendBytes)
    const large = t.stream()
    await t.resolves(adapter.appendToStream(large, full, { timeoutMs: 60_000 }), 'a call of appendBytes bytes passes')
    let events = 0
    for await (const event of adapter.readStream(large, { timeoutMs: 60_000 })) {
      t.ok(event.data === full[events]?.data, 'what was stored at the limit reads back equal')
      events += 1
    }
    t.equal(events, full.length, 'all events of a call at the limit are stored')
    t.step('appendBytes above the limit')
    await exceeds(t, filling(t, limits, limits.appendBytes + 1), {
      limit: 'appendBytes',
      actual: limits.appendBytes + 1,
      maximum: limits.appendBytes,
    })
    after.push(...(await usable(t, last, after)))
  },
}

/** Events of exactly so many bytes together, none above the limit of one. */
function filling(t: CaseContext, { eventBytes, appendEvents }: Limits, bytes: number): TestEvent[] {
  const type = 'Fill'
  const overhead = type.length + '""'.length
  const count = Math.ceil(bytes / Math.min(eventBytes, bytes))
  if (count > appendEvents) t.notProven('appendEvents events cannot reach appendBytes')
  const share = Math.floor(bytes / count)
  return t.events(count, { type }).map((event, index) => {
    const size = index === 0 ? bytes - share * (count - 1) : share
    return { ...event, data: 'x'.repeat(size - overhead) }
  })
}

async function exceeds(t: CaseContext, events: readonly TestEvent[], members: Readonly<Record<string, unknown>>): Promise<void> {
  const adapter = await t.adapter()
  const streamId = t.stream()
  await t.rejects(adapter.appendToStream(streamId, events), 'limit-exceeded', members, `more than ${String(members.limit)} is refused`)
  t.equal((await adapter.getStreamState(streamId)).status, 'missing', 'nothing of it is stored')
  await t.part({ hooks: ['broken'], title: `no I/O, ${String(members.limit)}` }, async () => {
    const unreachable = await t.broken('unreachable')
    await t.rejects(
      unreachable.appendToStream(streamId, events),
      'limit-exceeded',
      members,
      `more than ${String(members.limit)} is refused before any I/O`,
    )
  })
}

async function usable(t: CaseContext, streamId: string, before: readonly TestEvent[]): Promise<TestEvent[]> {
  const adapter = await t.adapter()
  const events = t.events(1)
  await adapter.appendToStream(streamId, events, { expectedVersion: before.length })
  await t.holds(adapter, streamId, [...before, ...events], { message: 'the adapter is usable after the refusal' })
  return events
}
