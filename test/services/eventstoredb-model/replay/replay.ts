import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Plain } from './plain.js'
import type { Exchange, Scenario } from './recordings.js'
import { type Tokens, createTokens } from './tokens.js'
import type { Wire, WireCall } from './wire.js'

/** Where an answer is not the recorded one. */
export interface Difference {
  readonly scenario: string
  readonly step: number
  readonly exchange: number
  readonly what: string
  readonly recorded: unknown
  readonly actual: unknown
}

export interface Replay {
  /** @returns the first difference of the scenario, or nothing: the answers are those recorded. */
  run(scenario: Scenario): Promise<Difference | undefined>
  /** How many answers were compared. */
  readonly exchanges: number
  end(): void
}

/** Replays scenarios against a server, call by call, in one order of positions: later scenarios may start where earlier ones ended. */
export function startReplay(wire: Wire): Replay {
  const tokens = createTokens()
  let exchanges = 0
  // One call for all batch appends, as clients have it.
  let batch: WireCall | undefined
  const perform = async (exchange: Exchange): Promise<WireCall> => {
    const isBatch = exchange.method.endsWith('/BatchAppend')
    const call = isBatch ? (batch ??= wire.open(exchange.method)) : wire.open(exchange.method)
    if (isBatch) return performInBatch(call, exchange)
    for (const request of exchange.requests) call.send(await withOwnPosition(wire, request, exchange, tokens))
    call.close()
    await call.ended
    return call
  }
  const runStep = async (step: readonly Exchange[]): Promise<[number, Compared] | undefined> => {
    for (const { requests } of step) for (const id of idsIn(requests)) tokens.given(id)
    const [first, ...others] = step
    const subscription = first !== undefined && isSubscription(first) ? await subscribe(wire, first, tokens) : undefined
    for (const [index, exchange] of (subscription === undefined ? step : others).entries()) {
      const call = await perform(exchange)
      exchanges += 1
      const difference = compare(exchange, call, tokens)
      if (difference !== undefined) return [index, difference]
    }
    if (subscription === undefined || first === undefined) return undefined
    exchanges += 1
    await settle(wire, subscription, first.responses.length, first.cancelled !== true)
    const difference = compare(first, subscription, tokens)
    subscription.cancel()
    return difference === undefined ? undefined : [0, difference]
  }
  return {
    async run({ name, steps }) {
      for (const [step, calls] of steps.entries()) {
        const [exchange, difference] = (await runStep(calls)) ?? []
        if (difference !== undefined && exchange !== undefined) return { scenario: name, step, exchange, ...difference }
      }
      if (tokens.inOrder()) return undefined
      return { scenario: name, step: steps.length, exchange: 0, what: 'order of positions', recorded: undefined, actual: undefined }
    },
    get exchanges() {
      return exchanges
    },
    end: () => batch?.cancel(),
  }
}

/** Sends an append over the call of all batch appends. Its answer must bear its correlation id, which is then left out. */
async function performInBatch(call: WireCall, { requests }: Exchange): Promise<WireCall> {
  const correlationId = { string: randomUUID() }
  const said = call.responses.length
  for (const request of requests) call.send({ ...(request as object), correlationId })
  await call.responded(said + 1)
  const responses = call.responses.slice(said).map((response) => {
    const { correlationId: answered, ...rest } = response as { correlationId?: Plain }
    return isDeepStrictEqual(answered, correlationId) ? rest : response
  })
  return { ...call, responses, end: undefined }
}

type Compared = Pick<Difference, 'what' | 'recorded' | 'actual'>

function compare(exchange: Exchange, { responses, end }: WireCall, tokens: Tokens): Compared | undefined {
  for (const [index, recorded] of exchange.responses.entries()) {
    const actual = responses[index]
    if (!tokens.match(recorded, actual)) return { what: `response ${index}`, recorded, actual }
  }
  if (responses.length > exchange.responses.length) {
    return { what: 'responses beyond those recorded', recorded: [], actual: responses.slice(exchange.responses.length) }
  }
  const isPartOfCall = exchange.method.endsWith('/BatchAppend')
  const recorded =
    isPartOfCall || exchange.cancelled === true
      ? undefined
      : {
          trailersOnly: exchange.trailersOnly === true,
          trailers: exchange.trailers ?? { 'grpc-status': '0' },
          ...(exchange.httpStatus === undefined ? {} : { httpStatus: exchange.httpStatus }),
        }
  return isDeepStrictEqual(recorded, end) ? undefined : { what: 'end', recorded, actual: end }
}

const isSubscription = ({ method, requests }: Exchange): boolean => {
  const [request] = requests as readonly { options?: { subscription?: Plain } }[]
  return method.endsWith('/Read') && request?.options?.subscription !== undefined
}

/** Opens a subscription and waits for what it says before anything happens: all up to `caughtUp`. */
async function subscribe(wire: Wire, exchange: Exchange, tokens: Tokens): Promise<WireCall> {
  const call = wire.open(exchange.method)
  for (const request of exchange.requests) call.send(await withOwnPosition(wire, request, exchange, tokens))
  call.close()
  const history = exchange.responses.findIndex((response) => Object.hasOwn(response as object, 'caughtUp')) + 1
  await settle(wire, call, history, history === 0)
  return call
}

/** A server that says less than was recorded is not waited for: after so many questions that it answered it will say no more. */
const patience = 20

async function settle(wire: Wire, call: WireCall, responses: number, ends: boolean): Promise<void> {
  const complete = (): boolean => call.end !== undefined || (call.responses.length >= responses && !ends)
  for (let questions = 0; questions < patience && !complete(); questions += 1) await wire.settle()
  await wire.settle()
}

interface Positioned {
  readonly commitPosition: string
  readonly preparePosition?: string
}

/** A request that starts at a position starts at the model's. */
async function withOwnPosition(wire: Wire, request: Plain, exchange: Exchange, tokens: Tokens): Promise<Plain> {
  const { options } = request as { options?: { all?: { position?: Positioned } } }
  const recorded = options?.all?.position?.commitPosition
  if (options === undefined || recorded === undefined) return request
  if (tokens.position(recorded) === undefined) await learnFromLog(wire, exchange, tokens)
  // What is unknown then lies beyond the end of the log, there and here.
  const own = tokens.position(recorded) ?? recorded
  return {
    ...(request as object),
    options: { ...options, all: { ...options.all, position: { commitPosition: own, preparePosition: own } } },
  } as Plain
}

/** A client may know a position that no earlier answer told: of an event that is in the answer to come. It is looked up in the log. */
async function learnFromLog(wire: Wire, { responses }: Exchange, tokens: Tokens): Promise<void> {
  const call = wire.open('streams.Streams/Read')
  call.send({ options: { all: { start: {} }, count: '9223372036854775807', noFilter: {} } })
  call.close()
  await call.ended
  const idOf = (response: Plain): string | undefined =>
    (response as { event?: { event: { id: { string: string } } } }).event?.event.id.string
  for (const recorded of responses) {
    const id = idOf(recorded)
    tokens.match(recorded, id === undefined ? undefined : call.responses.find((response) => idOf(response) === id))
  }
}

/** The ids that clients gave their events. */
function idsIn(requests: readonly Plain[]): string[] {
  return requests.flatMap((request) => {
    const { proposedMessage, proposedMessagesList = [] } = request as {
      proposedMessage?: { id: { string: string } }
      proposedMessagesList?: readonly { id: { string: string } }[]
    }
    return [...(proposedMessage === undefined ? [] : [proposedMessage]), ...proposedMessagesList].map(({ id }) => id.string)
  })
}
