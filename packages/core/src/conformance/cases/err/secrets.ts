import { inspect } from 'node:util'
import type { CaseContext, ConformanceCase } from '../../case.js'

export const err05: ConformanceCase = {
  id: 'ERR-05',
  title: 'no secret and no payload shows in a message, stack, cause, util.inspect or log line',
  section: 'ERR',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: 'A driver’s error carries its configuration or its statement, and the application logs it.',
  async run(t) {
    const log = captureLog()
    const payload = `payload-${t.random.uuid()}`
    const errors: unknown[] = []
    const provoke = async (call: () => Promise<unknown>): Promise<void> => {
      try {
        await call()
      } catch (error) {
        errors.push(error)
      }
    }
    let logged: string
    let fromBroken = 0
    try {
      await provokeAll(t, payload, provoke)
      const own = errors.length
      await t.part({ hooks: ['broken'] }, async () => {
        for (const kind of ['unreachable', 'credentials', 'schema-newer'] as const) {
          const broken = await t.broken(kind)
          for (const call of [
            () => broken.open({ timeoutMs: 500 }),
            () => broken.appendToStream(t.stream(), [{ type: 'Paid', data: { card: payload } }], { timeoutMs: 500 }),
            () => broken.readStream(t.stream(), { timeoutMs: 500 }).toArray(),
          ])
            await provoke(call)
        }
        t.equal(errors.length - own, 9, 'every call of a broken adapter fails')
      })
      fromBroken = errors.length - own
    } finally {
      logged = log.end()
    }
    t.ok(errors.length - fromBroken >= 4, 'errors were provoked')
    t.step('payloads')
    for (const error of errors)
      for (const text of faces(error)) t.ok(!text.includes(payload), `no error shows the payload: ${text.slice(0, 200)}`)
    t.ok(!logged.includes(payload), 'no log line shows the payload')
    await t.part({ hooks: ['secrets'] }, () => {
      for (const secret of t.harness.secrets ?? []) {
        for (const error of errors) for (const text of faces(error)) t.ok(!text.includes(secret), 'no error shows a secret')
        t.ok(!logged.includes(secret), 'no log line shows a secret')
      }
      return Promise.resolve()
    })
  },
}

/** Errors of every kind that a payload is at hand for. */
async function provokeAll(t: CaseContext, payload: string, provoke: (call: () => Promise<unknown>) => Promise<void>): Promise<void> {
  const adapter = await t.adapter()
  const streamId = t.stream()
  const events = () => [{ type: 'Paid', data: { card: payload }, metadata: { token: payload } }]
  await adapter.appendToStream(streamId, events())
  await provoke(() => adapter.appendToStream(streamId, events(), { expectedVersion: 5 }))
  await provoke(() => adapter.appendToStream(streamId, [{ type: 'Paid', data: { card: payload, bad: Number.NaN } }]))
  await provoke(() =>
    adapter.appendToStream(streamId, [{ type: 'Paid', data: { card: payload, at: new Map([[payload, payload]]) } }] as never),
  )
  await provoke(() =>
    adapter.appendToStream(streamId, [
      {
        type: 'Paid',
        data: {
          card: payload,
          toJSON: () => {
            throw new Error('no')
          },
        },
      },
    ] as never),
  )
  const { eventBytes } = adapter.capabilities.limits
  if (eventBytes <= 64 << 20)
    await provoke(() => adapter.appendToStream(streamId, [{ type: 'Paid', data: payload.padEnd(eventBytes + 1, '.') }]))
  if (t.declares('tombstoneStream')) {
    await adapter.tombstoneStream(streamId)
    await provoke(() => adapter.appendToStream(streamId, events()))
  }
}

/** Everything an application might log of an error. */
function faces(error: unknown): string[] {
  const texts: string[] = []
  for (let one: unknown = error, depth = 0; one !== undefined && depth < 8; depth += 1) {
    texts.push(String(one), inspect(one, { depth: 20, showHidden: true }), JSON.stringify(one) ?? '')
    texts.push(...(one instanceof Error ? [one.message, one.stack ?? ''] : []))
    one = one instanceof Error ? one.cause : undefined
  }
  return texts
}

/** Collects what is written to the console and the standard streams. */
function captureLog(): { end(): string } {
  let text = ''
  const restore: (() => void)[] = []
  for (const stream of [process.stdout, process.stderr]) {
    const { write } = stream
    stream.write = ((chunk: unknown, ...rest: unknown[]) => {
      text += typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('utf8')
      return Reflect.apply(write, stream, [chunk, ...rest]) as boolean
    }) as typeof write
    restore.push(() => {
      stream.write = write
    })
  }
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    const original = console[method]
    console[method] = (...args: unknown[]) => {
      text += args.map((arg) => inspect(arg, { depth: 20, showHidden: true })).join(' ')
      original(...args)
    }
    restore.push(() => {
      console[method] = original
    })
  }
  return {
    end() {
      for (const undo of restore) undo()
      return text
    },
  }
}
