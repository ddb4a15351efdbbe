import type { ConformanceHarness, HarnessContext, HarnessInstance } from '@millrace/core/conformance'
import type { EventStoreDBClient } from './driver.js'
import { eventStoreDB } from './eventstoredb.js'
import type { EventStoreDBOptions } from './options.js'

const secret = 'correct-horse-battery-staple'

/** What the protocol model can do to its clients; of a real node nothing of it. */
export interface ModelNode {
  addFault(fault: { readonly does: string; readonly calls?: readonly string[]; readonly times?: number }): Promise<void>
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

/** The adapter under the conformance suite: one node, so one log, for all namespaces. */
export function eventStoreDBHarness(options: EventStoreDBHarnessOptions): ConformanceHarness {
  return {
    name: options.name,
    module: options.module,
    secrets: [secret],
    createAdapter: (context) => Promise.resolve(createInstance(options, context)),
  }
}

function createInstance({ url, model, denied, makeClient, shared }: EventStoreDBHarnessOptions, context: HarnessContext): HarnessInstance {
  const { pageSize } = context
  const make = (more: Partial<EventStoreDBOptions> = {}) => eventStoreDB({ connection: withPassword(url), pageSize, ...more })
  const adapter = shared === undefined ? make() : eventStoreDB({ client: shared[0], pageSize })
  return {
    adapter,
    ignores: ['connections', 'setup'],
    sharedLog: true,
    peer: () => Promise.resolve(shared === undefined ? make() : eventStoreDB({ client: shared[1], pageSize })),
    async broken(kind) {
      if (kind === 'unreachable') return make({ connection: `esdb://app:${secret}@127.0.0.1:1?tls=false` })
      // There is no schema. What is set up wrongly is a client that is none.
      if (kind === 'schema-newer') return eventStoreDB(() => ({}) as EventStoreDBClient)
      if (denied === undefined) throw new Error('this node refuses nobody')
      return make({ connection: withPassword(await denied()) })
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
    faults: model && {
      dropNextResponse: () => model.addFault({ does: 'cut after', calls: ['append', 'delete', 'tombstone'], times: 1 }),
      killConnections: () => model.killConnections(),
      throttle: (times) => model.addFault({ does: 'not leader', times }),
      async restart(downMs = 0) {
        await model.down()
        await new Promise((resolve) => setTimeout(resolve, downMs))
        await model.up()
      },
    },
    [Symbol.asyncDispose]: () => adapter.close(),
  }
}

/** A node without TLS is sent no password; nobody else may see it either. */
function withPassword(url: string): string {
  return url.includes('@') ? url : url.replace('://', `://app:${secret}@`)
}
