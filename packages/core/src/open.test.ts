import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMemoryStore, memory } from './memory/index.js'
import { type EventStoreConfig, isConfigurationError, openEventStore } from './index.js'

async function messageOf(config: EventStoreConfig | undefined): Promise<string> {
  try {
    await openEventStore(config)
  } catch (error) {
    if (isConfigurationError(error)) return error.message
    throw error
  }
  return 'it opened'
}

afterEach(() => vi.unstubAllEnvs())

describe('openEventStore', () => {
  it('gives an adapter by URL, by object and by EVENT_STORE_URL', async () => {
    vi.stubEnv('EVENT_STORE_URL', 'memory:')
    const adapters = await Promise.all([openEventStore('memory:'), openEventStore({ adapter: 'memory' }), openEventStore()])
    expect(adapters.map(({ name }) => name)).toEqual(['memory', 'memory', 'memory'])
    await Promise.all(adapters.map((adapter) => adapter.close()))
  })
  it('hands the options on, without the name', async () => {
    const store = createMemoryStore()
    const [one, two] = [await openEventStore({ adapter: 'memory', store, timeoutMs: 50 }), memory({ store })]
    await one.appendToStream('s', [{ type: 'A', data: 1 }])
    expect((await two.getStreamState('s')).version).toBe(1)
  })
  it('takes a factory that is given before any package', async () => {
    const seen: unknown[] = []
    const acme = (config: unknown) => {
      seen.push(config)
      return memory()
    }
    await openEventStore('acme://host/x', { adapters: { acme } })
    await openEventStore({ adapter: 'acme', path: 'x' }, { adapters: { acme } })
    expect(seen).toEqual(['acme://host/x', { path: 'x' }])
  })
  it.each<[string, EventStoreConfig | undefined, RegExp]>([
    ['nothing', undefined, /EVENT_STORE_URL, for example to pglite:/u],
    ['no URL', 'just words', /cannot be parsed.*memory:, pglite:/u],
    ['a mistyped scheme', 'postgras://h/d', /"postgras:".*Did you mean "postgres:"/u],
    ['an unknown scheme', 'xyzzyplugh://h', /Known: memory:, pglite:, postgres:, postgresql:/u],
    ['a mistyped name', { adapter: 'postgre' }, /no adapter "postgre".*Did you mean "postgres"/u],
    ['no name', {} as never, /member "adapter".*Known adapters: memory, embedded, postgres/u],
    [
      'a package that is not there',
      { adapter: '@acme/millrace-nowhere' },
      /Install it: npm i (@acme\/millrace-nowhere) \| pnpm add \1 \| yarn add \1 \| bun add \1$/u,
    ],
    ['a package that is no adapter', { adapter: 'prettier' }, /"prettier" exports no function "adapter"/u],
    ['a mistyped parameter', 'memory:?timeoutms=5', /no parameter "timeoutms".*Did you mean "timeoutMs"/u],
    ['a parameter of the wrong kind', 'memory:?timeoutMs=soon', /"timeoutMs" must be a number/u],
    ['a mistyped option', { adapter: 'memory', pagesize: 5 }, /no option "pagesize".*Did you mean "pageSize"/u],
  ])('%s: an error that says what to do', async (_what, config, message) => {
    vi.stubEnv('EVENT_STORE_URL', '')
    expect(await messageOf(config)).toMatch(message)
  })
  it('repeats no password of a URL that it cannot use', async () => {
    for (const url of ['postgras://u:hunter2@h/d', 'post gres://u:hunter2@h/d', 'memory:?hunter=u:hunter2@h'])
      expect(await messageOf(url)).not.toContain('hunter2')
  })
})
