import {
  type AppendManyOutcome,
  type AppendOutcome,
  type AppendRefusal,
  type AppendRequest,
  type BackendCall,
  type StoredRange,
  checkExpected,
} from '@millrace/core'
import { type Aim, aim } from './aim.js'
import { claimOf, leaveCell, takeCell } from './cells.js'
import type { ToPosition } from './decode-item.js'
import { DriverFailure } from './driver-failure.js'
import { type CommitPart, encodeCommit } from './encode-commit.js'
import { type Item, type Key, sealOf, textOf } from './items.js'
import type { SeenTips } from './seen-tips.js'
import { pause, readState } from './state.js'
import type { ConditionalPut, Table } from './table.js'

export interface AppenderOptions {
  readonly table: Table
  readonly seen: SeenTips
  readonly toPosition: ToPosition
  readonly log: boolean
  readonly packing: 'overflow' | 'commit'
  readonly transactions: boolean
}

export interface Appender {
  append(request: AppendRequest, call: BackendCall): Promise<AppendOutcome>
  appendMany(requests: readonly AppendRequest[], call: BackendCall): Promise<AppendManyOutcome>
}

/** Most items of a transaction. */
const transactionItems = 100

/** What was sent, to be sent again byte for byte. */
interface Sent {
  readonly puts: readonly ConditionalPut[]
  readonly token: string
  readonly commitId: string
  readonly cell: number | undefined
  readonly results: readonly StoredRange[]
  readonly aims: readonly { readonly version: number; readonly when: ConditionalPut['when'] }[]
}

/** How far a call has come, in all its attempts. */
interface Progress {
  /** What was sent last, unless it is known to have failed for good. */
  sent: Sent | undefined
  /** How often another request had to be made. It is part of the token: a token is never used for two requests. */
  retarget: number
}

type Verdict =
  | { readonly status: 'done' }
  /** Another's item stands there for good: this request, and every late copy of it, fails. */
  | { readonly status: 'taken' }
  /** A reader has given our cell of the log up. */
  | { readonly status: 'voided' }

/**
 * Appends by conditional puts. One commit id a call, kept in each item, tells "mine" after a lost answer; another slot is tried only after
 * a foreign item was seen in the old one, so that a late copy of the first request fails. Cases: APP, ATM, CON, IDM.
 */
export function createAppender({ table, seen, toPosition, log, packing, transactions }: AppenderOptions): Appender {
  // By the events of the first part, which core hands over again with every attempt of one call: what is known of a call goes when it goes.
  const calls = new WeakMap<AppendRequest['events'], Progress>()
  const queues = new Map<string, Promise<void>>()

  async function commit(requests: readonly AppendRequest[], call: BackendCall): Promise<AppendManyOutcome> {
    const [first] = requests
    if (first === undefined) return { status: 'appended', results: [] }
    // An earlier attempt of this call: the same request is sent again, whether it is to be settled or was refused for the moment.
    const progress = calls.get(first.events) ?? { sent: undefined, retarget: 0 }
    calls.set(first.events, progress)
    // It asks first whether that is stored. A server that is not there does not answer: no deadline then passes on something that may be sent.
    for (let look = progress.sent !== undefined; ; look = false) {
      if (progress.sent === undefined) {
        const sure = progress.retarget > 0
        const aims = await Promise.all(requests.map((request) => aim(table, seen, toPosition, request, sure, call)))
        const slots = aims.flatMap((one) => (one.status === 'slot' ? [one] : []))
        if (slots.length < aims.length) {
          if (sure || requests.length === 1) return answerWithout(aims)
          progress.retarget += 1
          continue
        }
        progress.sent = build(requests, slots, progress.retarget, log ? await takeCell(table, call) : undefined)
      }
      const { sent, retarget } = progress
      const verdict: Verdict | undefined = look ? await lookUp(sent, call) : undefined
      const { status } = verdict ?? (await send(sent, call))
      if (status === 'done') {
        for (const [index, { version }] of sent.results.entries()) seen.saw(requests[index]?.streamId ?? '', version)
        return { status: 'appended', results: sent.results }
      }
      if (sent.cell !== undefined && status === 'taken') await leaveCell(table, sent.cell, call)
      progress.sent = undefined
      progress.retarget += 1
      if (status === 'voided') progress.sent = build(requests, sent.aims, progress.retarget, await takeCell(table, call))
      // Somebody is faster on this stream.
      else if (retarget > 0) await pause(retarget, call)
    }
  }

  function build(requests: readonly AppendRequest[], aims: Sent['aims'], retarget: number, cell: number | undefined): Sent {
    const commitId = requests[0]?.attemptId.replaceAll('-', '') ?? ''
    const parts = requests.map(({ streamId, streamType, events }, index): CommitPart => ({
      streamId,
      streamType,
      events,
      firstVersion: aims[index]?.version ?? 0,
    }))
    const plain = parts.reduce((items, { events }) => items + events.length, 0)
    const mostItems = transactions ? transactionItems - (cell === undefined ? 0 : 1) : 1
    const packed = plain > (packing === 'commit' ? 1 : mostItems)
    const items = encodeCommit(parts, { commitId, createdAt: Date.now(), packed, cell, mostItems })
    const puts = items.flatMap((own, part) =>
      own.map((item, index): ConditionalPut => ({ item, when: index === 0 ? (aims[part]?.when ?? 'absent') : 'absent' })),
    )
    const bytes = requests.reduce((sum, { events }) => sum + events.reduce((own, event) => own + event.bytes, 0), 0)
    let index = 0
    const results = parts.map(({ events, firstVersion }): StoredRange => {
      index += events.length
      return {
        firstVersion,
        version: firstVersion + events.length - 1,
        position: cell === undefined ? undefined : toPosition(cell, index - 1),
      }
    })
    const claim = cell === undefined ? [] : [claimOf(cell, commitId, parts, items, bytes)]
    return { puts: [...puts, ...claim], token: `${commitId}.${retarget % 1000}`, commitId, cell, results, aims }
  }

  async function send(sent: Sent, call: BackendCall): Promise<Verdict> {
    const answer = await table.put(sent.puts, undefined, sent.token, call)
    if (answer.done) return { status: 'done' }
    const cellAt = sent.cell === undefined ? -1 : sent.puts.length - 1
    const events = answer.refused.filter(({ index }) => index !== cellAt)
    const [refused] = events.length > 0 ? events : answer.refused
    const put = refused === undefined ? undefined : sent.puts[refused.index]
    if (refused === undefined || put === undefined) throw new Error('a put was refused without a reason')
    const found = refused.item ?? (await afterSending(call, (still) => table.get(keyOfItem(put.item), still, ['commit_id'])))
    if (found !== undefined && textOf(found, 'commit_id') === sent.commitId) return { status: 'done' }
    return { status: events.length > 0 ? 'taken' : 'voided' }
  }

  /** What became of an attempt whose answer was lost; undefined: nothing yet, so the same request is sent again. */
  async function lookUp(sent: Sent, call: BackendCall): Promise<Verdict | undefined> {
    const [first] = sent.puts
    if (first === undefined) return undefined
    const found = await table.get(keyOfItem(first.item), call, ['commit_id', 'seal'])
    if (found === undefined || mayReplace(found, first)) return undefined
    return { status: textOf(found, 'commit_id') === sent.commitId ? 'done' : 'taken' }
  }

  /** In the order of the calls; one that is aborted while it waits has sent nothing. */
  async function queued<T>(streamId: string, run: () => Promise<T>, call: BackendCall): Promise<T> {
    const before = queues.get(streamId)
    let done = (): void => undefined
    const mine = new Promise<void>((resolve) => (done = resolve))
    const ended = before === undefined ? mine : Promise.all([before, mine]).then(() => undefined)
    queues.set(streamId, ended)
    try {
      if (before !== undefined) await call.unlessAborted('signal', before)
      return await run()
    } finally {
      done()
      if (queues.get(streamId) === ended) queues.delete(streamId)
    }
  }

  /** Without events nothing is stored: only the expectation is checked. */
  async function checkOnly({ streamId, expected }: AppendRequest, call: BackendCall): Promise<AppendOutcome> {
    const { head } = await readState(table, streamId, call)
    const check = checkExpected(head, expected)
    if (check === 'deleted') return { status: head.status === 'tombstoned' ? 'tombstoned' : 'deleted' }
    if (check === 'conflict') return { status: 'wrong-version', actualVersion: head.version, idsCompared: true }
    return { status: 'appended', firstVersion: head.version + 1, version: head.version, position: undefined }
  }

  return {
    async append(request, call) {
      if (request.events.length === 0) return checkOnly(request, call)
      const run = (): Promise<AppendManyOutcome> => commit([request], call)
      const races = request.expected === 'any' || request.expected === 'streamExists'
      const outcome = await (races ? queued(request.streamId, run, call) : run())
      if (outcome.status === 'failed') return outcome.outcome
      const [result] = outcome.results
      if (result === undefined) throw new Error('an append has a result')
      return { status: outcome.status, ...result }
    },
    appendMany: commit,
  }
}

/** All parts are stored, or the first that is not says why the call fails. */
function answerWithout(aims: readonly Aim[]): AppendManyOutcome {
  const stored = aims.flatMap((one) => (one.status === 'stored' ? [one] : []))
  if (stored.length === aims.length)
    return { status: 'stored', results: stored.map(({ firstVersion, version, position }) => ({ firstVersion, version, position })) }
  // Beside parts that are not there yet, a stored one is a conflict like any other.
  const refusals = aims.map((one): AppendRefusal | undefined => {
    if (one.status === 'slot') return undefined
    return one.status === 'stored' ? { status: 'wrong-version', actualVersion: one.actualVersion, idsCompared: true } : one
  })
  const real = aims.findIndex(({ status }) => status !== 'slot' && status !== 'stored')
  const index = real === -1 ? refusals.findIndex((refusal) => refusal !== undefined) : real
  const outcome = refusals[index]
  if (outcome === undefined) throw new Error('an append without a slot has a reason')
  return { status: 'failed', index, outcome }
}

function keyOfItem(item: Item): Key {
  return { pk: textOf(item, 'PK') ?? '', sk: textOf(item, 'SK') ?? '' }
}

/**
 * A read on which it hangs whether a change was applied: it goes on when the caller gives up, and its failure leaves the outcome open.
 */
async function afterSending<T>(call: BackendCall, read: (call: BackendCall) => Promise<T>): Promise<T> {
  try {
    return await read({
      signal: call.deadline,
      deadline: call.deadline,
      remainingMs: () => call.remainingMs(),
      unlessAborted: (_until, work, tooLate) => call.unlessAborted('deadline', work, tooLate),
    })
  } catch (error) {
    throw new DriverFailure('change', { name: 'AbortError', message: error instanceof Error ? error.message : String(error) })
  }
}

function mayReplace(found: Item, { when }: ConditionalPut): boolean {
  return when === 'or-deleted' && sealOf(found) === 'deleted'
}
