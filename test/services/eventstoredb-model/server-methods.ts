const persistent = ['stream', 'all']

/** What a node of 24.2 says it can do: service, method, features. */
const methodsOf: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'persistent_subscriptions.persistentsubscriptions': {
    create: persistent,
    update: persistent,
    delete: persistent,
    read: persistent,
    getinfo: persistent,
    replayparked: persistent,
    list: persistent,
    restartsubsystem: persistent,
  },
  'users.users': { create: [], update: [], delete: [], disable: [], enable: [], details: [], changepassword: [], resetpassword: [] },
  'streams.streams': { read: ['position', 'events'], append: [], delete: [], tombstone: [], batchappend: ['deadline_duration'] },
  'operations.operations': {
    startscavenge: [],
    stopscavenge: [],
    shutdown: [],
    mergeindexes: [],
    resignnode: [],
    setnodepriority: [],
    restartpersistentsubscriptions: [],
  },
  'gossip.gossip': { read: [] },
  'monitoring.monitoring': { stats: [] },
  'server_features.serverfeatures': { getsupportedmethods: [] },
  'redaction.redaction': { geteventpositions: [], switchchunks: [] },
}

export const serverVersion = '24.2.0'

export const serverMethods: readonly { readonly service: string; readonly method: string; readonly features: readonly string[] }[] =
  Object.entries(methodsOf).flatMap(([service, methods]) =>
    Object.entries(methods).map(([method, features]) => ({ service: `event_store.client.${service}`, method, features })),
  )
