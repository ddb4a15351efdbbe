import { deepStrictEqual } from 'node:assert/strict'
import type { EventStoreAdapter } from '../../adapter.js'
import { isEventStoreError } from '../../errors.js'
import { type ExpectedVersion, protectsRetry } from '../../expected-version.js'
import type { CaseContext, TestEvent } from '../case.js'
import { endOfLog } from '../cases/log-views.js'
import { type Command, type RelativeVersion, streamCount } from './commands.js'
import * as model from './stream-model.js'

interface Sent {
  readonly events: readonly TestEvent[]
  readonly expected: ExpectedVersion
}

/** Runs commands one after the other on the adapter and on the model, on streams of their own. Throws where the two answer differently. */
export async function runCommands(t: CaseContext, adapter: EventStoreAdapter, commands: readonly Command[]): Promise<void> {
  const prefix = t.stream('/')
  const names = Array.from({ length: streamCount }, (_, n) => `${prefix}${n}`)
  const streams: model.StreamModel[] = names.map(() => model.missingStream)
  const sent: Sent[][] = names.map(() => [])
  /** The log of these streams: each append with its number, since the parts of one may stand in any order. */
  const log: { readonly key: string; readonly call: number }[] = []
  const strong = t.capabilities.idempotency.any === 'strong'
  // A log that all runs share grows from run to run: it is read from where it ended before this one.
  const isShared = (await t.instance()).sharedLog === true && t.declares('readAll')
  const since = isShared ? await endOfLog(adapter) : undefined

  for (const [call, command] of commands.entries()) {
    const { stream: n } = command
    const streamId = names[n] ?? ''
    const before = streams[n] ?? model.missingStream
    const version = model.versionOf(before)

    /** Compares, and takes the model a step further. */
    async function step(expected: model.Step, run: () => Promise<unknown>, at = n): Promise<void> {
      const actual = await outcomeOf(run)
      compare(command, expected, actual)
      noteAppended(at, streams[at] ?? model.missingStream, expected.stream)
      streams[at] = expected.stream
    }
    function noteAppended(at: number, earlier: model.StreamModel, later: model.StreamModel): void {
      for (let added = model.versionOf(earlier) + 1; added <= model.versionOf(later); added += 1)
        log.push({ key: `${names[at]}@${added}`, call })
    }
    async function append({ events, expected }: Sent): Promise<void> {
      const ids = events.map(({ id }) => id)
      await step(model.append(before, ids, expected, strong), async () => {
        const { firstVersion, version: last } = await adapter.appendToStream(streamId, events, { expectedVersion: expected })
        return { firstVersion, version: last }
      })
    }

    switch (command.op) {
      case 'append': {
        const one = { events: t.events(command.count), expected: absolute(command.expected, version) }
        if (command.count > 0) sent[n]?.push(one)
        await append(one)
        break
      }
      case 'resend': {
        const all = sent[n] ?? []
        const one = all[command.which % Math.max(1, all.length)]
        if (one !== undefined && isDecided(t, before, one)) await append(one)
        break
      }
      case 'append-many':
        await appendMany(command)
        break
      case 'read': {
        const { from, to, direction, limit } = command
        await step(model.read(before, command), async () =>
          (await adapter.readStream(streamId, { from, to, direction, limit }).toArray()).map(({ id, version: at }) => ({
            id,
            version: at,
          })),
        )
        break
      }
      case 'read-all':
        await readAll(command)
        break
      case 'subscribe': {
        const expected =
          before.status === 'tombstoned'
            ? { error: 'stream-deleted' as const }
            : { ok: model.visible(before).filter(({ version: at }) => at > command.after) }
        await step({ outcome: expected, stream: before }, () => untilCaughtUp(adapter, streamId, command.after))
        break
      }
      case 'state':
        await step(model.stateOf(before), () => adapter.getStreamState(streamId))
        break
      case 'list': {
        const known = streams.flatMap(({ status }, index) => (status === 'missing' ? [] : [{ streamId: names[index], status }]))
        await step({ outcome: { ok: known }, stream: before }, async () => {
          const listed: { readonly streamId: string; readonly status: string }[] = []
          for await (const { streamId: id, status } of adapter.listStreams({ prefix })) listed.push({ streamId: id, status })
          return listed.sort((a, b) => (a.streamId < b.streamId ? -1 : 1))
        })
        break
      }
      case 'delete': {
        const expected = absolute(command.expected, version) as Exclude<ExpectedVersion, 'noStream'>
        await step(model.remove(before, expected), () => adapter.deleteStream(streamId, { expectedVersion: expected }))
        break
      }
      case 'tombstone': {
        const expected = absolute(command.expected, version)
        await step(model.tombstone(before, expected), () => adapter.tombstoneStream(streamId, { expectedVersion: expected }))
        break
      }
      case 'truncate': {
        const at = Math.max(1, version + command.beyond)
        await step(model.truncate(before, at), () => adapter.truncateStream(streamId, { before: at }))
        break
      }
      case 'set-metadata': {
        const { value, expected } = command
        const current = before.status === 'tombstoned' ? 0 : (await adapter.getStreamMetadata(streamId)).version
        const expectedMetadataVersion = expected === 'none' ? undefined : expected === 'current' ? current : current + 1
        await step(model.setMetadata(before, JSON.stringify({ value }), expected !== 'stale'), async () => {
          const set = await adapter.setStreamMetadata(streamId, { value }, { expectedMetadataVersion })
          // It grows; by how much is the store's affair.
          if (set.version <= current) throw new Error(`the metadata version went from ${current} to ${set.version}`)
        })
        break
      }
      case 'get-metadata':
        await step(model.getMetadata(before), async () => {
          const { metadata } = await adapter.getStreamMetadata(streamId)
          return metadata === undefined ? undefined : JSON.stringify(metadata)
        })
        break
      default:
    }

    async function appendMany(many: Command & { readonly op: 'append-many' }): Promise<void> {
      const at = [n, (n + 1) % streamCount]
      const parts = at.map((index, part) => ({
        streamId: names[index] ?? '',
        events: t.events(1 + part),
        expectedVersion: absolute(part === 0 ? many.expected : many.other, model.versionOf(streams[index] ?? model.missingStream)),
      }))
      const steps = at.map((index, part) => {
        const { events = [], expectedVersion = 'any' } = parts[part] ?? {}
        return model.append(
          streams[index] ?? model.missingStream,
          events.map(({ id }) => id),
          expectedVersion,
          strong,
        )
      })
      const failed = steps.find(({ outcome }) => 'error' in outcome)
      const outcome = failed?.outcome ?? { ok: steps.map((one) => ('ok' in one.outcome ? one.outcome.ok : undefined)) }
      const actual = await outcomeOf(async () =>
        (await adapter.appendToStreams(parts)).map(({ firstVersion, version: last }) => ({ firstVersion, version: last })),
      )
      compare(command, { outcome, stream: before }, actual)
      if (failed !== undefined) return
      for (const [part, index] of at.entries()) {
        const after = steps[part]?.stream ?? model.missingStream
        noteAppended(index, streams[index] ?? model.missingStream, after)
        streams[index] = after
      }
    }
    async function readAll({ direction, limit, skip }: Command & { readonly op: 'read-all' }): Promise<void> {
      const filter = { streamIdPrefix: prefix }
      const all = await adapter.readAll({ filter, after: since }).toArray()
      const keys = all.map((event) => `${event.streamId}@${event.version}`)
      const calls = new Map(log.map(({ key, call: of }) => [key, of]))
      deepStrictEqual([...keys].sort(), log.map(({ key }) => key).sort(), 'the log has every event, once')
      deepStrictEqual(
        keys.map((key) => calls.get(key)),
        log.map(({ call: of }) => of),
        'the log has them in the order of the appends',
      )
      const after = all[skip]
      const behind = keys.slice(skip + 1)
      const expected =
        direction === 'forwards'
          ? after === undefined
            ? keys
            : behind
          : after === undefined
            ? keys.reverse()
            : keys.slice(0, skip).reverse()
      const wanted = expected.slice(0, limit)
      const start = after?.position ?? (direction === 'forwards' ? since : undefined)
      // Backwards a shared log goes on before this run, with nothing of it, so no more is asked for than there is.
      const most = isShared && direction === 'backwards' ? wanted.length : limit
      const got = await adapter.readAll({ filter, direction, limit: most, after: start }).toArray()
      deepStrictEqual(
        got.map((event) => `${event.streamId}@${event.version}`),
        wanted,
        `read all ${direction} after event ${skip}`,
      )
    }
  }
}

function absolute(relative: RelativeVersion, version: number): ExpectedVersion {
  return typeof relative === 'string' ? relative : Math.max(0, version + relative)
}

/**
 * Whether the contract says what becomes of events that are sent again: not of an `'any'` where only some stores recognise it, and not where
 * some of the ids are hidden, which may or may not be recognised.
 */
function isDecided(t: CaseContext, stream: model.StreamModel, { events, expected }: Sent): boolean {
  const shown = new Set(model.visible(stream).map(({ id }) => id))
  const known = events.filter(({ id }) => stream.ids.includes(id))
  if (protectsRetry(expected)) return known.every(({ id }) => shown.has(id))
  const { any } = t.capabilities.idempotency
  if (known.length === 0 || any === 'none') return true
  return any === 'strong' && events.every(({ id }) => shown.has(id) && stream.ids.indexOf(id) === stream.ids.lastIndexOf(id))
}

async function untilCaughtUp(adapter: EventStoreAdapter, streamId: string, after: number): Promise<unknown> {
  const events: { readonly id: string; readonly version: number }[] = []
  for await (const message of adapter.subscribeToStream(streamId, { after }).messages()) {
    if (message.kind === 'event') events.push({ id: message.event.id, version: message.event.version })
    if (message.kind === 'caughtUp') break
  }
  return events
}

async function outcomeOf(run: () => Promise<unknown>): Promise<model.Outcome> {
  try {
    return { ok: await run() }
  } catch (error) {
    if (!isEventStoreError(error)) throw error
    return { error: error.code }
  }
}

function compare(command: Command, { outcome }: model.Step, actual: model.Outcome): void {
  try {
    deepStrictEqual(actual, outcome)
  } catch (error) {
    throw new Error(`${JSON.stringify(command)}: the contract says ${JSON.stringify(outcome)}, the store ${JSON.stringify(actual)}`, {
      cause: error,
    })
  }
}
