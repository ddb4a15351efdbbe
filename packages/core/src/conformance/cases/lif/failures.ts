import { isTimeoutError, isUnavailableError } from '../../../errors.js'
import type { CaseContext, ConformanceCase } from '../../case.js'
import { everyMethod } from '../../every-method.js'

export const lif05: ConformanceCase = {
  id: 'LIF-05',
  title: 'a store that cannot be reached is an UnavailableError in time; refused credentials are an AccessDeniedError',
  section: 'LIF',
  since: 1,
  level: 'must',
  profile: 'standard',
  requires: { hooks: ['broken'] },
  rationale: 'A driver that waits for ever, or a wrong password that is retried until the account is locked.',
  async run(t) {
    const unreachable = await t.broken('unreachable')
    t.step('unreachable')
    await Promise.all(
      methods(t, unreachable).map(async ({ name, call }) => {
        const members = { retryable: true, outcome: 'not-applied', message: /./u }
        const [, ms] = await timed(() => t.rejects(call({}), 'unavailable', members, `${name} of a store that cannot be reached`))
        t.ok(ms <= 11_000, `${name} says so in time: ${Math.round(ms)} ms`)
      }),
    )
    t.step('credentials')
    const refused = await t.broken('credentials')
    await Promise.all(
      methods(t, refused).map(async ({ name, call }) => {
        const [, ms] = await timed(() =>
          t.rejects(call({}), 'access-denied', { retryable: false, outcome: 'not-applied' }, `${name} with refused credentials`),
        )
        t.ok(ms <= 5_000, `${name} does not try refused credentials again and again: ${Math.round(ms)} ms`)
      }),
    )
    await t.part({ hooks: ['restart'] }, async () => {
      const adapter = await t.adapter()
      const streamId = t.stream()
      await adapter.appendToStream(streamId, t.events(1))
      await (await t.instance()).faults?.restart?.()
      t.equal((await t.resolves(adapter.getStreamState(streamId), 'after a restart the store is back')).version, 1, 'with its data')
    })
  },
}

export const lif09: ConformanceCase = {
  id: 'LIF-09',
  title: 'timeoutMs bounds a promise with its retries and each next() of an iterable; a failed open is tried again',
  section: 'LIF',
  since: 1,
  level: 'must',
  profile: 'standard',
  requires: { hooks: ['broken'] },
  rationale: 'A deadline per attempt instead of per call, or a first failure that is remembered until the process is restarted.',
  async run(t) {
    const unreachable = await t.broken('unreachable')
    for (const timeoutMs of [50, 400]) {
      t.step(`${timeoutMs} ms`)
      await Promise.all(
        methods(t, unreachable).map(async ({ name, call }) => {
          const [error, ms] = await timed(() => failure(call({ timeoutMs })))
          t.ok(isUnavailableError(error) || isTimeoutError(error), `${name} ends with unavailable or timeout: ${String(error)}`)
          t.ok(ms <= timeoutMs + 1_000, `timeoutMs bounds ${name} with its retries: ${Math.round(ms)} ms of ${timeoutMs}`)
        }),
      )
    }
    t.step('a bad timeoutMs')
    for (const timeoutMs of [0, -1, Number.NaN, Infinity, '5', null])
      for (const { name, call } of methods(t, unreachable))
        await t.rejects(
          call({ timeoutMs } as never),
          'invalid-argument',
          { path: 'timeoutMs' },
          `${name} with timeoutMs ${String(timeoutMs)}`,
        )
    await t.part({ hooks: ['setup', 'peer'], title: 'a failed open is tried again' }, async () => {
      const instance = await t.instance({ setup: 'manual' })
      const streamId = t.stream()
      await t.rejects(instance.adapter.appendToStream(streamId, t.events(1)), 'configuration', {}, 'a store that is not set up')
      const peer = await instance.peer?.()
      await peer?.open()
      await peer?.close()
      await t.resolves(instance.adapter.appendToStream(streamId, t.events(1)), 'once it is set up, the same adapter works')
    })
  },
}

/** All but subscriptions, which no deadline bounds. */
function methods(t: CaseContext, adapter: Parameters<typeof everyMethod>[1]): ReturnType<typeof everyMethod> {
  return everyMethod(t, adapter, t.stream()).filter(({ name }) => !name.startsWith('subscribe'))
}

async function timed<T>(run: () => Promise<T>): Promise<readonly [T, number]> {
  const startedAt = performance.now()
  return [await run(), performance.now() - startedAt]
}

/** What a call fails with; undefined if it does not. */
async function failure(subject: ReturnType<ReturnType<typeof everyMethod>[number]['call']>): Promise<unknown> {
  try {
    const given = typeof subject === 'function' ? subject() : subject
    if (typeof given === 'object' && given !== null && Symbol.asyncIterator in given)
      await (given as AsyncIterable<unknown>)[Symbol.asyncIterator]().next()
    else await given
    return undefined
  } catch (error) {
    return error
  }
}
