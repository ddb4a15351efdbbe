import { type EventStoreAdapter, isConcurrencyError, isOutcomeUnknownError } from '@millrace/core'
import { eventStoreDB } from '@millrace/eventstoredb'
import { type Driver, openNode } from '../services/eventstoredb.js'

export interface Chaos {
  readonly faults: number
  readonly acknowledged: number
  readonly conflicts: number
  readonly unresolved: number
  readonly resumes: number
  /** What did not hold, one sentence each. */
  readonly broken: readonly string[]
}

const writers = 8
const streams = 6

/**
 * Writers and two followers of the protocol model, which cuts connections, loses answers, hangs, says it is not the leader and ends
 * subscriptions. Afterwards every acknowledged event must be there once, in the order of its writer, the followers must have seen
 * what the log holds, and no call may be left open.
 */
export async function runEventStoreChaos({
  seed,
  ms,
  driver = '@eventstore/db-client',
}: {
  readonly seed: number
  readonly ms: number
  readonly driver?: Driver
}): Promise<Chaos> {
  const node = await openNode(undefined, driver, { seed })
  const { model } = node
  if (model === undefined) throw new Error('this takes the model')
  const stray: unknown[] = []
  const caught = (error: unknown): void => void stray.push(error)
  const ways = ['unhandledRejection', 'uncaughtException'] as const
  for (const way of ways) process.on(way, caught)
  const stores = Array.from({ length: 4 }, () => eventStoreDB({ connection: node.url, timeoutMs: 15_000 }))
  const names = Array.from({ length: streams }, (_, index) => `chaos-${index}`)
  const acknowledged: { readonly id: string; readonly stream: string; readonly version: number; readonly writer: number }[] = []
  const sent = new Set<string>()
  let [conflicts, unresolved, resumes] = [0, 0, 0]
  const broken: string[] = []

  const seenOfLog: string[] = []
  const seenOfStream: number[] = []
  const ending = new AbortController()
  async function follow(subscription: ReturnType<EventStoreAdapter['subscribeToAll']>, see: (id: string, version: number) => void) {
    try {
      for await (const message of subscription.messages()) {
        if (message.kind === 'event') see(message.event.id, message.event.version)
        if (message.kind === 'disconnected') resumes += 1
      }
    } catch (error) {
      if (error !== ending.signal.reason) broken.push(`a subscription ended: ${String(error)}`)
    }
  }
  const follower = eventStoreDB(node.url)
  await follower.open()
  const { signal } = ending
  const following = [
    follow(follower.subscribeToAll({ filter: { streamIdPrefix: 'chaos-' }, signal }), (id) => seenOfLog.push(id)),
    follow(follower.subscribeToStream('chaos-0', { signal }), (_id, version) => seenOfStream.push(version)),
  ]

  for (const [does, share] of [
    ['cut after', 0.02],
    ['cut before', 0.01],
    ['lose answer', 0.03],
    ['reset after', 0.01],
    ['not leader', 0.01],
  ] as const)
    await model.addFault({ does, share, calls: ['append', 'read'] })
  // Nothing cancels a read of 1.3.1.
  const mayHang = driver === '@eventstore/db-client' ? (['append', 'read'] as const) : (['append'] as const)
  await model.addFault({ does: 'hang', share: 0.002, calls: mayHang })
  for (const does of ['cut before', 'not leader', 'end'] as const) await model.addFault({ does, share: 0.1, calls: ['subscribe'] })
  const endsAt = performance.now() + ms
  const disturbing = (async () => {
    for (let turn = 0; performance.now() < endsAt; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 400))
      if (turn % 3 === 0) await model.endSubscriptions()
      else if (turn % 3 === 1) await model.killConnections()
      else if (turn % 9 === 2) await model.restart()
    }
  })()
  await Promise.all([
    disturbing,
    ...Array.from({ length: writers }, async (_, writer) => {
      const store = stores[writer % stores.length] as EventStoreAdapter
      for (let n = 0; performance.now() < endsAt; n += 1) {
        const stream = names[(writer + n) % streams] ?? ''
        const events = Array.from({ length: 1 + (n % 3) }, () => ({ id: crypto.randomUUID(), type: 'Chaos', data: { writer, n } }))
        for (const { id } of events) sent.add(id)
        try {
          const expectedVersion = n % 2 === 0 ? ('any' as const) : ((await store.getStreamState(stream)).version ?? 0)
          const { firstVersion } = await store.appendToStream(stream, events, { expectedVersion })
          events.forEach(({ id }, index) => acknowledged.push({ id, stream, version: firstVersion + index, writer }))
        } catch (error) {
          if (isConcurrencyError(error)) conflicts += 1
          else if (isOutcomeUnknownError(error)) unresolved += 1
          else if (!['unavailable', 'timeout'].includes((error as { code?: string }).code ?? ''))
            broken.push(`an append failed: ${String(error)}`)
        }
      }
    }),
  ])
  const faults = await model.faultCount()
  await model.clearFaults()

  const places = new Map<string, number>()
  for (const stream of names) {
    const stored = await follower.readStream(stream, { timeoutMs: 60_000 }).toArray()
    stored.forEach(({ version }, index) => void (version === index + 1 || broken.push(`${stream} has a hole before ${version}`)))
    for (const { id, version } of stored) {
      if (places.has(id)) broken.push(`${id} is stored twice`)
      if (!sent.has(id)) broken.push(`${id} was never sent`)
      places.set(id, version)
    }
  }
  for (const { id, stream, version } of acknowledged)
    if (places.get(id) !== version) broken.push(`${id} is not at version ${version} of ${stream}`)
  const log = (await follower.readAll({ filter: { streamIdPrefix: 'chaos-' }, timeoutMs: 60_000 }).toArray()).map(({ id }) => id)
  const inLog = new Map(log.map((id, index) => [id, index]))
  // Those of a writer in the order of its calls.
  const last = new Map<number, number>()
  for (const { id, writer } of acknowledged) {
    const place = inLog.get(id) ?? -1
    if (place <= (last.get(writer) ?? -1)) broken.push(`${id} does not stand in the log in the order of writer ${writer}`)
    last.set(writer, place)
  }
  if (log.length !== places.size) broken.push(`the log holds ${log.length} events, the streams ${places.size}`)
  const total = (await follower.getStreamState('chaos-0')).version ?? 0
  const late = performance.now() + 20_000
  while ((seenOfLog.length < log.length || seenOfStream.length < total) && performance.now() < late)
    await new Promise((resolve) => setTimeout(resolve, 20))
  if (seenOfLog.join() !== log.join())
    broken.push(`the follower of the log saw ${seenOfLog.length} events of ${log.length}, or in another order`)
  if (seenOfStream.some((version, index) => version !== index + 1) || seenOfStream.length !== total)
    broken.push(`the follower of a stream saw ${seenOfStream.length} events of ${total}, or in another order`)

  async function expectIdle(when: string): Promise<void> {
    const until = performance.now() + 10_000
    let open = await model?.openCalls()
    for (; open !== 0 && performance.now() < until; open = await model?.openCalls()) await new Promise((resolve) => setTimeout(resolve, 20))
    if (open !== 0) broken.push(`${open} calls are still open ${when}`)
  }
  ending.abort()
  await Promise.all(following)
  if (mayHang.length > 1) {
    // Connections that were cut took their calls with them: of these nothing but their reader lets go.
    await model.addFault({ does: 'hang', calls: ['read'], times: 5 })
    await Promise.allSettled(stores.map((store) => store.readStream('chaos-0', { timeoutMs: 500 }).toArray()))
    await model.clearFaults()
  }
  // Closing ends calls whoever left them, so it comes second.
  await expectIdle('before the stores are closed')
  await Promise.all([follower.close(), ...stores.map((store) => store.close())])
  await expectIdle('after they are closed')
  for (const way of ways) process.off(way, caught)
  for (const error of stray) broken.push(`an error that nobody caught: ${String(error)}`)
  await node.stop()
  return { faults, acknowledged: acknowledged.length, conflicts, unresolved, resumes, broken }
}
