import { expect, onTestFinished, test } from 'vitest'
import { startEventStoreModel } from '../start.js'
import type { Plain } from './plain.js'
import { type Exchange, type Scenario, scenariosOf } from './recordings.js'
import { type Difference, startReplay } from './replay.js'
import { createTokens } from './tokens.js'
import { connectWire } from './wire.js'

/** Replays a scenario in which one call was recorded otherwise than it was. */
async function replayed(group: string, name: string, falsify: (exchange: Exchange) => Exchange): Promise<Difference | undefined> {
  const scenario = (await scenariosOf('db-client', group)).find((one) => one.name === name)
  if (scenario === undefined) throw new Error(`there is no recording ${name}`)
  const falsified: Scenario = { ...scenario, steps: scenario.steps.map((step) => step.map(falsify)) }
  const model = await startEventStoreModel()
  const wire = connectWire(model.port)
  const replay = startReplay(wire)
  onTestFinished(async () => {
    replay.end()
    wire.dispose()
    await model.stop()
  })
  return replay.run(falsified)
}

const reads = (exchange: Exchange, change: (responses: readonly Plain[]) => readonly Plain[]): Exchange =>
  exchange.method.endsWith('/Read') ? { ...exchange, responses: change(exchange.responses) } : exchange

test('a scenario as it was recorded shows no difference', async () => {
  expect(await replayed('subscription', 'history-then-live', (exchange) => exchange)).toBeUndefined()
})

test('a response too many, one too few and two in another order are noticed, in a subscription as well', async () => {
  const name = 'history-then-live'
  expect(await replayed('subscription', name, (one) => reads(one, (responses) => responses.slice(0, -1)))).toMatchObject({
    what: 'responses beyond those recorded',
  })
  expect(await replayed('subscription', name, (one) => reads(one, (responses) => [...responses, { caughtUp: {} }]))).toMatchObject({
    what: 'response 7',
    actual: undefined,
  })
  const swapped = ([first, second, third, ...rest]: readonly Plain[]): readonly Plain[] =>
    [first, third, second, ...rest].filter((one) => one !== undefined)
  expect(await replayed('subscription', name, (one) => reads(one, swapped))).toMatchObject({ what: 'response 1' })
})

test('other trailers, and an answer that was not of headers only, are noticed', async () => {
  const name = 'state-tombstoned'
  const deleted = (one: Exchange): boolean => one.trailers?.exception === 'stream-deleted'
  const otherTrailers = (one: Exchange): Exchange => (deleted(one) ? { ...one, trailers: { ...one.trailers, 'stream-name': 'x' } } : one)
  expect(await replayed('read', name, otherTrailers)).toMatchObject({ what: 'end' })
  const withHeaders = (one: Exchange): Exchange => (deleted(one) ? { ...one, trailersOnly: false } : one)
  expect(await replayed('read', name, withHeaders)).toMatchObject({ what: 'end' })
})

test('an event of another id is noticed', async () => {
  const otherId = (one: Exchange): Exchange =>
    reads(one, (responses) => JSON.parse(JSON.stringify(responses).replaceAll('000000001161', '000000001999')) as readonly Plain[])
  expect(await replayed('subscription', 'history-then-live', otherId)).toMatchObject({ what: 'response 1' })
})

test('positions may differ, their order and what they belong to may not', () => {
  const at = (commitPosition: string): Plain => ({ commitPosition })
  const tokens = createTokens()
  expect([tokens.match(at('100'), at('5')), tokens.match(at('200'), at('7')), tokens.inOrder()]).toEqual([true, true, true])
  expect([tokens.match(at('100'), at('7')), tokens.match(at('300'), at('7'))]).toEqual([false, false])
  expect([tokens.position('200'), tokens.position('201'), tokens.position('999')]).toEqual(['7', '8', undefined])
  expect([tokens.match(at('400'), at('6')), tokens.inOrder()]).toEqual([true, false])
})

test('ids of clients stay as they are in lower case, ids of the server are names', () => {
  const event = (id: string): Plain => ({ id: { string: id } })
  const tokens = createTokens()
  tokens.given('ABC')
  expect([tokens.match(event('abc'), event('abc')), tokens.match(event('abc'), event('ABC'))]).toEqual([true, false])
  expect([tokens.match(event('s1'), event('m1')), tokens.match(event('s1'), event('m2')), tokens.match(event('s2'), event('m1'))]).toEqual([
    true,
    false,
    false,
  ])
})
