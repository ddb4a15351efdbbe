import { describe, expect, test } from 'vitest'
import { type ConformanceHarness, allCases, runConformance } from '../../packages/core/src/conformance/index.js'
import type { Backend } from '../../packages/core/src/backend.js'
import { createAdapter } from '../../packages/core/src/create-adapter.js'
import type { Capabilities, EventStoreAdapter } from '../../packages/core/src/index.js'
import { memoryBackend } from '../../packages/core/src/memory/backend.js'
import { createMemoryStore, memory } from '../../packages/core/src/memory/index.js'

const { capabilities: whole } = memory()
const backend = (): Backend => memoryBackend(createMemoryStore(), whole, Infinity)

function harness(make: () => EventStoreAdapter): ConformanceHarness {
  return {
    name: 'dishonest',
    createAdapter() {
      const adapter = make()
      return Promise.resolve({ adapter, [Symbol.asyncDispose]: () => adapter.close() })
    },
  }
}

async function failureOf(caseId: string, make: () => EventStoreAdapter): Promise<string> {
  const { cases } = await runConformance(harness(make), { profile: 'smoke', seed: 1, cases: [caseId] })
  const [one] = cases
  return one?.status === 'failed' ? (one.failure?.message.split('\n', 1)[0] ?? '') : `${one?.status ?? 'not run'}`
}

test('every case that a capability switches off has an inverse', () => {
  expect(allCases.filter(({ requires, inverse }) => requires?.capability !== undefined && inverse === undefined)).toEqual([])
})

describe('an adapter that does what it does not declare fails the inverse', () => {
  const declared: Readonly<Record<string, Partial<Capabilities>>> = {
    readAll: { readAll: false },
    deleteStream: { deleteStream: false },
    tombstoneStream: { tombstoneStream: false },
    truncateStream: { truncateStream: false },
    streamMetadata: { streamMetadata: false },
    listStreams: { listStreams: false },
    multiStreamAppend: { multiStreamAppend: false },
    binary: { binary: false },
  }
  test.each(Object.entries(declared))('%s', async (capability, less) => {
    // What core refuses for every backend, this one does: its declaration is exchanged behind core's back.
    const make = (): EventStoreAdapter => ({ ...createAdapter(backend()), capabilities: { ...whole, ...less } })
    expect(await failureOf('ERR-02', make)).toBe(`${capability} is not declared, so using it is refused by name: it resolved`)
  })
})

describe('an adapter that does not even keep the weaker promise fails the inverse', () => {
  test('strongReads: a read that is no prefix', async () => {
    const make = (): EventStoreAdapter => {
      const own = createAdapter({ ...backend(), capabilities: { ...whole, strongReads: false } })
      const readStream: EventStoreAdapter['readStream'] = (streamId, options = {}) =>
        own.readStream(streamId, options.from === undefined ? { ...options, from: 2 } : options)
      return { ...own, readStream }
    }
    expect(await failureOf('RDS-12', make)).toBe('undeclared: a read is a true prefix')
  })
  test('idempotency.any: a result that is not what was stored', async () => {
    const make = (): EventStoreAdapter => {
      const own = backend()
      const append: Backend['append'] = async (request, call) => {
        const outcome = await own.append(request, call)
        return outcome.status === 'stored' ? { ...outcome, firstVersion: 2, version: 2 } : outcome
      }
      return createAdapter({ ...own, append, capabilities: { ...whole, idempotency: { exact: true, any: 'none' } } })
    }
    expect(await failureOf('IDM-05', make)).toBe('undeclared: the result tells what was stored')
  })
  test('realTimeOrder: no total order', async () => {
    const make = (): EventStoreAdapter => {
      const own = backend()
      const readAll = { realTimeOrder: false, contiguousBatches: true }
      return createAdapter({ ...own, comparePositions: () => 0, capabilities: { ...whole, readAll } })
    }
    expect(await failureOf('ALL-10', make)).toBe('undeclared: still one total order')
  })
  test('contiguousBatches: a batch that the log has in another order', async () => {
    const make = (): EventStoreAdapter => {
      const own = backend()
      const readLogPage: Backend['readLogPage'] = async (request, call) => {
        const page = await own.readLogPage?.(request, call)
        if (page === undefined) throw new Error('no log')
        return { ...page, events: [...page.events].reverse() }
      }
      return createAdapter({ ...own, readLogPage, capabilities: { ...whole, readAll: { realTimeOrder: true, contiguousBatches: false } } })
    }
    const { cases } = await runConformance(harness(make), { profile: 'standard', seed: 1, cases: ['ATM-06'] })
    expect(cases[0]?.failure?.message).toMatch(/^the log keeps the order of a batch\n/u)
  })
})
