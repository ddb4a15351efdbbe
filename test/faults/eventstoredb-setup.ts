import { type EventStoreAdapter, type EventStoreError, isEventStoreError } from '@millrace/core'
import { type EventStoreDBClient, eventStoreDB } from '@millrace/eventstoredb'
import { type TestContext, afterAll, beforeEach, expect } from 'vitest'
import type { EventStoreModelProcess } from '../services/eventstoredb-model/start-process.js'
import { type Driver, connectClient, openNode } from '../services/eventstoredb.js'

type Ending = Pick<TestContext, 'onTestFinished'>

/** What tests of faults work with. */
export interface Setup {
  readonly url: string
  readonly driver: Driver
  readonly model: EventStoreModelProcess
  /** Errors that nobody caught: after all tests there must be none. */
  readonly stray: readonly unknown[]
  /** A name that no other test uses. */
  stream(): string
  event(data?: unknown): { readonly id: string; readonly type: string; readonly data: unknown }
  /** An adapter that is closed with its test; by default of the model's URL. */
  open(context: Ending, given?: Parameters<typeof eventStoreDB>[0]): EventStoreAdapter
  /** A client of the caller's own, as its package makes it, disposed with its test. */
  makeClient(context: Ending, url?: string): Promise<EventStoreDBClient>
  /** Resolves when no call is open; fails the test with its time. */
  idle(): Promise<void>
}

/** A model for the tests of a file, since a real node breaks nothing on order; it begins each test without faults. */
export async function setUpModel(driver: Driver): Promise<Setup> {
  const node = await openNode(undefined, driver)
  const { url, model } = node
  if (model === undefined) throw new Error('this takes the model')
  const stray: unknown[] = []
  for (const way of ['unhandledRejection', 'uncaughtException'] as const) process.on(way, (error) => stray.push(error))
  afterAll(async () => {
    await node.stop()
    expect(stray).toEqual([])
  })
  beforeEach(() => model.clearFaults())
  let streams = 0
  return {
    url,
    driver,
    model,
    stray,
    stream: () => `s-${(streams += 1)}`,
    event: (data = 1) => ({ id: crypto.randomUUID(), type: 'A', data }),
    open({ onTestFinished }, given = url) {
      const adapter = eventStoreDB(given)
      onTestFinished(() => adapter.close())
      return adapter
    },
    async makeClient({ onTestFinished }, at = url) {
      const client = await connectClient(driver, at)
      onTestFinished(() => client.dispose())
      return client
    },
    async idle() {
      while ((await model.openCalls()) !== 0) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

/** The error of ours that something rejects with. */
export async function errorOf(work: Promise<unknown>): Promise<EventStoreError> {
  const error: unknown = await work.then(
    () => new Error('it resolved'),
    (caught: unknown) => caught,
  )
  if (isEventStoreError(error)) return error
  throw error
}
