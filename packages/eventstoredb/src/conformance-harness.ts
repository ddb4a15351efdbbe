import type { ConformanceHarness, HarnessContext, HarnessInstance } from '@millrace/core/conformance'
import type { EventStoreDBClient } from './driver.js'
import { eventStoreDB } from './eventstoredb.js'
import type { EventStoreDBOptions } from './options.js'

const secret = 'correct-horse-battery-staple'

/** What the protocol model can do to its clients; of a real node nothing of it. */
export interface ModelNode {
  addFault(fault: { readonly does: string; readonly calls?: readonly string[]; readonly times?: number }): Promise<void>
  clearFaults(does?: 'not leader'): Promise<void>
  killConnections(): Promise<void>
  down(): Promise<void>
  up(): Promise<void>
}

export interface EventStoreDBHarnessOptions {
  readonly name: string
  readonly url: string
  readonly model?: ModelNode | undefined
  /** URL of a node that refuses whatever credentials it is given. */
  readonly denied?: (() => Promise<string>) | undefined
  /** A client made by the caller. */
  readonly makeClient?: (() => EventStoreDBClient) | undefined
  /** Clients of the caller's for all adapters, since one of 1.3.1 takes half a second to connect. */
  readonly shared?: readonly [EventStoreDBClient, EventStoreDBClient] | undefined
  readonly module?: URL | undefined
}

/** What is done to the model on behalf of cases, and how all of it ends. */
interface ModelFaults {
  readonly faults: NonNullable<HarnessInstance['faults']>
  /** The model is up and does nothing to anybody: what a case left behind does not befall the next. */
  end(): Promise<void>
}

/** The adapter under the conformance suite: one node, so one log, for all namespaces. */
export function eventStoreDBHarness(options: EventStoreDBHarnessOptions): ConformanceHarness {
  const broken = options.model && createModelFaults(options.model)
  return {
    name: options.name,
    module: options.module,
    secrets: [secret],
    createAdapter: (context) => Promise.resolve(createInstance(options, context, broken)),
  }
}

function createInstance(options: EventStoreDBHarnessOptions, context: HarnessContext, model: ModelFaults | undefined): HarnessInstance {
  const { url, denied, makeClient, shared } = options
  const { pageSize } = context
  const make = (more: Partial<EventStoreDBOptions> = {}) => eventStoreDB({ connection: withPassword(url), pageSize, ...more })
  const adapter = shared === undefined ? make() : eventStoreDB({ client: shared[0], pageSize })
  return {
    adapter,
    ignores: ['connections', 'setup'],
    sharedLog: true,
    peer: () => Promise.resolve(shared === undefined ? make() : eventStoreDB({ client: shared[1], pageSize })),
    broken(kind) {
      if (kind === 'unreachable') return Promise.resolve(make({ connection: `esdb://app:${secret}@127.0.0.1:1?tls=false` }))
      // There is no schema. What is set up wrongly is a client that is none.
      if (kind === 'schema-newer') return Promise.resolve(eventStoreDB(() => ({}) as EventStoreDBClient))
      // A node without TLS refuses nobody.
      return denied?.().then((refusing) => make({ connection: withPassword(refusing) }))
    },
    injected() {
      if (makeClient === undefined) throw new Error('a second process is given no client')
      const client = makeClient()
      return Promise.resolve({
        adapter: eventStoreDB({ client, pageSize }),
        async stillOpen() {
          for await (const _event of client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 }));
          await client.dispose()
          return true
        },
      })
    },
    faults: model?.faults,
    async [Symbol.asyncDispose]() {
      await adapter.close()
      await model?.end()
    },
  }
}

/** One for all instances: they have the one model. */
function createModelFaults(model: ModelNode): ModelFaults {
  let ending: (() => void) | undefined
  let up = Promise.resolve()
  return {
    faults: {
      dropNextResponse: () => model.addFault({ does: 'cut after', calls: ['append', 'delete', 'tombstone'], times: 1 }),
      killConnections: () => model.killConnections(),
      async throttle(times) {
        await model.clearFaults('not leader')
        if (times > 0) await model.addFault({ does: 'not leader', times })
      },
      async restart(downMs = 0) {
        // The one before may still be down.
        ending?.()
        await up
        await model.down()
        const over = new Promise<void>((resolve) => {
          ending = resolve
          setTimeout(resolve, downMs).unref()
        })
        up = over.then(() => model.up())
      },
    },
    async end() {
      ending?.()
      await up
      await model.clearFaults()
    },
  }
}

/** A node without TLS is sent no password; nobody else may see it either. */
function withPassword(url: string): string {
  return url.includes('@') ? url : url.replace('://', `://app:${secret}@`)
}
